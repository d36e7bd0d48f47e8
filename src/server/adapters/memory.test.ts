import { beforeEach, describe, expect, it } from 'vitest'
import { channelName, makeApp, member, socketIdOf } from '../../../test/support/parts.ts'
import type { Member } from '../../protocol/messages.ts'
import type { App } from '../apps/app.ts'
import { MemoryRegistry } from './memory.ts'

const news = channelName('news')
const room = channelName('presence-room')
const app = makeApp({ presenceMaxMembers: 2, maxConnections: 2 })
const socket = socketIdOf('1.1')

let registry: MemoryRegistry

beforeEach(() => {
  registry = new MemoryRegistry()
})

/** Joins and says what came of it, the members by their ids. */
function join(id: string | undefined, channel = room, of: App = app): unknown {
  const joined = registry.join(of, channel, socket, id === undefined ? undefined : member(id))
  return joined.result === 'full' ? 'full' : [joined.added, [...joined.members].map((one) => one.id)]
}

const leave = (id: string | undefined, channel = room) =>
  registry.leave(app, channel, socket, id === undefined ? undefined : member(id))

const ids = (members: readonly Member[]) => members.map(({ id }) => id)

describe('MemoryRegistry', () => {
  describe('connections', () => {
    it('C9 are counted in up to the quota, and out again', () => {
      expect([1, 2, 3].map(() => registry.connect(app, socket))).toEqual([true, true, false])
      registry.disconnect(app, socket)
      expect([1, 2].map(() => registry.connect(app, socket))).toEqual([true, false])
    })

    it('are told by their number, of this app alone', () => {
      registry.connect(app, socket)
      expect([registry.connections(app), registry.connections(makeApp({ id: 'other' }))]).toEqual([1, 0])
    })

    it('are not limited by a quota of 0', () => {
      const unlimited = makeApp({ maxConnections: 0 })
      for (let count = 0; count < 1000; count++) expect(registry.connect(unlimited, socket)).toBe(true)
    })

    it('are counted for each app apart', () => {
      const other = makeApp({ id: 'other', maxConnections: 1 })
      registry.connect(app, socket)
      expect(registry.connect(other, socket)).toBe(true)
    })
  })

  describe('a public channel', () => {
    it('counts subscriptions and is gone with the last', () => {
      expect([join(undefined, news), join(undefined, news)]).toEqual([
        [false, []],
        [false, []],
      ])
      expect(registry.occupancy(app, news)).toEqual({ subscriptions: 2, users: 0 })
      expect([leave(undefined, news), leave(undefined, news)]).toEqual([
        { vacated: false, removed: false, subscriptions: 1 },
        { vacated: true, removed: false, subscriptions: 0 },
      ])
      expect(registry.channels(app, '').size).toBe(0)
      expect(registry.occupancy(app, news)).toEqual({ subscriptions: 0, users: 0 })
    })
  })

  describe('a presence channel', () => {
    it('C61 answers with everybody in the order they came, the newcomer included', () => {
      expect(join('7')).toEqual([true, ['7']])
      expect(join('3')).toEqual([true, ['7', '3']])
      expect(ids(registry.members(app, room))).toEqual(['7', '3'])
    })

    it('C64 has a user with two connections once', () => {
      join('7')
      expect(join('7')).toEqual([false, ['7']])
      expect(registry.occupancy(app, room)).toEqual({ subscriptions: 2, users: 1 })
    })

    it('C65 loses a user with the last connection', () => {
      join('7')
      join('7')
      expect(leave('7')).toMatchObject({ removed: false, vacated: false })
      expect(ids(registry.members(app, room))).toEqual(['7'])
      expect(leave('7')).toEqual({ removed: true, vacated: true, subscriptions: 0 })
      expect(registry.members(app, room)).toEqual([])
      expect(registry.channels(app, '').size).toBe(0)
    })

    it('keeps what the first connection of a user said', () => {
      registry.join(app, room, socket, { id: '7', info: '"first"' })
      registry.join(app, room, socket, { id: '7', info: '"second"' })
      expect(registry.members(app, room)).toEqual([{ id: '7', info: '"first"' }])
    })

    it('takes what the user says who comes back', () => {
      registry.join(app, room, socket, { id: '7', info: '"first"' })
      leave('7')
      registry.join(app, room, socket, { id: '7', info: '"second"' })
      expect(registry.members(app, room)).toEqual([{ id: '7', info: '"second"' }])
    })

    it('C73 is full for new users only, until one leaves', () => {
      join('1')
      join('2')
      expect(join('3')).toBe('full')
      expect(registry.occupancy(app, room)).toEqual({ subscriptions: 2, users: 2 })
      expect(join('1')).toEqual([false, ['1', '2']])
      leave('2')
      expect(join('3')).toEqual([true, ['1', '3']])
    })

    it('is never full with a limit of 0', () => {
      const unlimited = makeApp({ presenceMaxMembers: 0 })
      for (let count = 0; count < 200; count++) join(String(count), room, unlimited)
      expect(registry.members(unlimited, room)).toHaveLength(200)
    })

    it('C70 takes any id for what it is', () => {
      join('__proto__')
      expect(join('constructor')).toEqual([true, ['__proto__', 'constructor']])
    })
  })

  it('does nothing when a channel is left that nobody is in', () => {
    expect(leave('7')).toEqual({ removed: false, vacated: false, subscriptions: 0 })
    expect(registry.occupancy(app, room)).toEqual({ subscriptions: 0, users: 0 })
  })

  it('says who is the first in a channel, and how many are in it', () => {
    expect(registry.join(app, news, socket, undefined)).toMatchObject({ occupied: true, subscriptions: 1 })
    expect(registry.join(app, news, socket, undefined)).toMatchObject({ occupied: false, subscriptions: 2 })
  })

  describe('signed-in users', () => {
    it('C116 come with their first connection and go with their last', () => {
      expect([registry.signIn(app, socket, '7'), registry.signIn(app, socket, '7')]).toEqual([true, false])
      expect([registry.signOut(app, socket, '7'), registry.signOut(app, socket, '7')]).toEqual([false, true])
      expect(registry.signIn(app, socket, '7')).toBe(true)
    })

    it('are those of the asked who are there, in this app alone', () => {
      registry.signIn(app, socket, '7')
      registry.signIn(makeApp({ id: 'other' }), socket, '8')
      expect(registry.online(app, ['7', '8', '__proto__'])).toEqual(new Set(['7']))
    })
  })

  it('finds channels by their prefix', () => {
    join(undefined, news)
    join('7')
    expect([...registry.channels(app, 'presence-')]).toEqual([[room, { subscriptions: 1, users: 1 }]])
    expect([...registry.channels(app, '').keys()]).toEqual([news, room])
  })

  it('C178 keeps apps apart, channels of the same name too', () => {
    const other = makeApp({ id: 'other' })
    join('7')
    join('8', room, other)
    expect(ids(registry.members(app, room))).toEqual(['7'])
    leave('7')
    expect(ids(registry.members(other, room))).toEqual(['8'])
    expect(registry.channels(app, '').size).toBe(0)
  })
})
