import { expect } from 'vitest'

/** `expect.poll` with the patience that a busy machine needs; it ends as soon as the assertion holds. */
export function eventually<T>(read: () => T | Promise<T>) {
  return expect.poll(read, { timeout: 10_000, interval: 10 })
}
