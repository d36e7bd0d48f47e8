import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { turn } from './parts.ts'

/** Fails, in the whole file, each test in which a promise was rejected that nobody had taken care of. */
export function expectNoUnhandledRejections(): void {
  const reasons: unknown[] = []
  const note = (reason: unknown) => void reasons.push(reason)
  beforeAll(() => void process.on('unhandledRejection', note))
  afterAll(() => void process.off('unhandledRejection', note))
  afterEach(async () => {
    // Node tells of them after the microtasks of a turn.
    await turn()
    expect(reasons.splice(0)).toEqual([])
  })
}
