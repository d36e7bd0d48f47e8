import type { SocketId } from '../protocol/names.ts'
import type { Logger } from '../support/logger.ts'
import { MemoryRegistry } from './adapters/memory.ts'
import { createChannels } from './api/channels.ts'
import { createEvents } from './api/events.ts'
import { createApi } from './api/router.ts'
import { ConfigAppManager } from './apps/config-app-manager.ts'
import { ChannelManager } from './channels/channel-manager.ts'
import type { ServerConfig } from './config.ts'
import { Connector } from './connect.ts'
import type { Connection } from './connection.ts'
import { createClientEvent } from './handlers/client-event.ts'
import { createLeave } from './handlers/leave.ts'
import { createSubscribe } from './handlers/subscribe.ts'
import { Heartbeat } from './heartbeat.ts'
import { Metrics } from './metrics.ts'
import { Outbox } from './outbox.ts'
import { createPublish } from './publish.ts'
import { createReceive } from './receive.ts'
import { createRelease } from './release.ts'
import { createTrace } from './trace.ts'
import { WsTransport } from './transports/ws.ts'

/** Builds the parts of a server, each with the parts that it names, and gives back those that the server itself calls. */
export function assemble(config: ServerConfig, logger: Logger) {
  const apps = new ConfigAppManager(config.apps)
  const connections = new Map<SocketId, Connection>()
  const metrics = new Metrics()
  const trace = config.debug ? createTrace(logger) : undefined
  const channels = new ChannelManager()
  const registry = new MemoryRegistry()
  const outbox = new Outbox(config.sendBuffer, metrics)
  const publish = createPublish({ channels, connections, outbox, metrics, trace })
  const leave = createLeave({ channels, registry, publish })
  const receive = createReceive({
    subscribe: createSubscribe({ channels, registry, publish, metrics }),
    leave,
    clientEvent: createClientEvent({ publish, metrics }),
    metrics,
    logger,
    trace,
  })
  const release = createRelease({ connections, leave, registry, metrics, logger })
  const connector = new Connector({
    transport: new WsTransport(),
    apps,
    registry,
    connections,
    shared: { outbox, trace, ended: (connection) => void release(connection) },
    metrics,
    logger,
    receive,
    connectRate: config.connectRate,
    trustProxy: config.trustProxy,
  })
  const heartbeat = new Heartbeat({ connections, outbox, metrics, apps: config.apps })
  const api = createApi({
    apps,
    events: createEvents({ publish, registry }),
    channels: createChannels(registry),
    metrics,
    logger,
    ready: () => !connector.draining,
  })
  return { apps, connections, metrics, publish, connector, heartbeat, api }
}
