import { describe, expect, it } from 'vitest'
import { shrink } from './shrink.ts'
import { simulateSeed } from './simulate.ts'

/** Schedules that are run each time; `npm run simulate` runs many more. */
const schedules = 500

describe('simulated nodes', () => {
  it(`keep their promises in ${schedules} schedules`, { timeout: 300_000 }, async () => {
    for (let seed = 1; seed <= schedules; seed++) {
      const outcome = await simulateSeed(seed)
      if (outcome.violation === undefined) continue
      const { trace } = await shrink(outcome)
      expect.fail(
        `Seed ${seed}: ${outcome.violation.what}\n${trace.slice(-40).join('\n')}\nReplay: npm run simulate -- --seed ${seed}`,
      )
    }
  })

  it('do the same for the same seed', { timeout: 30_000 }, async () => {
    for (const seed of [7, 8, 9]) {
      const [first, second] = [await simulateSeed(seed, true), await simulateSeed(seed, true)]
      expect(first.trace.length).toBeGreaterThan(50)
      expect(second.trace).toEqual(first.trace)
    }
  })
})
