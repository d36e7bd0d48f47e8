import type { Person } from './people.ts'

export interface Order {
  readonly id: number
  readonly customerId: string
  readonly productId: string
  readonly placedAt: string
  readonly status: 'placed' | 'shipped'
}

// In memory: the shop forgets everything when it restarts.
const orders = new Map<number, Order>()

/** What a customer has ordered, or for the warehouse everything; the newest first. */
export function ordersFor({ id, role }: Person): Order[] {
  return [...orders.values()].filter(({ customerId }) => role === 'warehouse' || customerId === id).reverse()
}

/** Places an order, by default now. */
export function placeOrder(customerId: string, productId: string, placedAt = new Date()): Order {
  const order = { customerId, productId, placedAt: placedAt.toISOString(), status: 'placed' } as const
  return save({ id: 1001 + orders.size, ...order })
}

/** Ships an order; `undefined` when there is none with this id that waits. */
export function shipOrder(id: number): Order | undefined {
  const order = orders.get(id)
  return order?.status === 'placed' ? save({ ...order, status: 'shipped' }) : undefined
}

function save(order: Order): Order {
  orders.set(order.id, order)
  return order
}

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000)

shipOrder(placeOrder('ben', 'house', minutesAgo(96)).id)
placeOrder('ada', 'guji', minutesAgo(41))
placeOrder('cleo', 'huila', minutesAgo(17))
placeOrder('ada', 'house', minutesAgo(4))
