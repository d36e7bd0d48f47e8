import { createServer } from 'node:http'
import type { Channel } from 'pusher-js'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ReverbServer } from '../../src/server/index.ts'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { createReverb, listen } from '../support/host.ts'
import { createPusher, join, type OfficialOptions, reached, received } from '../support/official-clients.ts'
import { mountServer, startServer } from '../support/server.ts'

const places = [
  { place: 'standalone', prefix: '', start: () => startServer() },
  { place: 'mounted', prefix: '/reverb', start: () => mountServer('/reverb') },
]

afterEach(() => {
  vi.useRealTimers()
})

describe.each(places)('pusher-js, $place', ({ prefix, start }) => {
  async function setUp() {
    const running = await start()
    const connect = (options: OfficialOptions = {}) =>
      createPusher(running.port, { wsPath: prefix, ...options })
    return { running, connect }
  }

  it.each([
    'news',
    'private-orders.42',
    'presence-room',
    'cache-prices',
    'private-cache-x',
    'presence-cache-x',
  ])('C19 C59 connects, joins %s, receives, and no longer after it has left', async (name) => {
    const { running, connect } = await setUp()
    const pusher = connect()
    await reached(pusher, 'connected')
    const channel = await join(pusher, name)
    const event = received(channel, 'order.paid')
    expect(await running.publish(name, 'order.paid', '{"id":42}')).toBe(1)
    expect(await event).toEqual({ id: 42 })

    pusher.unsubscribe(name)
    await eventually(() => running.publish(name, 'order.paid')).toBe(0)
  })

  it('C61 C63 C66 keeps the members of a presence channel', async () => {
    const { connect } = await setUp()
    const zoe = await join(connect({ user: { user_id: '7', user_info: { name: 'Zoë' } } }), 'presence-room')
    expect(zoe).toMatchObject({ members: { count: 1, me: { id: '7', info: { name: 'Zoë' } } } })

    const added = received(zoe, 'pusher:member_added')
    const pusher = connect({ user: { user_id: '9', user_info: { name: 'Ann' } } })
    const ann = await join(pusher, 'presence-room')
    expect(await added).toEqual({ id: '9', info: { name: 'Ann' } })
    expect(ann).toMatchObject({ members: { count: 2, members: { 7: { name: 'Zoë' }, 9: { name: 'Ann' } } } })

    const removed = received(zoe, 'pusher:member_removed')
    pusher.disconnect()
    expect(await removed).toMatchObject({ id: '9' })
    expect(zoe).toMatchObject({ members: { count: 1 } })
  })

  it.each([{ a: [1, 'ü'] }, 'text', 7, null])(
    'C97 carries the client event data %j to the others',
    async (data) => {
      const { connect } = await setUp()
      const sender = await join(connect({ user: { user_id: '7' } }), 'presence-room')
      const receiver = await join(connect({ user: { user_id: '9' } }), 'presence-room')
      const heard = vi.fn()
      receiver.bind('client-typing', heard)
      const echoed = vi.fn()
      sender.bind('client-typing', echoed)
      expect(sender.trigger('client-typing', data)).toBe(true)
      await eventually(() => heard.mock.calls).toEqual([[data, { user_id: '7' }]])
      expect(echoed).not.toHaveBeenCalled()
    },
  )

  it('C43 is told by its channel that it was refused', async () => {
    const { connect } = await setUp()
    const pusher = connect({
      channelAuthorization: {
        transport: 'ajax',
        endpoint: '',
        customHandler: (_, done) => done(null, { auth: `app-key:${'0'.repeat(64)}` }),
      },
    })
    const channel = pusher.subscribe('private-x')
    const error = await received(channel, 'pusher:subscription_error')
    expect(error).toMatchObject({ type: 'AuthError', status: 401 })
    expect(pusher.connection.state).toBe('connected')
  })
})

describe('pusher-js', () => {
  // pusher-js tries again 15 s after a refused connection; its clock is turned on instead of waiting for it.
  const letTimePass = () => vi.advanceTimersByTimeAsync(20_000)

  /** Connects and joins, and tells afterwards whether all of it has come back. */
  async function joined(port: number, prefix = '') {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true })
    const pusher = createPusher(port, { wsPath: prefix })
    const channel = pusher.subscribe('private-orders.42')
    await received(channel, 'pusher:subscription_succeeded')
    const states: string[] = []
    pusher.connection.bind('state_change', ({ current }: { current: string }) => states.push(current))
    return { channel, states, again: received(channel, 'pusher:subscription_succeeded') }
  }

  async function expectToReceive(server: ReverbServer, channel: Channel): Promise<void> {
    const event = received(channel, 'order.paid')
    await server.publish({ channels: ['private-orders.42'], event: 'order.paid', data: '{"id":42}' })
    expect(await event).toEqual({ id: 42 })
  }

  it('C59 comes back when the standalone server is started again on its port', async () => {
    const port = await freePort()
    const first = createReverb({ port })
    await first.listen()
    const { channel, states, again } = await joined(port)
    await first.close()
    const next = createReverb({ port })
    await next.listen()
    await letTimePass()
    await again
    await expectToReceive(next, channel)
    expect(states).not.toContain('disconnected')
  })

  it('C59 comes back when another server takes over the mount', async () => {
    const http = createServer()
    const [first, next] = [createReverb(), createReverb()]
    first.attach(http, { path: '/reverb' })
    const { channel, states, again } = await joined(await listen(http), '/reverb')
    await first.close()
    next.attach(http, { path: '/reverb' })
    await letTimePass()
    await again
    await expectToReceive(next, channel)
    expect(states).not.toContain('disconnected')
  })
})
