import { describe, expect, it } from 'vitest'
import { makeApp } from '../../../test/support/parts.ts'
import { ApiLimiter } from './api-limiter.ts'

describe('ApiLimiter', () => {
  it('lets everything pass without a rate', () => {
    const limiter = new ApiLimiter()
    for (let count = 0; count < 1000; count++) expect(limiter.take(makeApp(), 0)).toBe(0)
  })

  it('lets as many pass a second as the rate says, and says how long the next one has to wait', () => {
    const limiter = new ApiLimiter()
    const app = makeApp({ apiRate: 2 })
    expect([0, 0, 0].map((now) => limiter.take(app, now))).toEqual([0, 0, 0.5])
    expect(limiter.take(app, 250)).toBe(0.25)
    expect(limiter.take(app, 500)).toBe(0)
    expect(limiter.take(app, 500)).toBe(0.5)
  })

  it('may be slower than once a second', () => {
    const limiter = new ApiLimiter()
    const app = makeApp({ apiRate: 0.1 })
    expect([0, 0].map((now) => limiter.take(app, now))).toEqual([0, 10])
    expect(limiter.take(app, 9_000)).toBeCloseTo(1)
    expect(limiter.take(app, 10_000)).toBe(0)
  })

  it('counts each app for itself', () => {
    const limiter = new ApiLimiter()
    expect(['1', '2', '1'].map((id) => limiter.take(makeApp({ id, apiRate: 1 }), 0))).toEqual([0, 0, 1])
  })

  it('goes by the new rate of an app that has changed', () => {
    const limiter = new ApiLimiter()
    limiter.take(makeApp({ apiRate: 1 }), 0)
    expect(limiter.take(makeApp({ apiRate: 2 }), 0)).toBe(0)
  })
})
