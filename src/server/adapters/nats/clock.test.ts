import { describe, expect, it } from 'vitest'
import { ServerClock } from './clock.ts'

describe('ServerClock', () => {
  it('knows the time of the server within the time that a write took', () => {
    let here = 100
    const clock = new ServerClock(() => here)
    // Sent at 100 and acknowledged at 130, while it was 5000 on the server.
    clock.learn(5000, 100, 130)
    here = 230
    expect([clock.earliest, clock.latest]).toEqual([5100, 5131])
  })
})
