import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { expectNoUnhandledRejections } from '../../test/support/unhandled.ts'
import { inTime } from './in-time.ts'

const tooLate = () => new Error('too late')

expectNoUnhandledRejections()

describe('inTime', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('gives what comes in time, or its failure, and leaves no timer', async () => {
    expect(await inTime(Promise.resolve(7), 10, tooLate)).toBe(7)
    await expect(inTime(Promise.reject(new Error('broken')), 10, tooLate)).rejects.toThrow('broken')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('rejects when the time is over, and takes no notice of what fails afterwards', async () => {
    const given = new Promise<never>((_resolve, reject) =>
      setTimeout(() => reject(new Error('broken')), 20_000),
    )
    const late = expect(inTime(given, 10, tooLate)).rejects.toThrow('too late')
    await vi.advanceTimersByTimeAsync(10_000)
    await late
    await vi.advanceTimersByTimeAsync(10_000)
    expect(vi.getTimerCount()).toBe(0)
  })
})
