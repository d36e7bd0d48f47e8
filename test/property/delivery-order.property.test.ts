import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deliver, step } from './delivery-steps.ts'

// Without `size`, fast-check takes ten steps at most.
const steps = fc.array(step, { maxLength: 60, size: 'max' })

// The shortest failure may take longer to find than a test may take, and a longer one is better than none.
const parameters = { numRuns: 60, interruptAfterTimeLimit: 10_000 }

describe('Whatever is published, joined, left, answered and ended, in whatever turns,', () => {
  it('each connection is written what it must get, in order, whole, once, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (taken) => {
        expect(await deliver(taken)).toEqual([])
      }),
      parameters,
    )
  })
})
