import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'

/** `expect.poll` with the patience that a busy machine needs; it ends as soon as the assertion holds, and moves no clock. */
export function eventually<T>(read: () => T | Promise<T>, timeout = 10_000) {
  let isFirst = true
  const readAgain = async () => {
    // Vitest has a fake clock pass its interval between two looks, and a slow machine looks more often.
    if (!isFirst) await sleep(10)
    isFirst = false
    return read()
  }
  return expect.poll(readAgain, { timeout, interval: 0 })
}
