export type { Member } from '../protocol/messages.ts'
export type { KeptEvent } from './adapter.ts'
export { setupPrimary } from './adapters/workers/primary.ts'
export type { App, AppSettings } from './apps/app.ts'
export type { ClientEventMode } from './apps/app-limits.ts'
export type { AppManager } from './apps/app-manager.ts'
export type { AppOptions, WebhookOptions } from './apps/app-options.ts'
export type { NodeServer } from './attach.ts'
export type { ClientOptions } from './client-options.ts'
export type {
  Broker,
  BrokerListener,
  Departure,
  EventStore,
  Held,
  Holding,
  Ledger,
  NewEvent,
  Notice,
  Place,
  PlaceState,
  Renewed,
  Roads,
  Settled,
} from './cluster/broker.ts'
export { stale } from './cluster/broker.ts'
export type { ServerConfig } from './config.ts'
export { AppLookupError, RefusedError, UnknownAppError, UnreachableError } from './errors.ts'
export type { FastifyLike, ReverbFastifyPlugin } from './fastify-plugin.ts'
export type { ServerCounters } from './metrics.ts'
export { type AttachOptions, type PublishMessage, ReverbServer } from './server.ts'
export type { ReverbServerOptions } from './server-options.ts'
