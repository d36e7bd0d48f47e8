import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Grace } from './grace.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})

afterEach(() => {
  vi.useRealTimers()
})

/** A grace period of a second, and what has happened after one. */
function watched() {
  const happened: string[] = []
  const grace = new Grace(1000)
  const hold = (key: string) => grace.hold(key, () => happened.push(key))
  return { grace, hold, happened }
}

describe('Grace', () => {
  it('lets everything happen after the delay, each in its time and in the order in which it was held', () => {
    const { hold, happened } = watched()
    hold('a')
    hold('b')
    vi.advanceTimersByTime(600)
    hold('c')
    vi.advanceTimersByTime(399)
    expect(happened).toEqual([])
    vi.advanceTimersByTime(1)
    expect(happened).toEqual(['a', 'b'])
    vi.advanceTimersByTime(599)
    expect(happened).toEqual(['a', 'b'])
    vi.advanceTimersByTime(1)
    expect(happened).toEqual(['a', 'b', 'c'])
  })

  it('lets nothing happen twice', () => {
    const { hold, happened } = watched()
    hold('a')
    vi.advanceTimersByTime(10_000)
    expect(happened).toEqual(['a'])
  })

  it('takes back what is cancelled in time, and says whether there was something', () => {
    const { grace, hold, happened } = watched()
    hold('a')
    hold('b')
    expect([grace.holds('a'), grace.cancel('a'), grace.cancel('a'), grace.holds('a')]).toEqual([
      true,
      true,
      false,
      false,
    ])
    vi.advanceTimersByTime(1000)
    expect(happened).toEqual(['b'])
    expect(grace.cancel('b')).toBe(false)
  })

  it('gives the whole delay again to what was cancelled and is held anew', () => {
    const { grace, hold, happened } = watched()
    hold('a')
    vi.advanceTimersByTime(900)
    grace.cancel('a')
    hold('a')
    vi.advanceTimersByTime(999)
    expect(happened).toEqual([])
    vi.advanceTimersByTime(1)
    expect(happened).toEqual(['a'])
  })

  it('keeps the time of what is held already', () => {
    const { hold, happened } = watched()
    hold('a')
    vi.advanceTimersByTime(500)
    hold('a')
    vi.advanceTimersByTime(500)
    expect(happened).toEqual(['a'])
  })

  it('has one timer however much is held, and none when nothing is', () => {
    const { hold } = watched()
    expect(vi.getTimerCount()).toBe(0)
    for (let key = 0; key < 100; key++) hold(String(key))
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(1000)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('keeps the time of the others when one that happens has something held', () => {
    const { grace, hold, happened } = watched()
    grace.hold('a', () => hold('c'))
    vi.advanceTimersByTime(100)
    hold('b')
    vi.advanceTimersByTime(1000)
    expect(happened).toEqual(['b'])
    vi.advanceTimersByTime(900)
    expect(happened).toEqual(['b', 'c'])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('lets everything happen at once when flushed', () => {
    const { grace, hold, happened } = watched()
    hold('a')
    hold('b')
    grace.flush()
    expect(happened).toEqual(['a', 'b'])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('lets nothing happen when stopped', () => {
    const { grace, hold, happened } = watched()
    hold('a')
    grace.stop()
    vi.advanceTimersByTime(10_000)
    expect(happened).toEqual([])
    expect(grace.holds('a')).toBe(false)
  })
})
