import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import {
  Application,
  Broadcast,
  BroadcastEvent,
  type BroadcastingConfig,
  broadcast,
  Channel,
  PresenceChannel,
  PrivateChannel,
  Provider,
  ReverbProvider,
} from '../src/index.ts'
import { FastifyProvider } from '../src/integrations/fastify.ts'
import { ProtocolClient, payloadOf } from '../src/testing/index.ts'
import { createEcho, createPusher, received } from './support/official-clients.ts'

// What the seed shows, from the event class to the subscriber, in one process and on one port.

class OrderShipped extends BroadcastEvent {
  readonly orderId: number
  readonly channel: Channel
  constructor(orderId: number, channel = new Channel(`orders.${orderId}`)) {
    super()
    this.orderId = orderId
    this.channel = channel
  }
  broadcastOn() {
    return [this.channel]
  }
  override broadcastAs() {
    return 'OrderShipped'
  }
  override broadcastWith() {
    return { order_id: this.orderId, status: 'shipped' }
  }
}

/** A shop: its users come by header, its orders are shipped by POST. */
class ShopProvider extends Provider {
  override async boot() {
    const { fastify } = this.app
    fastify.get('/reports', async () => 'reports')
    await fastify.register(this.app.make('reverb.server').asFastifyPlugin('local'), { prefix: '/reverb' })
    fastify.get('/reverb-stats', async () => 'stats')
    fastify.post<{ Params: { id: string } }>('/orders/:id/ship', async ({ params }) => {
      const event = new OrderShipped(Number(params.id), new PrivateChannel(`orders.${params.id}`))
      const { channels } = await broadcast(event).toOthers()
      return { status: 'shipped', channels }
    })
    Broadcast.channel(
      'orders.{orderId}',
      ({ user, params }) => user.id === 'warehouse' || params.orderId === '1',
    )
    Broadcast.channel(
      'warehouse',
      ({ user }) => user.id === 'warehouse' && { id: user.id, info: { shift: 'late' } },
      {
        only: ['presence'],
      },
    )
  }
}

const config: BroadcastingConfig = {
  driver: 'reverb',
  user: ({ headers }) => (typeof headers['x-user'] === 'string' ? { id: headers['x-user'] } : undefined),
}

let app: Application
let address: string

beforeEach(async () => {
  app = new Application({
    providers: [FastifyProvider, [ReverbProvider, config], ShopProvider],
    env: { REVERB_DRAIN: '0', REVERB_LOG_LEVEL: 'silent' },
  })
  await app.boot()
  address = await app.fastify.listen({ host: '127.0.0.1', port: 0 })
})

afterEach(() => app.shutdown())

async function connect(): Promise<ProtocolClient> {
  const client = await ProtocolClient.connect(
    `${address.replace('http', 'ws')}/reverb/app/local?protocol=7`,
    {
      timeout: 10,
    },
  )
  onTestFinished(() => client.terminate())
  return client
}

function post(path: string, init: { body?: BodyInit; headers?: Record<string, string> } = {}) {
  return fetch(`${address}${path}`, { method: 'POST', ...init })
}

/** Subscribes as pusher-js does: asks the auth endpoint, then says what that has answered. */
async function subscribeAs(user: string, client: ProtocolClient, channel: string) {
  const body = new URLSearchParams({ socket_id: client.socketId, channel_name: channel })
  const answer = await post('/broadcasting/auth', { body, headers: { 'x-user': user } })
  expect(answer.status).toBe(200)
  const { auth, channel_data } = await answer.json()
  return client.subscribe(channel, { auth, channelData: channel_data })
}

describe('A mounted application', () => {
  it('carries an event from broadcast() to a subscriber, and says how many there were', async () => {
    const [one, two] = [await connect(), await connect()]
    await one.join('orders.1')
    await two.join('orders.1')
    expect(await broadcast(new OrderShipped(1))).toEqual({
      driver: 'reverb',
      event: 'OrderShipped',
      channels: [{ name: 'orders.1', recipients: 2 }],
    })
    for (const client of [one, two]) {
      expect(await client.next()).toEqual({
        event: 'OrderShipped',
        channel: 'orders.1',
        data: '{"order_id":1,"status":"shipped"}',
      })
    }
  })

  it('sends where nobody awaits, too', async () => {
    const client = await connect()
    await client.join('orders.1')
    broadcast(new OrderShipped(1))
    expect(payloadOf(await client.next('OrderShipped'))).toEqual({ order_id: 1, status: 'shipped' })
  })

  it('shadows no route beside it, whichever came first', async () => {
    const read = async (path: string) => (await fetch(`${address}${path}`)).text()
    expect(await read('/reports')).toBe('reports')
    expect(await read('/reverb-stats')).toBe('stats')
  })

  it('lets in whom a rule admits, and nobody else', async () => {
    const client = await connect()
    const forged = await client.subscribe('private-orders.2', { auth: `local:${'0'.repeat(64)}` })
    expect(forged.event).toBe('pusher:subscription_error')
    const answer = await subscribeAs('ann', client, 'private-orders.1')
    expect(answer.event).toBe('pusher_internal:subscription_succeeded')
    for (const [channel, user] of [
      ['private-orders.2', 'ann'],
      ['private-orders.1', ''],
      ['private-warehouse', 'warehouse'],
    ] as const) {
      const body = new URLSearchParams({ socket_id: client.socketId, channel_name: channel })
      const refused = await post('/broadcasting/auth', {
        body,
        headers: user === '' ? {} : { 'x-user': user },
      })
      expect(refused.status).toBe(403)
      expect(await refused.json()).toMatchObject({ channel })
    }
  })

  it('shows members of a presence channel what the rule says of them', async () => {
    const client = await connect()
    const answer = await subscribeAs('warehouse', client, new PresenceChannel('warehouse').name)
    expect(payloadOf(answer)).toEqual({
      presence: { count: 1, ids: ['warehouse'], hash: { warehouse: { shift: 'late' } } },
    })
  })

  it('C167 excepts the sender whose X-Socket-ID came with the request', async () => {
    const [ann, warehouse] = [await connect(), await connect()]
    await subscribeAs('ann', ann, 'private-orders.1')
    await subscribeAs('warehouse', warehouse, 'private-orders.1')
    // A body that arrives in pieces, so that reading it leaves the context of the first hook.
    const headers = { 'X-SOCKET-id': warehouse.socketId, 'content-type': 'application/json' }
    const shipped = await post('/orders/1/ship', {
      headers,
      body: JSON.stringify({ note: 'x'.repeat(200_000) }),
    })
    expect(await shipped.json()).toEqual({
      status: 'shipped',
      channels: [{ name: 'private-orders.1', recipients: 1 }],
    })
    expect(payloadOf(await ann.next('OrderShipped'))).toEqual({ order_id: 1, status: 'shipped' })
    await warehouse.silence()
  })

  it('C166 is what pusher-js and Echo expect', async () => {
    const port = Number(new URL(address).port)
    const asUser = {
      endpoint: `${address}/broadcasting/auth`,
      transport: 'ajax',
      headers: { 'x-user': 'ann' },
    } as const
    const options = { key: 'local', wsPath: '/reverb', channelAuthorization: asUser }
    const channel = createPusher(port, options).subscribe('private-orders.1')
    const echo = createEcho(port, options)
    const joined = Promise.all([
      received(channel, 'pusher:subscription_succeeded'),
      new Promise<void>((resolve) => echo.private('orders.1').subscribed(resolve)),
    ])
    await joined
    const events = Promise.all([
      received(channel, 'OrderShipped'),
      new Promise((resolve) => echo.private('orders.1').listen('.OrderShipped', resolve)),
    ])
    await broadcast(new OrderShipped(1, new PrivateChannel('orders.1')))
    const payload = { order_id: 1, status: 'shipped' }
    expect(await events).toEqual([payload, payload])
  })

  it('signs who a user is, for pusher-js to sign in with', async () => {
    const client = await connect()
    const body = JSON.stringify({ socket_id: client.socketId })
    const headers = { 'content-type': 'application/json' }
    const answer = await post('/broadcasting/user-auth', { body, headers: { ...headers, 'x-user': 'ann' } })
    expect(await answer.json()).toEqual({
      auth: expect.stringMatching(/^local:[0-9a-f]{64}$/),
      user_data: '{"id":"ann"}',
    })
    expect((await post('/broadcasting/user-auth', { body, headers })).status).toBe(403)
  })

  it('tells its clients to come back when it shuts down, and lets go of the port', async () => {
    const client = await connect()
    await app.shutdown()
    expect(await client.closed).toMatchObject({ code: 4200 })
    await expect(fetch(`${address}/reports`)).rejects.toThrow()
  })
})
