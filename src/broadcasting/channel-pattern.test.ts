import { describe, expect, expectTypeOf, it } from 'vitest'
import { ChannelPattern, type ParamsOf } from './channel-pattern.ts'
import { ChannelPatternError } from './errors.ts'

describe('ChannelPattern', () => {
  describe('#match', () => {
    it.each([
      ['orders.{orderId}', 'orders.1', { orderId: '1' }],
      ['orders.{orderId}', 'orders.a-b_c=@,;', { orderId: 'a-b_c=@,;' }],
      ['orders.{orderId}.items.{itemId}', 'orders.1.items.2', { orderId: '1', itemId: '2' }],
      ['{a}.{b}', 'x.y', { a: 'x', b: 'y' }],
      ['room-{id}', 'room-7', { id: '7' }],
      ['room-{id}-chat', 'room-7-chat', { id: '7' }],
      ['warehouse', 'warehouse', {}],
      ['orders.007', 'orders.007', {}],
    ])('%s matches %s', (pattern, name, params) => {
      expect(new ChannelPattern(pattern).match(name)).toEqual(params)
    })

    it.each([
      ['orders.{orderId}', 'orders.1.2'],
      ['orders.{orderId}', 'orders.'],
      ['orders.{orderId}', 'orders'],
      ['orders.{orderId}', 'ordersX1'],
      ['orders.{orderId}', 'my-orders.1'],
      ['orders.{orderId}', 'orders.1\n'],
      ['orders.{orderId}', 'Orders.1'],
      ['orders.{orderId}', 'private-orders.1'],
      ['warehouse', 'warehouse2'],
      ['a.b', 'axb'],
    ])('%s does not match %j', (pattern, name) => {
      expect(new ChannelPattern(pattern).match(name)).toBeUndefined()
    })

    it('gives a parameter called __proto__ like any other', () => {
      const params = new ChannelPattern('a.{__proto__}').match('a.1')
      expect(Object.entries(params ?? {})).toEqual([['__proto__', '1']])
    })
  })

  it.each([
    ['', 'empty'],
    ['private-orders.{id}', 'without prefix'],
    ['presence-orders.{id}', 'without prefix'],
    ['cache-prices', 'without prefix'],
    ['encrypted-orders', 'without prefix'],
    ['#server-to-user-{id}', 'not allowed'],
    ['orders.*', 'not allowed'],
    ['orders.{id', 'no counterpart'],
    ['orders.id}', 'no counterpart'],
    ['orders.{}', 'no name'],
    ['orders.{order id}', 'no name'],
    ['orders.{1}', 'no name'],
    ['orders.{id}.{id}', 'twice'],
    ['orders 1', 'not allowed'],
  ])('refuses %j', (pattern, reason) => {
    expect(() => new ChannelPattern(pattern)).toThrow(ChannelPatternError)
    expect(() => new ChannelPattern(pattern)).toThrow(reason)
  })

  describe('#overlaps', () => {
    it.each([
      ['orders.{id}', 'orders.{orderId}'],
      ['orders.{id}', 'orders.latest'],
      ['{a}.1', 'orders.{b}'],
      ['room-{id}', '{name}'],
      ['room-{id}', 'room-1'],
      ['a-{x}', '{y}-b'],
      ['a', 'a'],
    ])('%s and %s do', (one, other) => {
      expect(new ChannelPattern(one).overlaps(new ChannelPattern(other))).toBe(true)
      expect(new ChannelPattern(other).overlaps(new ChannelPattern(one))).toBe(true)
    })

    it.each([
      ['orders.{id}', 'order.{id}'],
      ['orders.{id}', 'orders.{id}.items'],
      ['room-{id}', 'room-'],
      ['room-{id}', 'hall-{id}'],
      ['a', 'b'],
    ])('%s and %s do not', (one, other) => {
      expect(new ChannelPattern(one).overlaps(new ChannelPattern(other))).toBe(false)
      expect(new ChannelPattern(other).overlaps(new ChannelPattern(one))).toBe(false)
    })
  })
})

describe('ParamsOf', () => {
  it('has the parameters of a literal, and any name for other texts', () => {
    expectTypeOf<ParamsOf<'orders.{orderId}.items.{itemId}'>>().toEqualTypeOf<{
      readonly orderId: string
      readonly itemId: string
    }>()
    expectTypeOf<keyof ParamsOf<'warehouse'>>().toEqualTypeOf<never>()
    expectTypeOf<ParamsOf<string>>().toEqualTypeOf<Readonly<Record<string, string>>>()
  })
})
