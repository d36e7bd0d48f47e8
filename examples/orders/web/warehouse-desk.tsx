import type { Person } from '../shop/people.ts'
import { NewsLine } from './news-line.tsx'
import { OrderList } from './order-list.tsx'
import { OtherWindows } from './other-windows.tsx'
import { RawEvents } from './raw-events.tsx'
import { Team } from './team.tsx'
import { useApi } from './use-api.ts'
import { useNews } from './use-news.ts'
import { useOrders } from './use-orders.ts'

const channel = 'presence-warehouse'

/** What the warehouse sees: every order, and one another. */
export function WarehouseDesk({ me }: { me: Person }) {
  const api = useApi(me)
  const news = useNews()
  const orders = useOrders(channel, api, news)
  return (
    <main className="desk">
      <div className="column">
        <section className="card" aria-labelledby="orders">
          <div className="heading">
            <h1 id="orders">All orders</h1>
            <NewsLine news={news.latest} />
          </div>
          <OrderList orders={orders.list} freshId={news.latest?.orderId} onShip={orders.ship} />
        </section>
        <OtherWindows me={me} />
      </div>
      <div className="column">
        <Team channel={channel} api={api} news={news} />
        <RawEvents channel={channel} />
      </div>
    </main>
  )
}
