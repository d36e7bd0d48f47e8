import { useBroadcastEvent } from '@startkit/broadcasting/react'
import type { Order } from '../shop/orders.ts'
import type { Api } from './use-api.ts'
import { useList } from './use-list.ts'
import type { Newsroom } from './use-news.ts'

export interface Orders {
  /** The newest first; `undefined` until they are known. */
  readonly list: readonly Order[] | undefined
  place(productId: string): Promise<void>
  ship(orderId: number): Promise<void>
}

/** The orders that a channel tells of: what others do arrives as events, what one does oneself as the answer. */
export function useOrders(channel: string, api: Api, { tell, attempt }: Newsroom): Orders {
  const [list, change] = useList<Order>(channel, () => api('/orders'), attempt)
  const put = (order: Order, what: string) => {
    change((orders) => withOrder(orders, order))
    tell({ text: `Order ${order.id} ${what}`, orderId: order.id })
  }

  useBroadcastEvent(channel, 'OrderPlaced', ({ order }) => put(order, 'has come in'))
  useBroadcastEvent(channel, 'OrderShipped', ({ order_id, status }) => {
    change((orders) => orders.map((order) => (order.id === order_id ? { ...order, status } : order)))
    tell({ text: `Order ${order_id} has been shipped`, orderId: order_id })
  })

  return {
    list,
    place: (productId) => attempt(async () => put(await api('/orders', { productId }), 'is placed')),
    ship: (orderId) => attempt(async () => put(await api(`/orders/${orderId}/ship`, {}), 'is shipped')),
  }
}

function withOrder(orders: readonly Order[], order: Order): readonly Order[] {
  if (!orders.some(({ id }) => id === order.id)) return [order, ...orders]
  return orders.map((other) => (other.id === order.id ? order : other))
}
