import type { IncomingMessage } from 'node:http'
import type { Logger } from '../support/logger.ts'
import { createAdapter } from './adapters/create-adapter.ts'
import { createChannels } from './api/channels.ts'
import { createEvents } from './api/events.ts'
import { bodyDeadline } from './api/request.ts'
import { createApi } from './api/router.ts'
import { createUsers } from './api/users.ts'
import { completeApp } from './apps/app-options.ts'
import { Apps } from './apps/apps.ts'
import { assembleProtocol } from './assemble-protocol.ts'
import { appDefaults, type ServerConfig } from './config.ts'
import { Connector } from './connect.ts'
import { Grace } from './grace.ts'
import { Heartbeat } from './heartbeat.ts'
import { Metrics } from './metrics.ts'
import { RefusalLog } from './refusal-log.ts'
import { createTrace } from './trace.ts'
import { Rfc6455Transport } from './transports/rfc6455.ts'
import { Webhooks } from './webhooks/webhooks.ts'

/** Milliseconds that webhooks may take to tell what is left when the server ends. */
const webhookDeadline = 5_000

/** Builds the parts of a server, each with the parts that it names, and gives back those that the server itself calls. */
export function assemble(config: ServerConfig, logger: Logger) {
  const metrics = new Metrics()
  const adapter = createAdapter(config, { findApp: async (id) => apps.findById(id), metrics, logger })
  const { registry, log } = adapter
  const trace = config.debug ? createTrace(logger) : undefined
  const { sendBuffer } = config
  const protocol = assembleProtocol({ adapter, metrics, logger, trace, sendBuffer })
  const { connections, outbox, publish, receive, release, revoke } = protocol
  const refusalLog = new RefusalLog(logger)
  const heartbeat = new Heartbeat({
    connections,
    outbox,
    metrics,
    sweepers: [adapter, { sweep: (now) => apps.sweep(now) }, refusalLog],
  })
  const defaults = appDefaults(config)
  const apps = new Apps({
    configured: config.apps,
    manager: config.appManager,
    complete: (given) => completeApp(given, defaults),
    connections,
    learned: (app) => heartbeat.include(app),
    metrics,
    logger,
  })
  const connector = new Connector({
    transport: new Rfc6455Transport(),
    apps,
    registry,
    connections,
    shared: { outbox, trace, ended: release },
    metrics,
    logger,
    refusalLog,
    receive,
    connectRate: config.connectRate,
    trustProxy: config.trustProxy,
  })
  const bodies = new Grace<IncomingMessage>(bodyDeadline)
  const api = createApi({
    apps,
    bodies,
    events: createEvents({ publish, registry, open: () => !connector.draining || connections.size > 0 }),
    channels: createChannels({ registry, log }),
    users: createUsers(revoke),
    metrics,
    logger,
    trouble: () => (connector.draining ? 'The server is shutting down' : adapter.trouble),
  })
  const webhooks = new Webhooks({
    lifecycle: protocol.lifecycle,
    wanted: config.appManager !== undefined || config.apps.some((app) => app.webhooks.length > 0),
    batchMs: config.webhookBatchMs,
    metrics,
    logger,
  })

  /** Says what has not been said, lets go of every timer, and resolves when the webhooks have told what was left to tell. */
  async function stop(): Promise<void> {
    heartbeat.stop()
    refusalLog.sweep(Number.POSITIVE_INFINITY)
    bodies.stop()
    await protocol.stop()
    await webhooks.flush(webhookDeadline)
  }

  return { adapter, apps, connections, metrics, publish, revoke, connector, heartbeat, api, stop }
}
