import { BroadcastEvent, PresenceChannel, PrivateChannel } from '@startkit/broadcasting'
import type { Order } from '../shop/orders.ts'

/** Goes out under the name of its class, with its own fields: `{ order }`. */
export class OrderPlaced extends BroadcastEvent {
  readonly order: Order

  constructor(order: Order) {
    super()
    this.order = order
  }

  broadcastOn() {
    return [new PrivateChannel(`orders.${this.order.customerId}`), new PresenceChannel('warehouse')]
  }
}
