import { describe, expect, it } from 'vitest'
import { stoppedClock } from '../../../test/support/clock.ts'
import { channelName, makeApp } from '../../../test/support/parts.ts'
import { Misses } from './misses.ts'

/** Whether a miss in a channel repeats an earlier one. */
function watched() {
  const pass = stoppedClock()
  const misses = new Misses(5_000)
  const app = makeApp()
  const repeats = (channel: string, missed = app) =>
    misses.repeats({ name: 'cache_miss', app: missed, channel: channelName(channel) })
  return { pass, repeats }
}

describe('Misses', () => {
  it('C157 lets one pass per channel and pause', () => {
    const { pass, repeats } = watched()
    expect(repeats('cache-a')).toBe(false)
    expect(repeats('cache-a')).toBe(true)
    pass(4.999)
    expect(repeats('cache-a')).toBe(true)
    pass(0.001)
    expect(repeats('cache-a')).toBe(false)
    expect(repeats('cache-a')).toBe(true)
  })

  it('knows channels and apps apart', () => {
    const { pass, repeats } = watched()
    const other = makeApp({ id: 'other' })
    expect([repeats('cache-a'), repeats('cache-b'), repeats('cache-a', other)]).toEqual([false, false, false])
    pass(3)
    expect(repeats('cache-c')).toBe(false)
    pass(2)
    expect([repeats('cache-a'), repeats('cache-b'), repeats('cache-c')]).toEqual([false, false, true])
  })

  it('knows the same app after its settings have changed', () => {
    const { repeats } = watched()
    expect([repeats('cache-a'), repeats('cache-a', makeApp())]).toEqual([false, true])
  })
})
