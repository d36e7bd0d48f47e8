import type { Address } from '../../protocol/address.ts'

/** An app on a server elsewhere, and how its HTTP API is asked. */
export interface ApiTarget extends Address {
  /** The driver that asks; stands in errors. */
  readonly driver: string
  readonly appId: string
  readonly key: string
  readonly secret: string
  /** Seconds in which a connection must be there. */
  readonly connectTimeout: number
  /** Seconds in which a request must be answered, all attempts together. */
  readonly timeout: number
  /** Counts to ask for with each event: a comma list of `subscription_count` and `user_count`. */
  readonly info: string | undefined
  /** Bytes of the payload of one event, where it is known what the server takes. */
  readonly maxEventSize: number | undefined
  /** The settings that the target was made of, for whoever reads an error. */
  readonly hints: {
    readonly address: string
    readonly app: string
    readonly credentials: string
    /** The setting that makes it plain http. */
    readonly plainHttp: string
  }
}
