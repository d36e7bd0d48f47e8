export type { NatsConnection, NatsMessage, NatsSubscription } from './connection.ts'
export { natsBroker } from './nats-broker.ts'
export type { NatsOptions } from './nats-options.ts'
