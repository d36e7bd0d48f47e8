import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { channelName, makeApp } from '../../test/support/parts.ts'
import { silentLogger } from '../support/logger.ts'
import { Counts } from './counts.ts'
import { Lifecycle } from './lifecycle.ts'
import { Metrics } from './metrics.ts'

const app = makeApp({ subscriptionCount: true })
const [news, other] = [channelName('news'), channelName('other')]

let counts: Counts
let told: string[]
let lifecycle: Lifecycle

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  told = []
  lifecycle = new Lifecycle(new Metrics(), silentLogger)
  counts = new Counts(lifecycle, ({ key }, channel, data) => {
    told.push(`${key} ${channel} ${data.replace(/\D/g, '')}`)
  })
})

afterEach(() => {
  vi.useRealTimers()
})

/** The counts that listeners hear of from now on. */
function announced(): number[] {
  const heard: number[] = []
  lifecycle.on((event) => {
    if (event.name === 'subscription_count') heard.push(event.count)
  })
  return heard
}

describe('Counts', () => {
  it('C94 gives each channel its own five seconds', () => {
    counts.changed(app, news, 201, true)
    vi.advanceTimersByTime(100)
    counts.changed(app, other, 301, true)
    counts.changed(app, news, 202, true)
    counts.changed(app, other, 302, true)
    vi.advanceTimersByTime(4_901)
    expect(told).toEqual(['app-key news 201', 'app-key other 301', 'app-key news 202'])
    vi.advanceTimersByTime(100)
    expect(told.at(-1)).toBe('app-key other 302')
  })

  it('C94 ends the pause when few are left', () => {
    for (const count of [101, 102, 100, 101]) counts.changed(app, news, count, true)
    expect(told).toEqual(['app-key news 101', 'app-key news 100', 'app-key news 101'])
    vi.advanceTimersByTime(60_000)
    expect(told).toHaveLength(3)
  })

  it('goes on for the app as it is by then', () => {
    counts.changed(app, news, 101, true)
    counts.changed(makeApp({ key: 'new', subscriptionCount: true }), news, 102, true)
    vi.advanceTimersByTime(5_001)
    expect(told.at(-1)).toBe('new news 102')
  })

  it('tells subscribers of every change, and listeners of those that this node has caused', () => {
    const heard = announced()
    counts.changed(app, news, 1, true)
    counts.changed(app, news, 2, false)
    counts.changed(app, news, 1, true)
    expect(told).toEqual(['app-key news 1', 'app-key news 2', 'app-key news 1'])
    expect(heard).toEqual([1, 1])
  })

  it('C94 tells listeners of the last value of a burst when this node has caused any of it', () => {
    const heard = announced()
    counts.changed(app, news, 101, false)
    counts.changed(app, news, 102, true)
    counts.changed(app, news, 103, false)
    vi.advanceTimersByTime(5_001)
    counts.changed(app, news, 104, false)
    vi.advanceTimersByTime(5_001)
    expect(told).toEqual(['app-key news 101', 'app-key news 103', 'app-key news 104'])
    expect(heard).toEqual([103])
  })

  it('leaves no timer behind', () => {
    counts.changed(app, news, 101, true)
    counts.stop()
    expect(vi.getTimerCount()).toBe(0)
  })
})
