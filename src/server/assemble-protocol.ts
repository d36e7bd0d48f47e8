import type { SocketId } from '../protocol/names.ts'
import type { Logger } from '../support/logger.ts'
import type { EventLog, Registry } from './adapter.ts'
import { ChannelManager } from './channels/channel-manager.ts'
import type { Connection } from './connection.ts'
import { Grace } from './grace.ts'
import { createAnnounce } from './handlers/announce.ts'
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
import { SignedInUsers } from './users/signed-in-users.ts'
import { Watchlists } from './users/watchlists.ts'

/** Milliseconds in which whoever left may be back as if nothing had been (protocol.md 5.3, 7). */
const gracePeriod = 3_000

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
  const announce = createAnnounce({ publish, lifecycle, transitions, metrics, logger })
  const leave = createLeave({ channels, registry, announce })
  const users = new SignedInUsers()
  const watchlists = new Watchlists(registry, new Grace(gracePeriod))
  const signin = createSignin({ registry, users, watchlists })
  const revoke = createRevoke({ users, leave })
  const receive = createReceive({
    subscribe: createSubscribe({ channels, registry, log, announce, leave, lifecycle, metrics }),
    leave,
    signin,
    clientEvent: createClientEvent({ publish, lifecycle, metrics }),
    metrics,
    logger,
    trace,
  })
  const release = createRelease({ connections, leave, signin, registry, metrics, logger })

  /** Tells what was held back, as nobody will be back, and lets go of the timers. */
  function stop(): void {
    transitions.flush()
    watchlists.stop()
    announce.stop()
  }

  return { connections, metrics, channels, outbox, lifecycle, publish, leave, revoke, receive, release, stop }
}
