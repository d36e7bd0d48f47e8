import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { channelName, makeApp, member, socketIdOf } from '../../../test/support/parts.ts'
import type { App } from '../apps/app.ts'
import { MemoryRegistry } from './memory-registry.ts'

const news = channelName('news')
const room = channelName('presence-room')
const app = makeApp({ presenceMaxMembers: 2, maxConnections: 2 })
const socket = socketIdOf('1.1')

let registry: MemoryRegistry

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  registry = new MemoryRegistry()
})

afterEach(() => {
  vi.useRealTimers()
})

const join = (id: string | undefined, channel = room, of: App = app) =>
  registry.join(of, channel, socket, id === undefined ? undefined : member(id))

const leave = (id: string | undefined, channel = room) =>
  registry.leave(app, channel, socket, id === undefined ? undefined : member(id))

/** The users of a channel, by their ids. */
const users = (of: App = app, channel = room) => registry.members(of, channel).map(({ id }) => id)

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
      expect([join(undefined, news), join(undefined, news)]).toEqual(['joined', 'joined'])
      expect(registry.occupancy(app, news)).toEqual({ subscriptions: 2, users: 0 })
      leave(undefined, news)
      expect(registry.occupancy(app, news)).toEqual({ subscriptions: 1, users: 0 })
      leave(undefined, news)
      expect(registry.channels(app, '').size).toBe(0)
      expect(registry.occupancy(app, news)).toEqual({ subscriptions: 0, users: 0 })
    })
  })

  describe('a presence channel', () => {
    it('C61 has everybody in the order in which they came', () => {
      join('7')
      expect(users()).toEqual(['7'])
      join('3')
      expect(users()).toEqual(['7', '3'])
    })

    it('has the same roster at once, which stays as it was when it was asked for', () => {
      expect([...registry.roster(app, room)]).toEqual([])
      join('7')
      const roster = registry.roster(app, room)
      join('3')
      expect([...roster]).toEqual([member('7')])
      expect([...registry.roster(app, room)]).toEqual([member('7'), member('3')])
    })

    it('C64 has a user with two connections once', () => {
      join('7')
      join('7')
      expect(users()).toEqual(['7'])
      expect(registry.occupancy(app, room)).toEqual({ subscriptions: 2, users: 1 })
    })

    it('C65 loses a user with the last connection', () => {
      join('7')
      join('7')
      leave('7')
      expect(users()).toEqual(['7'])
      leave('7')
      expect(users()).toEqual([])
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
      expect([join('1'), users()]).toEqual(['joined', ['1', '2']])
      leave('2')
      expect([join('3'), users()]).toEqual(['joined', ['1', '3']])
    })

    it('is never full with a limit of 0', () => {
      const unlimited = makeApp({ presenceMaxMembers: 0 })
      for (let count = 0; count < 200; count++) join(String(count), room, unlimited)
      expect(registry.members(unlimited, room)).toHaveLength(200)
    })

    it('C70 takes any id for what it is', () => {
      join('__proto__')
      join('constructor')
      expect(users()).toEqual(['__proto__', 'constructor'])
    })
  })

  it('does nothing when a channel is left that nobody is in', () => {
    leave('7')
    expect(registry.occupancy(app, room)).toEqual({ subscriptions: 0, users: 0 })
    expect(registry.channels(app, '').size).toBe(0)
  })

  describe('signed-in users', () => {
    it('C116 are there from their first connection on, and for a moment after their last', () => {
      const isOnline = () => registry.online(app, ['7']).has('7')
      expect(isOnline()).toBe(false)
      for (let count = 0; count < 2; count++) registry.signIn(app, socket, '7')
      registry.signOut(app, socket, '7')
      vi.advanceTimersByTime(60_000)
      expect(isOnline()).toBe(true)
      registry.signOut(app, socket, '7')
      vi.advanceTimersByTime(2_999)
      expect(isOnline()).toBe(true)
      vi.advanceTimersByTime(1)
      expect(isOnline()).toBe(false)
    })

    it('are not signed out who are not signed in', () => {
      registry.signOut(app, socket, '7')
      expect(registry.online(app, ['7'])).toEqual(new Set())
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
    expect(users()).toEqual(['7'])
    leave('7')
    expect(users(other)).toEqual(['8'])
    expect(registry.channels(app, '').size).toBe(0)
  })
})
