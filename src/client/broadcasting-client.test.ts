import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from 'vitest'
import { Page } from '../../test/support/page.tsx'
import { ConfigurationError } from '../support/errors.ts'
import type { FakePusher } from '../testing/fake-pusher.ts'
import { BroadcastingClient } from './broadcasting-client.ts'
import { ConnectionError, SubscriptionFailed } from './errors.ts'
import { configureBroadcasting, sharedClient } from './shared-client.ts'

beforeEach(() => {
  vi.useFakeTimers()
  window.location.href = 'http://shop.test:4545/'
})
afterEach(() => vi.useRealTimers())

function createClient() {
  const page = new Page()
  return { page, client: new BroadcastingClient(page.settings) }
}

/** A client whose channel is subscribed. */
function subscribed(channel: string, members?: Record<string, unknown>, me?: string) {
  const { page, client } = createClient()
  const stop = client.subscribe(channel)
  page.pusher.open('1.1')
  page.pusher.accept(channel, members, me)
  return { page, client, stop }
}

/** What pusher-js says after ten seconds. */
function giveUp({ connection }: FakePusher) {
  connection.state = 'unavailable'
  connection.emit('state_change')
}

describe('BroadcastingClient', () => {
  describe('connection', () => {
    it('is made with the first subscription, from the settings', () => {
      const { page, client } = createClient()
      client.onStatus(() => {})
      client.channelState('orders')
      expect(page.pushers).toEqual([])
      client.subscribe('orders')
      expect(page.pusher.key).toBe('local')
      expect(page.pusher.options).toMatchObject({ wsHost: 'shop.test', wsPort: 4545, wsPath: '/reverb' })
    })

    it('is shared by all channels, and ends when the last one has been left', () => {
      const { page, client } = createClient()
      const stops = [client.subscribe('orders'), client.subscribe('news')]
      page.pusher.open()
      for (const channel of ['orders', 'news']) page.pusher.accept(channel)
      for (const stop of stops) stop()
      vi.advanceTimersByTime(999)
      expect(client.status.state).toBe('connected')
      vi.advanceTimersByTime(1)
      expect(page.pusher.sent).toEqual([
        'subscribe orders',
        'subscribe news',
        'unsubscribe orders',
        'unsubscribe news',
      ])
      expect(client.status).toEqual({ state: 'disconnected', error: undefined })
    })

    it('is taken up again by the next subscription', () => {
      const { page, client, stop } = subscribed('orders')
      stop()
      vi.advanceTimersByTime(1000)
      client.subscribe('news')
      expect(client.status).toEqual({ state: 'connecting' })
      page.pusher.open('1.2')
      expect(page.pusher.sent.at(-1)).toBe('subscribe news')
      expect(client.socketId).toBe('1.2')
    })

    it('tells its status, each time it changes', () => {
      const { page, client } = createClient()
      const seen: unknown[] = []
      const stop = client.onStatus((status) => seen.push(status))
      expect(client.status).toEqual({ state: 'initialized' })
      client.subscribe('orders')
      page.pusher.open('7.7')
      expect(client.socketId).toBe('7.7')
      page.pusher.lose()
      expect(client.socketId).toBeUndefined()
      stop()
      page.pusher.open('7.8')
      expect(seen).toEqual([
        { state: 'connecting' },
        { state: 'connected', socketId: '7.7' },
        { state: 'connecting' },
      ])
    })

    it('says why the server has refused it, once', () => {
      const { page, client } = createClient()
      client.subscribe('orders')
      page.pusher.error(4001, 'Application does not exist')
      const error = new ConnectionError(4001, 'Application does not exist')
      expect(client.status).toEqual({ state: 'disconnected', error })
      expect(page.errors).toEqual([error])
      expect(error.message).toBe('The broadcasting server answered: Application does not exist (4001)')
    })

    it('forgets a refusal when it is tried again', () => {
      const { page, client, stop } = subscribed('orders')
      page.pusher.error(4009, 'Connection is unauthorized')
      client.subscribe('news')
      page.pusher.open()
      stop()
      page.pusher.disconnect()
      expect(client.status).toEqual({ state: 'disconnected', error: undefined })
    })

    it('reports a message that the server has refused, and stays', () => {
      const { page, client } = subscribed('private-chat')
      page.pusher.error(null, 'Not a member')
      page.pusher.error(4301, 'Rate limit exceeded')
      expect(page.errors).toEqual([
        new ConnectionError(null, 'Not a member'),
        new ConnectionError(4301, 'Rate limit exceeded'),
      ])
      expect(client.status.state).toBe('connected')
    })

    it('keeps quiet about what pusher-js mends by itself', () => {
      const { page } = subscribed('orders')
      page.pusher.error(4200, 'Server is restarting')
      page.pusher.connection.emit('error', { type: 'WebSocketError', error: new Event('error') })
      expect(page.errors).toEqual([])
    })
  })

  describe('a connection that is lost', () => {
    it('is tried anew soon; channels and status see it as one absence', () => {
      const { page, client } = subscribed('presence-shop', { 7: {}, 9: {} }, '9')
      const seen: string[] = []
      client.onStatus(({ state }) => seen.push(state))
      client.subscribe('presence-shop', { onState: ({ status }) => seen.push(status.state) })
      const disconnect = vi.spyOn(page.pusher, 'disconnect')
      page.pusher.lose()
      vi.advanceTimersByTime(6000)
      expect(disconnect).toHaveBeenCalled()
      expect(client.channelState('presence-shop').members).toHaveLength(2)
      page.pusher.open('1.2')
      page.pusher.accept('presence-shop', { 9: {} }, '9')
      expect(seen).toEqual(['connecting', 'subscribing', 'connected', 'subscribed'])
      expect(page.pusher.sent).toEqual(['subscribe presence-shop', 'subscribe presence-shop'])
      expect(page.errors).toEqual([])
    })

    it('is let go when nobody is subscribed any more', () => {
      const { page, client, stop } = subscribed('orders')
      page.pusher.lose()
      stop()
      vi.advanceTimersByTime(60_000)
      expect(client.status).toEqual({ state: 'disconnected', error: undefined })
      expect(vi.getTimerCount()).toBe(0)
    })
  })

  describe('where no server has ever answered', () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    const onLine = vi.spyOn(navigator, 'onLine', 'get')

    beforeEach(() => {
      warn.mockClear()
      onLine.mockReturnValue(true)
    })

    it.each([
      [{}, 'http://shop.test:4545/', 'ws://shop.test:4545/reverb/app/local'],
      [{ path: '/live/' }, 'https://shop.test/', 'wss://shop.test:443/live/app/local'],
      [{ options: { forceTLS: false } }, 'https://shop.test/', 'wss://shop.test:443/reverb/app/local'],
      [
        { options: { forceTLS: true, wssPort: 6001, wsPath: '' } },
        'http://shop.test/',
        'wss://shop.test:6001/app/local',
      ],
    ])('it says once which address it tries (%j on %s)', (settings, location, address) => {
      window.location.href = location
      const page = new Page()
      new BroadcastingClient({ ...page.settings, ...settings }).subscribe('orders')
      expect(warn).not.toHaveBeenCalled()
      for (let time = 0; time < 2; time++) {
        giveUp(page.pusher)
        page.pusher.lose()
      }
      expect(warn.mock.calls).toEqual([[expect.stringContaining(` ${address}. `)]])
      expect(page.errors).toEqual([])
    })

    it('keeps quiet when the server was there, when it has put the page off, and when the browser is offline', () => {
      giveUp(subscribed('orders').page.pusher)

      const putOff = createClient()
      putOff.client.subscribe('orders')
      putOff.page.pusher.error(4100, 'Over capacity')
      giveUp(putOff.page.pusher)

      onLine.mockReturnValue(false)
      const offline = createClient()
      offline.client.subscribe('orders')
      giveUp(offline.page.pusher)
      expect(warn).not.toHaveBeenCalled()
    })
  })

  describe('#configure', () => {
    it('replaces the settings as long as nothing is subscribed', () => {
      const { page, client } = createClient()
      client.configure({ ...page.settings, key: 'shop', options: { wsHost: 'live.test', wsPort: 9000 } })
      client.subscribe('orders')
      expect(page.pusher.key).toBe('shop')
      expect(page.pusher.options).toMatchObject({ wsHost: 'live.test', wsPort: 9000 })
    })

    it('comes too late while a channel is subscribed', () => {
      const { page, client, stop } = subscribed('orders')
      expect(() => client.configure({ key: 'shop' })).toThrow(ConfigurationError)
      stop()
      vi.advanceTimersByTime(1000)
      client.configure({ ...page.settings, key: 'shop' })
      expect(client.status).toEqual({ state: 'initialized' })
      client.subscribe('orders')
      expect(page.pushers.map(({ key }) => key)).toEqual(['local', 'shop'])
    })

    it('is what configureBroadcasting() does to the client of the page', () => {
      const page = new Page()
      configureBroadcasting({ ...page.settings, key: 'shop' })
      const stop = sharedClient.subscribe('orders')
      expect(page.pusher.key).toBe('shop')
      expect(() => configureBroadcasting({})).toThrow(/before the first component renders/)
      stop()
      vi.advanceTimersByTime(1000)
    })
  })

  describe('#subscribe', () => {
    it('subscribes once for all who watch, and stays for a moment after the last one', () => {
      const { page, client } = createClient()
      const stops = [client.subscribe('orders'), client.subscribe('orders')]
      page.pusher.open()
      page.pusher.accept('orders')
      for (const stop of stops) stop()
      vi.advanceTimersByTime(500)
      const stop = client.subscribe('orders')
      vi.advanceTimersByTime(5000)
      expect(page.pusher.sent).toEqual(['subscribe orders'])
      stop()
      vi.advanceTimersByTime(1000)
      expect(page.pusher.sent).toEqual(['subscribe orders', 'unsubscribe orders'])
    })

    it('brings events to everybody, but none of the protocol', () => {
      vi.setSystemTime(1_700_000_000_000)
      const { page, client } = createClient()
      const seen: unknown[][] = [[], []]
      for (const messages of seen) client.subscribe('orders', { onMessage: (m) => messages.push(m) })
      page.pusher.open()
      page.pusher.accept('orders')
      page.pusher.receive('orders', 'pusher:subscription_count', { subscription_count: 3 })
      page.pusher.receive('orders', 'pusher_internal:whatever', {})
      page.pusher.receive('orders', 'OrderShipped', { order_id: 1 })
      page.pusher.receive('orders', 'note', 'plain text')
      const expected = [
        { event: 'OrderShipped', data: { order_id: 1 }, receivedAt: 1_700_000_000_000 },
        { event: 'note', data: 'plain text', receivedAt: 1_700_000_000_000 },
      ]
      expect(seen).toEqual([expected, expected])
    })

    it('subscribes once, also where an observer of the status watches the same channel first', () => {
      const { page, client } = createClient()
      const heard: unknown[] = []
      let stop: (() => void) | undefined
      client.onStatus(() => {
        stop ??= client.subscribe('orders')
      })
      client.listen('orders', 'OrderShipped', (payload) => heard.push(payload))
      page.pusher.open()
      page.pusher.accept('orders')
      stop?.()
      vi.advanceTimersByTime(1000)
      page.pusher.receive('orders', 'OrderShipped', 1)
      expect(heard).toEqual([1])
      expect(page.pusher.sent).toEqual(['subscribe orders'])
    })

    it('brings nothing to who has left', () => {
      const { page, client } = subscribed('orders')
      const onMessage = vi.fn()
      client.subscribe('orders', { onMessage })()
      page.pusher.receive('orders', 'OrderShipped')
      expect(onMessage).not.toHaveBeenCalled()
    })

    it('reports what an observer throws and serves the others', () => {
      const { page, client } = subscribed('orders')
      const thrown = new Error('in the page')
      const onMessage = vi.fn()
      client.subscribe('orders', {
        onMessage: () => {
          throw thrown
        },
      })
      client.subscribe('orders', { onMessage })
      page.pusher.receive('orders', 'OrderShipped')
      expect(onMessage).toHaveBeenCalledOnce()
      expect(page.errors).toEqual([thrown])
    })

    it('does not leave before the server has answered', () => {
      const { page, client } = createClient()
      const stop = client.subscribe('private-orders.1')
      page.pusher.open()
      stop()
      vi.advanceTimersByTime(1000)
      expect(client.status.state).toBe('connected')
      page.pusher.accept('private-orders.1')
      vi.advanceTimersByTime(1000)
      expect(page.pusher.sent).toEqual(['subscribe private-orders.1', 'unsubscribe private-orders.1'])
    })
  })

  describe('#channelState', () => {
    it('follows the subscription, also through a reconnect', () => {
      const { page, client } = createClient()
      const states: string[] = []
      client.subscribe('orders', { onState: ({ status }) => states.push(status.state) })
      expect(client.channelState('orders').status).toEqual({ state: 'subscribing' })
      page.pusher.open()
      page.pusher.accept('orders')
      expect(client.channelState('orders').status).toEqual({ state: 'subscribed' })
      page.pusher.lose()
      expect(client.channelState('orders').status).toEqual({ state: 'subscribing' })
      page.pusher.open()
      page.pusher.accept('orders')
      expect(states).toEqual(['subscribed', 'subscribing', 'subscribed'])
    })

    it('is the same object until something changes', () => {
      const { page, client } = subscribed('orders')
      const state = client.channelState('orders')
      page.pusher.receive('orders', 'OrderShipped')
      expect(client.channelState('orders')).toBe(state)
      expect(client.channelState('never')).toBe(client.channelState('neither'))
    })

    it('says why a subscription has failed, and reports it', () => {
      const { page, client } = createClient()
      client.subscribe('private-orders.1')
      page.pusher.open()
      page.pusher.refuse('private-orders.1', 'not your order', 403)
      const { status } = client.channelState('private-orders.1')
      expect(status).toEqual({ state: 'failed', error: expect.any(SubscriptionFailed) })
      expect(status).toMatchObject({ error: { channel: 'private-orders.1', status: 403 } })
      expect(page.errors).toEqual([new SubscriptionFailed('private-orders.1', 'not your order', 403)])
    })

    it('is tried again for whoever comes next, since the user may have signed in', () => {
      const { page, client } = createClient()
      client.subscribe('private-orders.1')
      page.pusher.open()
      page.pusher.refuse('private-orders.1', 'nobody is signed in', 403)
      client.subscribe('private-orders.1')
      client.subscribe('private-orders.1')
      expect(client.channelState('private-orders.1').status).toEqual({ state: 'subscribing' })
      page.pusher.accept('private-orders.1')
      expect(client.channelState('private-orders.1').status).toEqual({ state: 'subscribed' })
      expect(page.pusher.sent).toEqual(['subscribe private-orders.1', 'subscribe private-orders.1'])
    })

    it('shows what pusher-js throws when it subscribes, and is not pending for ever', () => {
      const { page, client } = createClient()
      client.subscribe('orders')
      page.pusher.open()
      const subscribe = page.pusher.subscribe.bind(page.pusher)
      page.pusher.subscribe = (name) => {
        subscribe(name)
        throw new Error('no token')
      }
      for (const count of [1, 2]) {
        client.subscribe('private-orders.1')
        expect(client.channelState('private-orders.1').status).toMatchObject({ state: 'failed' })
        expect(page.errors).toHaveLength(count)
      }
      page.pusher.subscribe = subscribe
      client.subscribe('private-orders.1')
      page.pusher.accept('private-orders.1')
      expect(client.channelState('private-orders.1').status).toEqual({ state: 'subscribed' })
    })

    it('shows what pusher-js throws, such as encryption that is not there', () => {
      const { page, client } = createClient()
      client.subscribe('orders')
      const thrown = new Error('no nacl implementation available')
      page.pusher.channels.add = () => {
        throw thrown
      }
      const stop = client.subscribe('private-encrypted-orders.1')
      page.pusher.lose()
      const { status } = client.channelState('private-encrypted-orders.1')
      expect(status).toMatchObject({ state: 'failed', error: { cause: thrown } })
      expect(page.errors).toHaveLength(1)
      stop()
      vi.advanceTimersByTime(1000)
      expect(client.channelState('private-encrypted-orders.1').status).toEqual({ state: 'subscribing' })
    })

    it('knows the members of a presence channel as they come and go', () => {
      const { page, client } = subscribed('presence-shop', { 7: { name: 'Ada' }, 9: { name: 'Bob' } }, '9')
      const ada = { id: '7', info: { name: 'Ada' } }
      const bob = { id: '9', info: { name: 'Bob' } }
      const eve = { id: '11', info: { name: 'Eve' } }
      expect(client.channelState('presence-shop')).toMatchObject({ members: [ada, bob], me: bob })
      page.pusher.join('presence-shop', '11', eve.info)
      expect(client.channelState('presence-shop')).toMatchObject({ members: [ada, bob, eve], me: bob })
      page.pusher.leave('presence-shop', '7')
      expect(client.channelState('presence-shop')).toMatchObject({ members: [bob, eve], me: bob })
    })

    it('keeps the members while reconnecting, and then has those who are there', () => {
      const { page, client } = subscribed('presence-shop', { 7: {}, 9: {} }, '9')
      page.pusher.lose()
      const lost = client.channelState('presence-shop')
      expect(lost.status).toEqual({ state: 'subscribing' })
      expect(lost.members.map(({ id }) => id)).toEqual(['7', '9'])
      page.pusher.open()
      page.pusher.accept('presence-shop', { 9: {}, 12: {} }, '9')
      expect(client.channelState('presence-shop').members.map(({ id }) => id)).toEqual(['9', '12'])
    })
  })

  describe('#listen', () => {
    it('hears one event, and on presence channels who sent it', () => {
      const { page, client } = subscribed('presence-shop')
      const listener = vi.fn()
      const stop = client.listen('presence-shop', 'client-typing', listener)
      page.pusher.receive('presence-shop', 'client-typing', { on: true }, '7')
      page.pusher.receive('presence-shop', 'OrderShipped', {})
      page.pusher.receive('presence-shop', 'client-typing', { on: false })
      stop()
      page.pusher.receive('presence-shop', 'client-typing', { on: true }, '7')
      expect(listener.mock.calls).toEqual([
        [{ on: true }, { userId: '7' }],
        [{ on: false }, { userId: undefined }],
      ])
    })

    it('keeps the channel subscribed', () => {
      const { page, client } = createClient()
      const stop = client.listen('orders', 'OrderShipped', () => {})
      page.pusher.open()
      page.pusher.accept('orders')
      vi.advanceTimersByTime(5000)
      expect(page.pusher.sent).toEqual(['subscribe orders'])
      stop()
      vi.advanceTimersByTime(1000)
      expect(page.pusher.sent).toEqual(['subscribe orders', 'unsubscribe orders'])
    })

    it('calls nobody who was removed by another listener of the same event', () => {
      const { page, client } = subscribed('orders')
      const second = vi.fn()
      client.listen('orders', 'OrderShipped', () => stop())
      const stop = client.listen('orders', 'OrderShipped', second)
      page.pusher.receive('orders', 'OrderShipped')
      expect(second).not.toHaveBeenCalled()
    })

    it('reports what a listener throws', () => {
      const { page, client } = subscribed('orders')
      const thrown = new Error('in the page')
      client.listen('orders', 'OrderShipped', () => {
        throw thrown
      })
      page.pusher.receive('orders', 'OrderShipped')
      expect(page.errors).toEqual([thrown])
    })

    it('takes the payload type from the listener, or by name', () => {
      const { client } = createClient()
      client.listen('orders', 'OrderShipped', (payload) => expectTypeOf(payload).toBeUnknown())
      client.listen('orders', 'OrderShipped', (payload: { order_id: number }) => payload.order_id)
      client.listen<{ order_id: number }>('orders', 'OrderShipped', (payload) =>
        expectTypeOf(payload).toEqualTypeOf<{ order_id: number }>(),
      )
      client.listen('orders', 'test.declared', (payload) => expectTypeOf(payload).toEqualTypeOf<{ n: 1 }>())
    })
  })

  describe('#whisper', () => {
    it('sends a client event on a channel that is subscribed, and only then', () => {
      const { page, client } = createClient()
      expect(client.whisper('private-chat', 'client-typing')).toBe(false)
      client.subscribe('private-chat')
      page.pusher.open()
      expect(client.whisper('private-chat', 'client-typing', { on: true })).toBe(false)
      page.pusher.accept('private-chat')
      expect(client.whisper('private-chat', 'client-typing', { on: true })).toBe(true)
      page.pusher.lose()
      expect(client.whisper('private-chat', 'client-typing', { on: false })).toBe(false)
      expect(page.pusher.sent).toEqual(['subscribe private-chat', 'client-typing {"on":true}'])
    })

    it('takes names of client events alone', () => {
      expectTypeOf<'typing'>().not.toExtend<Parameters<BroadcastingClient['whisper']>[1]>()
    })
  })
})

declare module './broadcast-events.ts' {
  interface BroadcastEvents {
    'test.declared': { n: 1 }
  }
}
