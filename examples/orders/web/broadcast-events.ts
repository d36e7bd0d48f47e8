import type { NotePinned } from '../events/note-pinned.ts'
import type { OrderPlaced } from '../events/order-placed.ts'
import type { OrderShipped } from '../events/order-shipped.ts'

/** What each event carries; the hooks give it to their callbacks. */
declare module '@startkit/broadcasting/client' {
  interface BroadcastEvents {
    OrderPlaced: Pick<OrderPlaced, 'order'>
    OrderShipped: ReturnType<OrderShipped['broadcastWith']>
    NotePinned: Pick<NotePinned, 'note'>
  }
}
