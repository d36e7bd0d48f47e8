import type { NatsConnection } from './connection.ts'

/** Where NATS is. */
export interface NatsOptions {
  /**
   * `nats://` or `tls://`, with user and password or a token, or a comma list of such.
   *
   * @default 'nats://127.0.0.1:4222'
   */
  readonly url?: string
  /**
   * A ready connection, made by `@nats-io/transport-node`; it is never closed.
   *
   * @default one that is made to `url`
   */
  readonly connection?: NatsConnection
  /**
   * Servers of a NATS cluster that each hold everything, in memory.
   *
   * @default 1
   */
  readonly replicas?: number
}
