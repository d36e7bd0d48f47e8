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

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  told = []
  counts = new Counts(new Lifecycle(new Metrics(), silentLogger), ({ key }, channel, data) => {
    told.push(`${key} ${channel} ${data.replace(/\D/g, '')}`)
  })
})

afterEach(() => {
  vi.useRealTimers()
})

describe('Counts', () => {
  it('C94 gives each channel its own five seconds', () => {
    counts.changed(app, news, 201)
    vi.advanceTimersByTime(100)
    counts.changed(app, other, 301)
    counts.changed(app, news, 202)
    counts.changed(app, other, 302)
    vi.advanceTimersByTime(4_901)
    expect(told).toEqual(['app-key news 201', 'app-key other 301', 'app-key news 202'])
    vi.advanceTimersByTime(100)
    expect(told.at(-1)).toBe('app-key other 302')
  })

  it('C94 ends the pause when few are left', () => {
    for (const count of [101, 102, 100, 101]) counts.changed(app, news, count)
    expect(told).toEqual(['app-key news 101', 'app-key news 100', 'app-key news 101'])
    vi.advanceTimersByTime(60_000)
    expect(told).toHaveLength(3)
  })

  it('goes on for the app as it is by then', () => {
    counts.changed(app, news, 101)
    counts.changed(makeApp({ key: 'new', subscriptionCount: true }), news, 102)
    vi.advanceTimersByTime(5_001)
    expect(told.at(-1)).toBe('new news 102')
  })

  it('leaves no timer behind', () => {
    counts.changed(app, news, 101)
    counts.stop()
    expect(vi.getTimerCount()).toBe(0)
  })
})
