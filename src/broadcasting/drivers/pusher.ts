import { urlOf } from '../../protocol/address.ts'
import type { Logger } from '../../support/logger.ts'
import type { Env } from '../../support/settings.ts'
import type { Broadcaster } from '../broadcaster.ts'
import type { ConnectionConfig } from '../connection-config.ts'
import { pusherTarget } from '../http/pusher-target.ts'
import { HttpBroadcaster } from './http.ts'

/**
 * Driver `pusher`: sends to pusher.com or any compatible server, none of which can withdraw a channel from a user; says at
 * info where. Throws a {@link ConfigurationError} that names the setting that is missing or not allowed.
 */
export function createPusherBroadcaster(connection: ConnectionConfig, env: Env, logger: Logger): Broadcaster {
  const target = pusherTarget(connection, env)
  logger.info(`Driver pusher sends over HTTP to ${urlOf(target)}`)
  const http = new HttpBroadcaster(target)
  return {
    broadcast: (event) => http.broadcast(event),
    broadcastBatch: (events) => http.broadcastBatch(events),
    disconnectUser: (userId) => http.disconnectUser(userId),
    close: () => http.close(),
  }
}
