import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import { ChannelAuthorizer, type ChannelRule, type RuleResult } from './channel-authorizer.ts'
import { ChannelPatternError, RuleResultError } from './errors.ts'
import type { GuardedKind, RuleOptions } from './rule-options.ts'
import type { BroadcastUser } from './user.ts'

const ann: BroadcastUser = { id: 7, info: { name: 'Ann' } }

function decide(authorizer: ChannelAuthorizer, channel: string, user: BroadcastUser | undefined = ann) {
  return authorizer.decide({ channel, socketId: '1.2', user, request: undefined as never })
}

/** An authorizer with one rule that answers so. */
function answering(result: unknown, options: { guest?: boolean; only?: GuardedKind[] } = {}) {
  const authorizer = new ChannelAuthorizer()
  // Untyped code may answer anything.
  authorizer.add('orders.{id}', () => result as RuleResult, options)
  return authorizer
}

describe('ChannelAuthorizer', () => {
  it('refuses at registration a rule that is no function', () => {
    const rule = true as unknown as ChannelRule
    expect(() => new ChannelAuthorizer().add('orders', rule)).toThrow(
      'Channel rule "orders": the rule must be a function, not true',
    )
  })

  it.each([
    [{ onli: ['presence'] }, '"onli" is not an option; known are guest, only'],
    [
      { only: ['presense'] },
      'only: "presense" is no kind of channel; expected a list of private, encrypted, presence',
    ],
    [
      { only: 'presence' },
      'only: "presence" is not allowed; expected a list of private, encrypted, presence',
    ],
    [{ only: null }, 'only: null is not allowed; expected a list of private, encrypted, presence'],
    [{ guest: 'no' }, 'guest: "no" is not allowed; expected true or false'],
    [['presence'], 'its options must be an object such as { only: ["presence"] }'],
    [null, 'its options must be an object such as { only: ["presence"] }'],
  ])(
    'refuses at registration the options %j, which would open or close more than is meant',
    (given, message) => {
      const authorizer = new ChannelAuthorizer()
      // Plain JavaScript may give anything.
      const add = () => authorizer.add('orders', () => true, given as RuleOptions<false>)
      expect(add).toThrow(ChannelPatternError)
      expect(add).toThrow(`Channel rule "orders": ${message}`)
      expect(authorizer.patterns).toEqual([])
    },
  )

  it('takes options that are left out or undefined for the defaults', async () => {
    const authorizer = new ChannelAuthorizer()
    const given: object = { guest: undefined, only: undefined }
    authorizer.add('orders', () => true, given)
    expect(await decide(authorizer, 'private-orders')).toMatchObject({ granted: true })
  })

  it('refuses what no rule matches', async () => {
    expect(await decide(new ChannelAuthorizer(), 'private-orders.1')).toMatchObject({ granted: false })
  })

  it.each([
    'private-orders.1',
    'private-cache-orders.1',
    'private-encrypted-orders.1',
    'private-encrypted-cache-orders.1',
    'presence-orders.1',
    'presence-cache-orders.1',
  ])('asks one rule for %s', async (channel) => {
    expect(await decide(answering(true), channel)).toMatchObject({ granted: true })
  })

  it('tells the rule who asks what for', async () => {
    const authorizer = new ChannelAuthorizer()
    const rule = vi.fn(() => true)
    authorizer.add('orders.{orderId}', rule)
    await authorizer.decide({
      channel: 'private-orders.7',
      socketId: '1.2',
      user: ann,
      request: 'r' as never,
    })
    expect(rule).toHaveBeenCalledExactlyOnceWith({
      user: ann,
      params: { orderId: '7' },
      channel: 'private-orders.7',
      socketId: '1.2',
      request: 'r',
    })
  })

  it('lets the first rule that matches decide', async () => {
    const authorizer = new ChannelAuthorizer()
    authorizer.add('orders.latest', () => false)
    authorizer.add('orders.{id}', () => true)
    expect(await decide(authorizer, 'private-orders.latest')).toMatchObject({
      granted: false,
      rule: 'orders.latest',
    })
    expect(await decide(authorizer, 'private-orders.1')).toMatchObject({ granted: true })
  })

  it('passes over rules that do not serve the kind', async () => {
    const authorizer = new ChannelAuthorizer()
    authorizer.add('room', () => ({ id: 'm' }), { only: ['presence'] })
    authorizer.add('room', () => true, { only: ['encrypted'] })
    expect(await decide(authorizer, 'presence-cache-room')).toEqual({ granted: true, member: { id: 'm' } })
    expect(await decide(authorizer, 'private-encrypted-room')).toMatchObject({ granted: true })
    expect(await decide(authorizer, 'private-room')).toMatchObject({
      granted: false,
      rule: undefined,
      reason: 'the rule "room" matches "room" but does not serve private channels',
    })
  })

  describe('for a guest', () => {
    it('refuses without asking the rule', async () => {
      const authorizer = new ChannelAuthorizer()
      const rule = vi.fn(() => true)
      authorizer.add('orders.{id}', rule)
      const decision = await authorizer.decide({
        channel: 'private-orders.1',
        socketId: '1.2',
        user: undefined,
        request: undefined as never,
      })
      expect(decision).toEqual({ granted: false, rule: 'orders.{id}', reason: 'the rule admits no guests' })
      expect(rule).not.toHaveBeenCalled()
    })

    it('asks a rule that says so', async () => {
      const authorizer = new ChannelAuthorizer()
      authorizer.add('lobby', ({ user }) => user === undefined, { guest: true })
      const asked = { channel: 'private-lobby', socketId: '1.2', request: undefined as never }
      expect(await authorizer.decide({ ...asked, user: undefined })).toMatchObject({ granted: true })
      expect(await authorizer.decide({ ...asked, user: ann })).toMatchObject({ granted: false })
    })
  })

  describe('with the result', () => {
    it('true: the user becomes the member of a presence channel', async () => {
      expect(await decide(answering(true), 'presence-orders.1')).toEqual({
        granted: true,
        member: { id: 7, info: { name: 'Ann' } },
      })
      expect(await decide(answering(true), 'private-orders.1')).toEqual({ granted: true, member: undefined })
    })

    it('true: takes nothing of the user but id and info', async () => {
      const user = { id: 7, password: 'x' }
      expect(await decide(answering(true), 'presence-orders.1', user)).toEqual({
        granted: true,
        member: { id: 7 },
      })
    })

    it('a member: joins a presence channel as that one, and is a yes elsewhere', async () => {
      const member = { id: 'a', info: { role: 'guest' } }
      expect(await decide(answering(member), 'presence-orders.1')).toEqual({ granted: true, member })
      expect(await decide(answering(member), 'private-orders.1')).toEqual({
        granted: true,
        member: undefined,
      })
    })

    it.each([[false], [null], [undefined]])('%s: is refused', async (result) => {
      expect(await decide(answering(result), 'private-orders.1')).toEqual({
        granted: false,
        rule: 'orders.{id}',
        reason: 'the rule said no',
      })
    })

    it.each([[1], ['yes'], [{}], [[]], [{ id: '' }], [{ id: null }], [{ id: Number.NaN }], [{ id: {} }]])(
      '%j: is an error, never a grant',
      async (result) => {
        await expect(decide(answering(result), 'private-orders.1')).rejects.toThrow(RuleResultError)
        await expect(decide(answering(result), 'presence-orders.1')).rejects.toThrow(
          'Channel rule "orders.{id}"',
        )
      },
    )

    it('true for a guest on a presence channel: is an error, since nobody says who joins', async () => {
      const asked = {
        channel: 'presence-orders.1',
        socketId: '1.2',
        user: undefined,
        request: undefined as never,
      }
      await expect(answering(true, { guest: true }).decide(asked)).rejects.toThrow(
        'return a member { id, info }',
      )
    })

    it('an error: passes it on', async () => {
      const authorizer = new ChannelAuthorizer()
      authorizer.add('orders.{id}', async () => Promise.reject(new Error('no database')))
      await expect(decide(authorizer, 'private-orders.1')).rejects.toThrow('no database')
    })
  })

  it('names the rule that came nearest', async () => {
    const authorizer = new ChannelAuthorizer()
    authorizer.add('users.{id}', () => true)
    authorizer.add('order.{id}.items', () => true)
    authorizer.add('order.{id}', () => true)
    const reasonFor = async (channel: string) => {
      const decision = await decide(authorizer, channel)
      return decision.granted ? undefined : decision.reason
    }
    expect(await reasonFor('private-order.1.lines')).toBe(
      'no rule matches "order.1.lines"; the nearest is "order.{id}.items"',
    )
    expect(await reasonFor('private-warehouse')).toBe('no rule matches "warehouse"')
  })

  it('lists the rules that overlap on the same kind', () => {
    const authorizer = new ChannelAuthorizer()
    authorizer.add('orders.latest', () => true)
    authorizer.add('room', () => true, { only: ['private'] })
    authorizer.add('orders.{id}', () => true)
    authorizer.add('room', () => true, { only: ['presence', 'encrypted'] })
    expect(authorizer.overlaps()).toEqual([{ first: 'orders.latest', second: 'orders.{id}' }])
  })

  it('refuses a pattern that cannot match', () => {
    expect(() => new ChannelAuthorizer().add('private-orders.{id}', () => true)).toThrow(ChannelPatternError)
  })

  it('knows the parameters and the user by type', () => {
    const authorizer = new ChannelAuthorizer()
    authorizer.add('orders.{orderId}', ({ params, user }) => {
      expectTypeOf(params).toEqualTypeOf<{ readonly orderId: string }>()
      expectTypeOf(user).toEqualTypeOf<BroadcastUser>()
      // @ts-expect-error no parameter has this name
      return params.id === user.id
    })
    authorizer.add(
      'lobby',
      ({ user }) => {
        expectTypeOf(user).toEqualTypeOf<BroadcastUser | undefined>()
        return true
      },
      { guest: true },
    )
    // @ts-expect-error a rule answers yes, no or a member
    authorizer.add('a', () => 'yes')
    // @ts-expect-error no such kind
    expect(() => authorizer.add('b', () => true, { only: ['public'] })).toThrow(ChannelPatternError)
  })
})
