import type { Order } from '../shop/orders.ts'
import { findPerson } from '../shop/people.ts'
import { products } from '../shop/products.ts'
import { ProductMark } from './product-mark.tsx'

interface OrderListProps {
  orders: readonly Order[] | undefined
  /** The order that has just changed. */
  freshId: number | undefined
  /** Offers to ship what waits, and says whose it is. */
  onShip?: (orderId: number) => void
}

/** Orders, the newest first. */
export function OrderList({ orders, freshId, onShip }: OrderListProps) {
  if (orders === undefined) return <p className="empty">Fetching the orders…</p>
  if (orders.length === 0) return <p className="empty">Nothing ordered yet.</p>
  return (
    <ul className="orders">
      {orders.map((order) => (
        <li key={order.id} className="row" data-fresh={order.id === freshId}>
          <ProductMark id={order.productId} />
          <span className="grow">
            <strong>{products.find(({ id }) => id === order.productId)?.name}</strong>
            <small>
              {onShip && <>{findPerson(order.customerId)?.name} · </>}
              {order.id} · <Time iso={order.placedAt} />
            </small>
          </span>
          {onShip && order.status === 'placed' ? (
            <button type="button" aria-label={`Ship order ${order.id}`} onClick={() => onShip(order.id)}>
              Ship
            </button>
          ) : (
            <span className="status" data-status={order.status}>
              {order.status === 'placed' ? 'Being packed' : 'Shipped'}
            </span>
          )}
        </li>
      ))}
    </ul>
  )
}

function Time({ iso }: { iso: string }) {
  return (
    <time dateTime={iso}>{new Date(iso).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })}</time>
  )
}
