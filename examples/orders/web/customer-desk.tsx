import type { Person } from '../shop/people.ts'
import { products } from '../shop/products.ts'
import { NewsLine } from './news-line.tsx'
import { OrderList } from './order-list.tsx'
import { OtherWindows } from './other-windows.tsx'
import { ProductMark } from './product-mark.tsx'
import { RawEvents } from './raw-events.tsx'
import { useApi } from './use-api.ts'
import { useNews } from './use-news.ts'
import { useOrders } from './use-orders.ts'

/** What a customer sees: something to order, and how far their orders are. */
export function CustomerDesk({ me }: { me: Person }) {
  const channel = `private-orders.${me.id}`
  const news = useNews()
  const orders = useOrders(channel, useApi(me), news)
  return (
    <main className="desk">
      <div className="column">
        <section className="card" aria-labelledby="shop">
          <h1 id="shop">What would you like, {me.name}?</h1>
          <ul className="products">
            {products.map(({ id, name, detail }) => (
              <li key={id} className="product">
                <ProductMark id={id} />
                <span className="lines">
                  <strong>{name}</strong>
                  <small>{detail}</small>
                </span>
                <button type="button" aria-label={`Order ${name}`} onClick={() => orders.place(id)}>
                  Order
                </button>
              </li>
            ))}
          </ul>
        </section>
        <section className="card" aria-labelledby="orders">
          <div className="heading">
            <h2 id="orders">Your orders</h2>
            <NewsLine news={news.latest} />
          </div>
          <OrderList orders={orders.list} freshId={news.latest?.orderId} />
        </section>
        <OtherWindows me={me} />
      </div>
      <div className="column">
        <RawEvents channel={channel} />
      </div>
    </main>
  )
}
