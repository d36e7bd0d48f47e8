import { describe, expect, it, vi } from 'vitest'
import { BroadcastEvent } from './broadcast-event.ts'
import { Channel, type ChannelLike, PrivateChannel } from './channel.ts'
import { ChannelNameError, EventError, PayloadError } from './errors.ts'
import { resolveEvent } from './resolve-event.ts'

class OrderShipped extends BroadcastEvent {
  readonly order_id: number
  readonly #secret = 'hidden'
  constructor(id: number) {
    super()
    this.order_id = id
  }
  get secret() {
    return this.#secret
  }
  broadcastOn(): ChannelLike | readonly ChannelLike[] {
    return new Channel(`orders.${this.order_id}`)
  }
}

/** An event on one public channel with some methods replaced, as untyped code may write it. */
function eventWith(methods: Record<string, unknown>): BroadcastEvent {
  return Object.assign(new OrderShipped(1), methods)
}

describe('resolveEvent', () => {
  it('tells a class from its events, and names the method that must be written', () => {
    class OrderShipped {}
    expect(() => resolveEvent(OrderShipped as unknown as BroadcastEvent)).toThrow(
      'OrderShipped: broadcast() takes an event, and this is its class: broadcast(new OrderShipped(…))',
    )
    expect(() => resolveEvent({} as BroadcastEvent)).toThrow('Object: has no method broadcastOn()')
  })

  it('takes the name of the class and the own fields, never private ones nor getters', () => {
    expect(resolveEvent(new OrderShipped(1))).toEqual({
      channels: ['orders.1'],
      event: 'OrderShipped',
      data: '{"order_id":1}',
    })
  })

  it('takes a field called name or payload for a field', () => {
    class UserJoined extends OrderShipped {
      readonly name = 'Bob'
      readonly payload = {}
    }
    expect(resolveEvent(new UserJoined(1))).toMatchObject({
      event: 'UserJoined',
      data: '{"order_id":1,"name":"Bob","payload":{}}',
    })
  })

  it('sends a base event without fields as an empty object', () => {
    class Ping extends BroadcastEvent {
      broadcastOn() {
        return 'pings'
      }
    }
    expect(resolveEvent(new Ping())).toEqual({ channels: ['pings'], event: 'Ping', data: '{}' })
  })

  it('prefers the static name to that of the class, and broadcastAs() to both', () => {
    class Named extends OrderShipped {
      static override eventName = 'order.shipped'
    }
    class Renamed extends Named {
      override broadcastAs() {
        return 'App\\Events\\Shipped'
      }
    }
    expect(resolveEvent(new Named(1)).event).toBe('order.shipped')
    expect(resolveEvent(new Renamed(1)).event).toBe('App\\Events\\Shipped')
  })

  it('takes one channel, several, and whole names, each once', () => {
    const on = (channels: ChannelLike | readonly ChannelLike[]) =>
      resolveEvent(eventWith({ broadcastOn: () => channels, broadcastWith: () => ({}) })).channels
    expect(on('private-orders.1')).toEqual(['private-orders.1'])
    expect(on(new PrivateChannel('a'))).toEqual(['private-a'])
    expect(on([new Channel('a'), 'b', 'a', new PrivateChannel('a')])).toEqual(['a', 'b', 'private-a'])
    expect(on('#server-to-user-7')).toEqual(['#server-to-user-7'])
    expect(on([])).toEqual([])
  })

  it('asks each method once', () => {
    const methods = {
      broadcastWhen: vi.fn(() => true),
      broadcastAs: vi.fn(() => 'x'),
      broadcastOn: vi.fn(() => ['a', 'b', 'c']),
      broadcastWith: vi.fn(() => ({})),
    }
    resolveEvent(eventWith(methods))
    for (const method of Object.values(methods)) expect(method).toHaveBeenCalledOnce()
  })

  it('goes nowhere when it is not to be sent, and is not asked where and what', () => {
    const broadcastOn = vi.fn(() => 'a')
    const broadcastWith = vi.fn(() => ({}))
    const resolved = resolveEvent(eventWith({ broadcastWhen: () => false, broadcastOn, broadcastWith }))
    expect(resolved).toMatchObject({ event: 'OrderShipped', channels: [] })
    expect(broadcastOn).not.toHaveBeenCalled()
    expect(broadcastWith).not.toHaveBeenCalled()
  })

  it.each(['broadcastWhen', 'broadcastAs', 'broadcastOn', 'broadcastWith'])(
    'refuses a %s() that returns a promise, and lets no rejection go astray',
    async (method) => {
      const unhandled = vi.fn()
      process.on('unhandledRejection', unhandled)
      const event = eventWith({ [method]: async () => Promise.reject(new Error('too late')) })
      expect(() => resolveEvent(event)).toThrow(EventError)
      expect(() => resolveEvent(event)).toThrow(`OrderShipped: ${method}() returned a promise`)
      await new Promise((resolve) => setImmediate(resolve))
      process.off('unhandledRejection', unhandled)
      expect(unhandled).not.toHaveBeenCalled()
    },
  )

  it.each([
    ['', 'must be a string'],
    ['x'.repeat(201), 'must be a string'],
    [undefined, 'must be a string'],
  ])('refuses the name %j', (name, reason) => {
    expect(() => resolveEvent(eventWith({ broadcastAs: () => name }))).toThrow(reason)
  })

  it('refuses names that belong to the protocol, and classes without a name', () => {
    expect(() => resolveEvent(eventWith({ broadcastAs: () => 'pusher:ping' }))).toThrow(
      'belongs to the protocol',
    )
    const Nameless = (() => class extends OrderShipped {})()
    expect(() => resolveEvent(new Nameless(1))).toThrow('give the class a name, a static eventName')
  })

  it.each([
    [() => 'orders 1', ChannelNameError],
    [() => '', ChannelNameError],
    [() => undefined, EventError],
    [() => [null], EventError],
    [() => [7], EventError],
    [() => ({}), EventError],
    [() => 'private encrypted-x', ChannelNameError],
  ])('refuses what %s returns', (broadcastOn, kind) => {
    expect(() => resolveEvent(eventWith({ broadcastOn, broadcastWith: () => ({}) }))).toThrow(kind)
  })

  it('refuses a payload that is not JSON by the name of the event', () => {
    class Shipped extends OrderShipped {
      readonly at = new Date()
    }
    expect(() => resolveEvent(new Shipped(1))).toThrow(PayloadError)
    expect(() => resolveEvent(new Shipped(1))).toThrow('Shipped: "at" is an instance of Date')
  })

  it.each([undefined, null, 'OrderShipped', {}])('refuses %s, which is no event', (event) => {
    expect(() => Reflect.apply(resolveEvent, undefined, [event])).toThrow(
      'broadcast() takes a BroadcastEvent',
    )
  })
})
