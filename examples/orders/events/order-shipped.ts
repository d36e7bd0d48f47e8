import { BroadcastEvent, PresenceChannel, PrivateChannel } from '@startkit/broadcasting'
import type { Order } from '../shop/orders.ts'

/** Chooses its name on the wire, and sends no more than what has changed. */
export class OrderShipped extends BroadcastEvent {
  readonly #order: Order

  constructor(order: Order) {
    super()
    this.#order = order
  }

  broadcastOn() {
    return [new PrivateChannel(`orders.${this.#order.customerId}`), new PresenceChannel('warehouse')]
  }

  broadcastAs() {
    return 'OrderShipped'
  }

  broadcastWith() {
    return { order_id: this.#order.id, status: this.#order.status }
  }
}
