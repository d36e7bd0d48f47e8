import { onTestFinished, vi } from 'vitest'

/** Stops the clock by which the server measures; what it returns moves that clock, in seconds. Timers go on as usual. */
export function stoppedClock(): (seconds: number) => void {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => {
    vi.useRealTimers()
  })
  return (seconds) => vi.advanceTimersByTime(seconds * 1000)
}

/** Lets time go on as usual; what it returns lets so many seconds pass at once, for clocks, timers and their callbacks. */
export function skippingClock(): (seconds: number) => Promise<void> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'], shouldAdvanceTime: true })
  onTestFinished(() => {
    vi.useRealTimers()
  })
  return async (seconds) => {
    await vi.advanceTimersByTimeAsync(seconds * 1000)
  }
}
