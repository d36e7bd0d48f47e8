import type { Reach } from './broadcaster.ts'

/** What became of a broadcast. */
export interface BroadcastReceipt {
  /** The driver that carried it. */
  readonly driver: string
  /** The name on the wire. */
  readonly event: string
  /** Where it went; empty when the event said that it is not to be sent. */
  readonly channels: readonly ReceiptChannel[]
}

/** A channel that an event went to, and what the driver knows of it. */
export interface ReceiptChannel extends Reach {
  /** The name on the wire. */
  readonly name: string
}
