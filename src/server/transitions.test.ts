import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { channelName, makeApp } from '../../test/support/parts.ts'
import { silentLogger } from '../support/logger.ts'
import { Grace } from './grace.ts'
import { Lifecycle } from './lifecycle.ts'
import { Metrics } from './metrics.ts'
import { Transitions } from './transitions.ts'

const app = makeApp()
const news = channelName('news')
const room = channelName('presence-room')

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})

afterEach(() => {
  vi.useRealTimers()
})

/** Transitions with three seconds of grace; `told` is what was announced, in words. */
function watched() {
  const told: string[] = []
  const lifecycle = new Lifecycle(new Metrics(), silentLogger)
  lifecycle.on((event) => {
    const who = 'userId' in event ? ` ${event.userId}` : ''
    told.push(`${event.name} ${event.app.id} ${event.channel}${who}`)
  })
  return { told, transitions: new Transitions(lifecycle, new Grace(3_000)) }
}

describe('Transitions', () => {
  it('C152 tell of the first subscription at once, and of the last departure after the grace period', () => {
    const { told, transitions } = watched()
    transitions.occupied(app, news)
    expect(told).toEqual(['channel_occupied app-id news'])
    transitions.vacated(app, news)
    vi.advanceTimersByTime(2_999)
    expect(told).toHaveLength(1)
    vi.advanceTimersByTime(1)
    expect(told).toEqual(['channel_occupied app-id news', 'channel_vacated app-id news'])
  })

  it('C152 tell of each coming and each going exactly once', () => {
    const { told, transitions } = watched()
    for (let round = 0; round < 3; round++) {
      transitions.occupied(app, news)
      transitions.vacated(app, news)
      vi.advanceTimersByTime(3_000)
    }
    const pair = ['channel_occupied app-id news', 'channel_vacated app-id news']
    expect(told).toEqual([...pair, ...pair, ...pair])
  })

  it('C153 tell neither of a channel that is occupied again in time, nor of a member who is back in time', () => {
    const { told, transitions } = watched()
    transitions.occupied(app, room)
    transitions.memberAdded(app, room, '7')
    for (let round = 0; round < 5; round++) {
      transitions.memberRemoved(app, room, '7')
      transitions.vacated(app, room)
      vi.advanceTimersByTime(2_900)
      transitions.occupied(app, room)
      transitions.memberAdded(app, room, '7')
    }
    vi.advanceTimersByTime(60_000)
    expect(told).toEqual(['channel_occupied app-id presence-room', 'member_added app-id presence-room 7'])
  })

  it('tell of a member who is gone, although another one keeps the channel occupied', () => {
    const { told, transitions } = watched()
    transitions.memberRemoved(app, room, '7')
    transitions.vacated(app, room)
    transitions.occupied(app, room)
    transitions.memberAdded(app, room, '8')
    vi.advanceTimersByTime(3_000)
    expect(told).toEqual(['member_added app-id presence-room 8', 'member_removed app-id presence-room 7'])
  })

  it('tell that a member is gone before they tell that the channel is empty', () => {
    const { told, transitions } = watched()
    transitions.memberRemoved(app, room, '7')
    transitions.vacated(app, room)
    vi.advanceTimersByTime(3_000)
    expect(told).toEqual(['member_removed app-id presence-room 7', 'channel_vacated app-id presence-room'])
  })

  it('C178 know apps, channels and users apart, whatever their names', () => {
    const { told, transitions } = watched()
    const other = makeApp({ id: 'other' })
    transitions.vacated(app, room)
    transitions.memberRemoved(app, room, 'null')
    transitions.occupied(other, room)
    transitions.memberAdded(other, room, 'null')
    transitions.memberAdded(app, room, '7')
    transitions.occupied(app, news)
    vi.advanceTimersByTime(3_000)
    expect(told).toEqual([
      'channel_occupied other presence-room',
      'member_added other presence-room null',
      'member_added app-id presence-room 7',
      'channel_occupied app-id news',
      'channel_vacated app-id presence-room',
      'member_removed app-id presence-room null',
    ])
  })

  it('tell at once what was held back when flushed', () => {
    const { told, transitions } = watched()
    transitions.memberRemoved(app, room, '7')
    transitions.vacated(app, room)
    transitions.flush()
    expect(told).toEqual(['member_removed app-id presence-room 7', 'channel_vacated app-id presence-room'])
    vi.advanceTimersByTime(3_000)
    expect(told).toHaveLength(2)
  })

  it('hold nothing back while nobody listens', () => {
    const transitions = new Transitions(new Lifecycle(new Metrics(), silentLogger), new Grace(3_000))
    transitions.vacated(app, news)
    transitions.memberRemoved(app, room, '7')
    expect(vi.getTimerCount()).toBe(0)
  })
})
