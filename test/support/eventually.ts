import { expect } from 'vitest'

/** `expect.poll` with the patience that a busy machine needs; it ends as soon as the assertion holds. */
export function eventually<T>(read: () => T | Promise<T>, timeout = 10_000) {
  return expect.poll(read, { timeout, interval: 10 })
}
