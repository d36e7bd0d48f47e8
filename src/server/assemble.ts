import type { Logger } from '../support/logger.ts'
import { MemoryRegistry } from './adapters/memory.ts'
import { MemoryEventLog } from './adapters/memory-log.ts'
import { createChannels } from './api/channels.ts'
import { createEvents } from './api/events.ts'
import { createApi } from './api/router.ts'
import { ConfigAppManager } from './apps/config-app-manager.ts'
import { assembleProtocol } from './assemble-protocol.ts'
import type { ServerConfig } from './config.ts'
import { Connector } from './connect.ts'
import { Heartbeat } from './heartbeat.ts'
import { createTrace } from './trace.ts'
import { WsTransport } from './transports/ws.ts'

/** Builds the parts of a server, each with the parts that it names, and gives back those that the server itself calls. */
export function assemble(config: ServerConfig, logger: Logger) {
  const apps = new ConfigAppManager(config.apps)
  const registry = new MemoryRegistry()
  const log = new MemoryEventLog()
  const trace = config.debug ? createTrace(logger) : undefined
  const { sendBuffer } = config
  const protocol = assembleProtocol({ registry, log, logger, trace, sendBuffer })
  const { connections, metrics, outbox, publish, receive, release, revoke } = protocol
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
  const stop = () => {
    heartbeat.stop()
    protocol.stop()
  }
  return { apps, connections, metrics, publish, revoke, connector, heartbeat, api, stop }
}
