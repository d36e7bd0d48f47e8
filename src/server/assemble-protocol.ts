import type { SocketId } from '../protocol/names.ts'
import type { Logger } from '../support/logger.ts'
import type { EventLog, Registry } from './adapter.ts'
import { ChannelManager } from './channels/channel-manager.ts'
import type { Connection } from './connection.ts'
import { Grace } from './grace.ts'
import { createChanges } from './handlers/changes.ts'
import { createClientEvent } from './handlers/client-event.ts'
import { createLeave } from './handlers/leave.ts'
import { createRevoke } from './handlers/revoke.ts'
import { createSignin } from './handlers/signin.ts'
import { createSubscribe } from './handlers/subscribe.ts'
import { Lifecycle } from './lifecycle.ts'
import { Metrics } from './metrics.ts'
import { Outbox } from './outbox.ts'
import { createPublish } from './publish.ts'
import { createReceive } from './receive.ts'
import { createRelease } from './release.ts'
import type { Trace } from './trace.ts'
import { Transitions } from './transitions.ts'
import { createUnawaited } from './unawaited.ts'
import { SignedInUsers } from './users/signed-in-users.ts'
import { Watchlists } from './users/watchlists.ts'

/** Milliseconds in which whoever left may be back as if nothing had been (protocol.md 5.3, 7). */
const gracePeriod = 3_000

/** Milliseconds in which the registry must have heard of everybody who has left when the server ends. */
const releaseDeadline = 5_000

interface ProtocolParts {
  readonly registry: Registry
  readonly log: EventLog
  readonly logger: Logger
  readonly trace: Trace | undefined
  readonly sendBuffer: number
}

/** Builds the parts that speak the protocol and know nothing of HTTP, each with the parts that it names. */
export function assembleProtocol({ registry, log, logger, trace, sendBuffer }: ProtocolParts) {
  const connections = new Map<SocketId, Connection>()
  const metrics = new Metrics()
  const channels = new ChannelManager()
  const outbox = new Outbox(sendBuffer, metrics)
  const lifecycle = new Lifecycle(metrics, logger)
  const transitions = new Transitions(lifecycle, new Grace(gracePeriod))
  const publish = createPublish({ channels, connections, log, outbox, metrics, trace })
  const unawaited = createUnawaited(metrics, logger)
  const changes = createChanges({ publish, lifecycle, transitions, unawaited })
  const leave = createLeave({ channels, registry, changes })
  const users = new SignedInUsers()
  const watchlists = new Watchlists(registry, new Grace(gracePeriod))
  const signin = createSignin({ registry, users, watchlists, unawaited })
  const revoke = createRevoke({ users, leave })
  const receive = createReceive({
    subscribe: createSubscribe({ channels, registry, log, changes, leave, lifecycle, metrics }),
    leave,
    signin,
    clientEvent: createClientEvent({ publish, lifecycle, metrics }),
    metrics,
    logger,
    trace,
  })
  const { release, released } = createRelease({ connections, leave, signin, registry, unawaited, metrics })

  /** When everybody has left, tells what was held back, as nobody will be back, and lets go of the timers. */
  async function stop(): Promise<void> {
    await released(releaseDeadline)
    transitions.flush()
    watchlists.stop()
    changes.stop()
  }

  return {
    connections,
    metrics,
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
