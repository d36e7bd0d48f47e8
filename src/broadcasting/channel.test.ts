import { describe, expect, it } from 'vitest'
import { Channel, EncryptedPrivateChannel, PresenceChannel, PrivateChannel } from './channel.ts'
import { ChannelNameError } from './errors.ts'

describe('Channel', () => {
  it.each(['', 5, undefined])('says that %j is no name', (name) => {
    expect(() => new Channel(name as string)).toThrow(/: the name must be a text that is not empty/)
  })

  it('carries the name on the wire', () => {
    expect(new Channel('orders.1').name).toBe('orders.1')
    expect(new PrivateChannel('orders.1').name).toBe('private-orders.1')
    expect(new PresenceChannel('orders.1').name).toBe('presence-orders.1')
    expect(new EncryptedPrivateChannel('orders.1').name).toBe('private-encrypted-orders.1')
    expect(String(new PrivateChannel('orders.1'))).toBe('private-orders.1')
  })

  it('may be cached, and may begin with a word that is no prefix', () => {
    expect(new Channel('cache-prices').name).toBe('cache-prices')
    expect(new PrivateChannel('cache-prices').name).toBe('private-cache-prices')
    expect(new PresenceChannel('cache-prices').name).toBe('presence-cache-prices')
    expect(new EncryptedPrivateChannel('cache-prices').name).toBe('private-encrypted-cache-prices')
    expect(new Channel('privateer').name).toBe('privateer')
    expect(new Channel('encrypted-at-rest').name).toBe('encrypted-at-rest')
  })

  it('can be subclassed, private ones stay private', () => {
    class OrderChannel extends PrivateChannel {
      constructor(id: number) {
        super(`orders.${id}`)
      }
    }
    expect(new OrderChannel(7).name).toBe('private-orders.7')
  })

  it('accepts every character of the protocol and 200 of them', () => {
    expect(new Channel('aZ09_-=@,.;').name).toBe('aZ09_-=@,.;')
    expect(new Channel('x'.repeat(200)).name).toHaveLength(200)
    expect(new PrivateChannel('x'.repeat(192)).name).toHaveLength(200)
  })

  it.each(['', 'orders 1', 'orders/1', 'ördens', 'orders.1\n', '#server-to-user-7', 'x'.repeat(201)])(
    'refuses the name %j',
    (name) => {
      expect(() => new Channel(name)).toThrow(ChannelNameError)
      expect(() => new PrivateChannel(name)).toThrow(ChannelNameError)
    },
  )

  it('counts the prefix', () => {
    expect(() => new PrivateChannel('x'.repeat(193))).toThrow('is not a channel name')
  })

  it.each(['private-x', 'presence-x', 'private-encrypted-x', 'presence-cache-x'])(
    'refuses %s, which carries a prefix already',
    (name) => {
      for (const Class of [Channel, PrivateChannel, PresenceChannel, EncryptedPrivateChannel]) {
        expect(() => new Class(name)).toThrow(`new ${Class.name}("${name}"): expected a name without prefix`)
      }
    },
  )

  it('makes an encrypted channel in one way only', () => {
    expect(() => new PrivateChannel('encrypted-x')).toThrow(ChannelNameError)
    expect(() => new PrivateChannel('encrypted-cache-x')).toThrow(ChannelNameError)
    expect(new PresenceChannel('encrypted-x').name).toBe('presence-encrypted-x')
    expect(new EncryptedPrivateChannel('encrypted-x').name).toBe('private-encrypted-encrypted-x')
  })

  it.each([undefined, null, 7, {}])('refuses %s where there are no types', (name) => {
    expect(() => Reflect.construct(Channel, [name])).toThrow(ChannelNameError)
  })
})
