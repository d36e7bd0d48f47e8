import { afterEach, describe, expect, it, vi } from 'vitest'
import { pauseAfter, webhookTimings } from './timings.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

/** The pauses after the first tries, with this much chance. */
function pauses(chance: number): number[] {
  vi.spyOn(Math, 'random').mockReturnValue(chance)
  const tries = [1, 2, 3, 4, 5, 6, 7, 8, 100]
  return tries.map((count) => pauseAfter(count, webhookTimings))
}

describe('pauseAfter', () => {
  it('C160 doubles from a second up to a minute', () => {
    expect(pauses(0)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000])
  })

  it('is shortened a little by chance, never lengthened', () => {
    expect(pauses(1)).toEqual(pauses(0).map((pause) => pause * 0.9))
  })
})

describe('webhookTimings', () => {
  it('C160 end the tries 290 seconds after the time of the webhook', () => {
    expect(webhookTimings).toMatchObject({ lifetime: 290_000, patience: 10_000 })
  })
})
