import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { channelName, makeApp, member, socketIdOf } from '../../../test/support/parts.ts'
import type { RegistryListener } from '../adapter.ts'
import type { App } from '../apps/app.ts'
import { MemoryRegistry } from './memory-registry.ts'

const app = makeApp({ presenceMaxMembers: 2 })
const other = makeApp({ id: 'other' })
const news = channelName('news')
const room = channelName('presence-room')
const socket = socketIdOf('1.1')

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})

afterEach(() => {
  vi.useRealTimers()
})

/** Hears everything and keeps nothing of it. */
const quiet: RegistryListener = {
  wantsTransitions: false,
  memberAdded() {},
  memberRemoved() {},
  counted() {},
  transition() {},
  userChanged() {},
  isWatched: () => false,
  watchedUsers: () => [],
}

/** A registry, whoever comes to it and goes, and what it tells, in words. */
class Listened {
  readonly transitions: string[] = []
  readonly members: string[] = []
  readonly counts: string[] = []
  readonly users: string[] = []
  readonly registry = new MemoryRegistry()

  constructor(wantsTransitions = true) {
    this.registry.listen({
      ...quiet,
      wantsTransitions,
      transition: (event) => {
        const who = 'userId' in event ? ` ${event.userId}` : ''
        this.transitions.push(`${event.name} ${event.app.id} ${event.channel}${who}`)
      },
      memberAdded: ({ id }, channel, added) =>
        void this.members.push(`+ ${id} ${channel} ${added.id} ${added.info}`),
      memberRemoved: ({ id }, channel, userId) => void this.members.push(`- ${id} ${channel} ${userId}`),
      counted: ({ id }, channel, subscriptions, caused) =>
        void this.counts.push(`${id} ${channel} ${subscriptions} ${caused ? 'caused' : 'heard of'}`),
      userChanged: ({ id }, userId, online) =>
        void this.users.push(`${id} ${userId} ${online ? 'online' : 'offline'}`),
    })
  }

  comes(userId: string | undefined, channel = room, of: App = app) {
    return this.registry.join(of, channel, socket, userId === undefined ? undefined : member(userId))
  }

  goes(userId: string | undefined, channel = room, of: App = app) {
    this.registry.leave(of, channel, socket, userId === undefined ? undefined : member(userId))
  }
}

describe('MemoryRegistry tells', () => {
  describe('of members', () => {
    it('C63 C64 C65 when a user comes with the first connection and goes with the last', () => {
      const listened = new Listened()
      for (let count = 0; count < 2; count++) listened.comes('7')
      for (let count = 0; count < 2; count++) listened.goes('7')
      listened.comes('7')
      expect(listened.members).toEqual([
        '+ app-id presence-room 7 {}',
        '- app-id presence-room 7',
        '+ app-id presence-room 7 {}',
      ])
    })

    it('before the call is answered, when the roster has the member already, or no more', () => {
      const registry = new MemoryRegistry()
      const rosters: string[][] = []
      const note = () => void rosters.push([...registry.roster(app, room)].map(({ id }) => id))
      registry.listen({ ...quiet, memberAdded: note, memberRemoved: note })
      registry.join(app, room, socket, member('7'))
      registry.join(app, room, socket, member('8'))
      registry.leave(app, room, socket, member('7'))
      expect(rosters).toEqual([['7'], ['7', '8'], ['8']])
    })

    it('C73 but not of whoever is not let in, nor of anything else then', () => {
      const listened = new Listened()
      for (const userId of ['1', '2']) listened.comes(userId)
      const { transitions, members, counts } = listened
      const told = structuredClone([transitions, members, counts])
      expect(listened.comes('3')).toBe('full')
      expect([transitions, members, counts]).toEqual(told)
    })

    it('also while nobody wants to hear of transitions', () => {
      const listened = new Listened(false)
      listened.comes('7')
      listened.goes('7')
      expect(listened.members).toHaveLength(2)
    })
  })

  it('C92 of each change of a count, as one that was caused here', () => {
    const listened = new Listened()
    for (const channel of [news, news, room]) listened.comes(channel === room ? '7' : undefined, channel)
    listened.goes('7')
    for (let count = 0; count < 2; count++) listened.goes(undefined, news)
    expect(listened.counts).toEqual([
      'app-id news 1 caused',
      'app-id news 2 caused',
      'app-id presence-room 1 caused',
      'app-id presence-room 0 caused',
      'app-id news 1 caused',
      'app-id news 0 caused',
    ])
  })

  it('nothing of a channel that is left by nobody', () => {
    const listened = new Listened()
    listened.goes('7')
    vi.advanceTimersByTime(3_000)
    expect([listened.transitions, listened.members, listened.counts]).toEqual([[], [], []])
  })

  it('nobody of whoever comes and goes before there is a listener, and counts them all the same', () => {
    const registry = new MemoryRegistry()
    registry.join(app, room, socket, member('7'))
    registry.signIn(app, socket, '7')
    registry.leave(app, room, socket, member('7'))
    registry.signOut(app, socket, '7')
    registry.close()
    expect([registry.members(app, room), registry.online(app, ['7'])]).toEqual([[], new Set()])
  })

  describe('of transitions', () => {
    it('C152 of the first subscription at once, and of the last departure after the grace period', () => {
      const listened = new Listened()
      for (let count = 0; count < 2; count++) listened.comes(undefined, news)
      expect(listened.transitions).toEqual(['channel_occupied app-id news'])
      for (let count = 0; count < 2; count++) listened.goes(undefined, news)
      vi.advanceTimersByTime(2_999)
      expect(listened.transitions).toHaveLength(1)
      vi.advanceTimersByTime(1)
      expect(listened.transitions).toEqual(['channel_occupied app-id news', 'channel_vacated app-id news'])
    })

    it('C152 of each coming and each going exactly once', () => {
      const listened = new Listened()
      for (let round = 0; round < 3; round++) {
        listened.comes(undefined, news)
        listened.goes(undefined, news)
        vi.advanceTimersByTime(3_000)
      }
      const pair = ['channel_occupied app-id news', 'channel_vacated app-id news']
      expect(listened.transitions).toEqual([...pair, ...pair, ...pair])
    })

    it('C153 neither of a channel that is occupied again in time, nor of a member who is back in time', () => {
      const listened = new Listened()
      listened.comes('7')
      for (let round = 0; round < 5; round++) {
        listened.goes('7')
        vi.advanceTimersByTime(2_900)
        listened.comes('7')
      }
      vi.advanceTimersByTime(60_000)
      expect(listened.transitions).toEqual([
        'channel_occupied app-id presence-room',
        'member_added app-id presence-room 7',
      ])
      // Subscribers are told at once, each time.
      expect(listened.members).toHaveLength(11)
    })

    it.each(['7', 'null'])('of a member %s who is gone, although another one keeps the channel', (id) => {
      const listened = new Listened()
      listened.comes(id)
      listened.goes(id)
      listened.comes('8')
      vi.advanceTimersByTime(3_000)
      expect(listened.transitions.slice(2)).toEqual([
        'member_added app-id presence-room 8',
        `member_removed app-id presence-room ${id}`,
      ])
    })

    it('that a member is gone before it tells that the channel is empty', () => {
      const listened = new Listened()
      listened.comes('7')
      listened.goes('7')
      vi.advanceTimersByTime(3_000)
      expect(listened.transitions.slice(2)).toEqual([
        'member_removed app-id presence-room 7',
        'channel_vacated app-id presence-room',
      ])
    })

    it('C178 apart of apps, channels and users, whatever their names', () => {
      const listened = new Listened()
      listened.comes('null')
      listened.goes('null')
      listened.comes('null', room, other)
      listened.comes(undefined, news)
      vi.advanceTimersByTime(3_000)
      expect(listened.transitions).toEqual([
        'channel_occupied app-id presence-room',
        'member_added app-id presence-room null',
        'channel_occupied other presence-room',
        'member_added other presence-room null',
        'channel_occupied app-id news',
        'member_removed app-id presence-room null',
        'channel_vacated app-id presence-room',
      ])
    })

    it('at once what was held back when it closes', () => {
      const listened = new Listened()
      listened.comes('7')
      listened.goes('7')
      listened.registry.close()
      const gone = ['member_removed app-id presence-room 7', 'channel_vacated app-id presence-room']
      expect(listened.transitions.slice(2)).toEqual(gone)
      vi.advanceTimersByTime(3_000)
      expect(listened.transitions).toHaveLength(4)
      expect(vi.getTimerCount()).toBe(0)
    })

    it('nothing, and holds nothing back, while nobody wants to hear of them', () => {
      const listened = new Listened(false)
      listened.comes('7')
      listened.goes('7')
      expect(vi.getTimerCount()).toBe(0)
      expect(listened.transitions).toEqual([])
    })
  })

  describe('of signed-in users', () => {
    it('C116 who come with their first connection, and who are gone for a while with their last', () => {
      const listened = new Listened()
      const { registry } = listened
      for (let count = 0; count < 2; count++) registry.signIn(app, socket, '7')
      expect(listened.users).toEqual(['app-id 7 online'])
      for (let count = 0; count < 2; count++) registry.signOut(app, socket, '7')
      vi.advanceTimersByTime(2_999)
      expect(listened.users).toHaveLength(1)
      vi.advanceTimersByTime(1)
      expect(listened.users).toEqual(['app-id 7 online', 'app-id 7 offline'])
      expect(registry.online(app, ['7'])).toEqual(new Set())
    })

    it('C116 not when they are back in time', () => {
      const listened = new Listened()
      const { registry } = listened
      registry.signIn(app, socket, '7')
      registry.signOut(app, socket, '7')
      vi.advanceTimersByTime(2_000)
      registry.signIn(app, socket, '7')
      vi.advanceTimersByTime(60_000)
      expect(listened.users).toEqual(['app-id 7 online'])
    })

    it('also while nobody wants to hear of transitions, each app its own', () => {
      const listened = new Listened(false)
      const { registry } = listened
      for (const of of [app, other]) registry.signIn(of, socket, '7')
      registry.signOut(app, socket, '7')
      registry.close()
      expect(listened.users).toEqual(['app-id 7 online', 'other 7 online', 'app-id 7 offline'])
    })
  })
})
