import PusherModule, { type Channel, type Members, type Options } from 'pusher-js'

// pusher-js declares a default export that `nodenext` takes for a namespace; in Node it is the class.
const Pusher = PusherModule as unknown as new (key: string, options: Options) => Channel['pusher']

/** Somebody at one node, with pusher-js as it is, who says what is heard there. */
export class Visitor {
  readonly name: string
  readonly #pusher: Channel['pusher']
  readonly #say: (line: string) => void

  constructor(name: string, node: URL, say: (line: string) => void) {
    this.name = name
    this.#say = (line) => say(`  ${name} ${line}`)
    this.#pusher = new Pusher('local', {
      cluster: '',
      wsHost: node.hostname,
      wsPort: Number(node.port),
      wsPath: '/reverb',
      forceTLS: false,
      enabledTransports: ['ws'],
      channelAuthorization: {
        endpoint: String(new URL('/broadcasting/auth', node)),
        transport: 'ajax',
        headers: { 'x-name': name },
      },
    })
  }

  /** Resolves when the visitor hears of orders, and of who comes and goes. */
  async enter(): Promise<void> {
    const orders = this.#pusher.subscribe('orders')
    const shop = this.#pusher.subscribe('presence-shop')
    orders.bind('OrderPlaced', (order: object) => this.#say(`hears OrderPlaced ${JSON.stringify(order)}`))
    shop.bind('pusher:member_added', ({ id }: { id: string }) => this.#say(`sees ${id} come`))
    shop.bind('pusher:member_removed', ({ id }: { id: string }) => this.#say(`sees ${id} go`))
    const members = await subscribed(shop)
    const names: string[] = []
    members.each(({ id }: { id: string }) => names.push(id))
    this.#say(`sees ${names.join(' and ')}`)
    if (!orders.subscribed) await subscribed(orders)
  }

  /** Resolves when the next order has been heard of here. */
  order(): Promise<void> {
    const orders = this.#pusher.channel('orders')
    return new Promise((resolve) => {
      const heard = () => {
        orders.unbind('OrderPlaced', heard)
        resolve()
      }
      orders.bind('OrderPlaced', heard)
    })
  }

  leave(): void {
    this.#pusher.disconnect()
  }
}

function subscribed(channel: Channel): Promise<Members> {
  return new Promise((resolve) => channel.bind('pusher:subscription_succeeded', resolve))
}
