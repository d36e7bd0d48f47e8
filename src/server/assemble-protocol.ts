import type { SocketId } from '../protocol/names.ts'
import type { Logger } from '../support/logger.ts'
import type { Adapter } from './adapter.ts'
import { ChannelManager } from './channels/channel-manager.ts'
import type { Connection } from './connection.ts'
import { createChanges } from './handlers/changes.ts'
import { createClientEvent } from './handlers/client-event.ts'
import { createLeave } from './handlers/leave.ts'
import { createRevoke } from './handlers/revoke.ts'
import { createSignin } from './handlers/signin.ts'
import { createSubscribe } from './handlers/subscribe.ts'
import { Lifecycle } from './lifecycle.ts'
import type { Metrics } from './metrics.ts'
import { Outbox } from './outbox.ts'
import { createPublish } from './publish.ts'
import { createReceive } from './receive.ts'
import { createRelease } from './release.ts'
import type { Trace } from './trace.ts'
import { createUnawaited } from './unawaited.ts'
import { SignedInUsers } from './users/signed-in-users.ts'
import { Watchlists } from './users/watchlists.ts'

/** Milliseconds in which the registry must have heard of everybody who has left when the server ends. */
const releaseDeadline = 5_000

interface ProtocolParts {
  readonly adapter: Adapter
  readonly metrics: Metrics
  readonly logger: Logger
  readonly trace: Trace | undefined
  readonly sendBuffer: number
}

/** Builds the parts that speak the protocol and know nothing of HTTP, each with the parts that it names. */
export function assembleProtocol({ adapter, metrics, logger, trace, sendBuffer }: ProtocolParts) {
  const { relay, registry, log } = adapter
  const connections = new Map<SocketId, Connection>()
  const channels = new ChannelManager(relay)
  const outbox = new Outbox(sendBuffer, metrics)
  const lifecycle = new Lifecycle(metrics, logger)
  const { publish, arrived } = createPublish({ channels, connections, log, relay, outbox, metrics, trace })
  const unawaited = createUnawaited(metrics, logger)
  const watchlists = new Watchlists(registry)
  const changes = createChanges({ publish, lifecycle, watchlists, unawaited })
  const leave = createLeave({ channels, registry })
  const users = new SignedInUsers()
  const signin = createSignin({ registry, users, watchlists, unawaited })
  const { revoke, ordered } = createRevoke({ users, leave, relay, unawaited })
  const receive = createReceive({
    subscribe: createSubscribe({ channels, registry, log, leave, lifecycle, metrics }),
    leave,
    signin,
    clientEvent: createClientEvent({ publish, lifecycle, metrics }),
    sendBuffer,
    metrics,
    logger,
    trace,
  })
  const { release, released } = createRelease({ connections, leave, signin, registry, unawaited, metrics })

  registry.listen(changes)
  relay.listen({ arrived, ordered })

  /** When everybody has left, leaves the other nodes and lets go of the timers. */
  async function stop(): Promise<void> {
    await released(releaseDeadline)
    await adapter.close()
    changes.stop()
  }

  return {
    connections,
    channels,
    outbox,
    lifecycle,
    publish,
    leave,
    revoke,
    receive,
    release,
    released,
    stop,
  }
}
