import { BroadcastEvent } from './broadcast-event.ts'
import type { ChannelLike } from './channel.ts'
import type { PendingBroadcast } from './pending-broadcast.ts'

/** An event without a class: `Broadcast.on('orders.1').as('OrderShipped').with({ … }).send()`. */
export class AnonymousEvent extends BroadcastEvent {
  readonly #broadcast: (event: BroadcastEvent) => PendingBroadcast
  readonly #channels: readonly ChannelLike[]
  #name = 'AnonymousEvent'
  #payload: unknown = {}

  constructor(broadcast: (event: BroadcastEvent) => PendingBroadcast, channels: readonly ChannelLike[]) {
    super()
    this.#broadcast = broadcast
    this.#channels = channels
  }

  /** The name on the wire. @default 'AnonymousEvent' */
  as(name: string): this {
    this.#name = name
    return this
  }

  /** What is sent. @default {} */
  with(payload: unknown): this {
    this.#payload = payload
    return this
  }

  /** Broadcasts it; the pending broadcast can still be told `toOthers()` and `via()`. */
  send(): PendingBroadcast {
    return this.#broadcast(this)
  }

  override broadcastOn(): readonly ChannelLike[] {
    return this.#channels
  }

  override broadcastAs(): string {
    return this.#name
  }

  override broadcastWith(): unknown {
    return this.#payload
  }
}
