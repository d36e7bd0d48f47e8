import { describe, expect, it } from 'vitest'
import { RateLimiter, TokenBucket } from './rate-limiter.ts'

/** How many of so many attempts at one time are allowed. */
function allowed(attempts: number, attempt: () => boolean): number {
  return Array.from({ length: attempts }, attempt).filter(Boolean).length
}

describe('TokenBucket', () => {
  it('allows the burst, then what comes back with time', () => {
    const bucket = new TokenBucket(10, 20, 5000)
    expect(allowed(30, () => bucket.take(5000))).toBe(20)
    expect(bucket.take(5099)).toBe(false)
    expect(allowed(3, () => bucket.take(5200))).toBe(2)
  })

  it('saves no more than the burst', () => {
    const bucket = new TokenBucket(10, 20, 0)
    expect(allowed(100, () => bucket.take(1_000_000))).toBe(20)
  })

  it('never refuses at a rate of 0', () => {
    const bucket = new TokenBucket(0, 0, 0)
    expect(allowed(10_000, () => bucket.take(0))).toBe(10_000)
  })

  it('allows one now and then below one a second', () => {
    const bucket = new TokenBucket(0.5, 0.5, 0)
    expect([bucket.take(0), bucket.take(1999), bucket.take(2001)]).toEqual([true, false, true])
  })

  it('loses nothing to attempts that are refused', () => {
    const bucket = new TokenBucket(1, 1, 0)
    expect(bucket.take(0)).toBe(true)
    for (let now = 100; now < 1000; now += 100) expect(bucket.take(now)).toBe(false)
    expect(bucket.take(1001)).toBe(true)
  })

  it('is full before anything is taken and after it has come back', () => {
    const bucket = new TokenBucket(10, 10, 0)
    expect(bucket.isFull(0)).toBe(true)
    bucket.take(0)
    expect([bucket.isFull(99), bucket.isFull(100)]).toEqual([false, true])
  })
})

describe('RateLimiter', () => {
  const limits = {
    messageRate: 10,
    messageBurst: 20,
    clientEventRate: 5,
    subscriptionRate: 1,
    subscriptionBurst: 4,
  }

  it('lets so many channels be joined at once, and then at its rate', () => {
    const limiter = new RateLimiter(limits)
    expect([1, 2, 3, 4, 5].map(() => limiter.subscription(0))).toEqual([true, true, true, true, false])
    expect([limiter.subscription(1_000), limiter.subscription(1_000)]).toEqual([true, false])
  })

  it('takes a burst of messages and drops the excess', () => {
    const limiter = new RateLimiter(limits)
    const verdicts = Array.from({ length: 22 }, () => limiter.message(0))
    expect(verdicts).toEqual([...Array(20).fill('take'), 'drop', 'drop'])
  })

  it('closes after ten seconds of excess', () => {
    const limiter = new RateLimiter(limits)
    let now = 0
    while (limiter.message(now) !== 'close' && now < 60_000) now += 20
    // The burst lasts half a second at 50 messages a second against 10.
    expect(now).toBeGreaterThanOrEqual(10_000)
    expect(now).toBeLessThanOrEqual(11_000)
  })

  it('forgives after a second without excess', () => {
    const limiter = new RateLimiter({ ...limits, messageBurst: 1 })
    const verdicts = new Set<string>()
    for (let now = 0; now < 60_000; now += 1002) {
      verdicts.add(limiter.message(now))
      verdicts.add(limiter.message(now))
    }
    expect([...verdicts]).toEqual(['take', 'drop'])
  })

  it('does not forgive within the second', () => {
    const limiter = new RateLimiter({ ...limits, messageBurst: 1 })
    const verdicts = new Set<string>()
    for (let now = 0; now < 12_000; now += 999) {
      verdicts.add(limiter.message(now))
      verdicts.add(limiter.message(now))
    }
    expect([...verdicts]).toEqual(['take', 'drop', 'close'])
  })

  it('C104 lets as many client events pass a second as the rate says', () => {
    const limiter = new RateLimiter(limits)
    expect(allowed(10, () => limiter.clientEvent(0))).toBe(5)
    expect(allowed(10, () => limiter.clientEvent(1000))).toBe(5)
  })

  it('C35 lets ten errors a second pass', () => {
    const limiter = new RateLimiter(limits)
    expect(allowed(1000, () => limiter.mistake(0))).toBe(10)
    expect(allowed(1000, () => limiter.mistake(1000))).toBe(10)
  })

  it('counts messages, client events and errors apart', () => {
    const limiter = new RateLimiter({ ...limits, messageBurst: 1 })
    allowed(100, () => limiter.mistake(0))
    allowed(100, () => limiter.clientEvent(0))
    expect(limiter.message(0)).toBe('take')
  })
})
