import { urlOf } from '../../protocol/address.ts'
import { maxChannels } from '../../protocol/names.ts'
import type { Awaitable } from '../../support/awaitable.ts'
import { messageOf } from '../../support/errors.ts'
import type { Logger } from '../../support/logger.ts'
import type { Env } from '../../support/settings.ts'
import type { Broadcaster, OutgoingEvent, Reach, Reached } from '../broadcaster.ts'
import type { ConnectionConfig } from '../connection-config.ts'
import { BroadcastError } from '../errors.ts'
import { type RemoteServer, reverbTarget } from '../http/reverb-target.ts'
import { HttpBroadcaster } from './http.ts'

/** An event on its way to the server of this process. */
interface LocalEvent {
  /** @default the first app */
  readonly appKey?: string
  readonly channels: readonly string[]
  readonly event: string
  readonly data: string
  readonly socketId?: string
}

/** A server in this process; the app is the first one unless a key is given. */
export interface LocalServer {
  /** Why other nodes of the server cannot be reached; undefined while they can. */
  readonly trouble?: string | undefined
  /** Publishes to the subscribers and says how many connections there were, by channel. */
  publish(event: LocalEvent): Awaitable<ReadonlyMap<string, number>>
  /** Ends every signed-in connection of a user. */
  disconnectUser(userId: string, appKey?: string): Awaitable<unknown>
  /** Ends a user's subscription of a channel, on every signed-in connection. */
  unsubscribeUser(userId: string, channel: string, appKey?: string): Awaitable<unknown>
}

/** Where driver `reverb` finds its server. */
export interface ReverbDriverParts {
  /** The server of this process. @default none: events go over HTTP to that of another process */
  readonly server: LocalServer | undefined
  /** What code says about the server of another process. @default what the environment says */
  readonly remote: RemoteServer | undefined
  readonly env: Env
  readonly logger: Logger
}

/** Driver `reverb`: in process where the process has a server, else over HTTP; says at info which. */
export function createReverbBroadcaster(
  connection: ConnectionConfig,
  { server, remote, env, logger }: ReverbDriverParts,
): Broadcaster {
  if (server !== undefined) {
    logger.info('Driver reverb sends in this process')
    return new ReverbBroadcaster(server, connection.app)
  }
  const target = reverbTarget(connection, env, remote)
  logger.info(`Driver reverb sends over HTTP to ${urlOf(target)}`)
  return new HttpBroadcaster(target)
}

/** Driver `reverb`, in process. */
class ReverbBroadcaster implements Broadcaster {
  readonly #server: LocalServer
  readonly #appKey: string | undefined

  constructor(server: LocalServer, appKey: string | undefined) {
    this.#server = server
    this.#appKey = appKey
  }

  /** As over HTTP, more channels than one event may have are sent to in several. */
  async broadcast(outgoing: OutgoingEvent): Promise<Reached> {
    const { channels } = outgoing
    const reached = new Map<string, Reach>()
    for (let sent = 0; sent < channels.length; sent += maxChannels) {
      const published = await this.#publish(outgoing, sent)
      const degraded = this.#server.trouble === undefined ? {} : { degraded: true as const }
      for (const [channel, recipients] of published) reached.set(channel, { recipients, ...degraded })
    }
    return reached
  }

  async #publish(
    { channels, event, data, socketId }: OutgoingEvent,
    sent: number,
  ): Promise<ReadonlyMap<string, number>> {
    const app = this.#appKey === undefined ? {} : { appKey: this.#appKey }
    const except = socketId === undefined ? {} : { socketId }
    const part = channels.slice(sent, sent + maxChannels)
    try {
      return await this.#server.publish({ ...app, channels: part, event, data, ...except })
    } catch (cause) {
      if (sent === 0) throw cause
      const before = `Before that, it was sent to the first ${sent} of ${channels.length} channels`
      throw new BroadcastError('reverb', `${messageOf(cause)}. ${before}`, { retryable: false, cause })
    }
  }

  async disconnectUser(userId: string): Promise<void> {
    await this.#server.disconnectUser(userId, this.#appKey)
  }

  async unsubscribeUser(userId: string, channel: string): Promise<void> {
    await this.#server.unsubscribeUser(userId, channel, this.#appKey)
  }
}
