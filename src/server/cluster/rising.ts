/**
 * Numbers of which each is greater than all before it, also than those of a time that nobody remembers: they are
 * microseconds of a clock in milliseconds, which must not have gone back in between.
 */
export function risingNumbers(clock: () => number): () => number {
  let last = 0
  return () => {
    last = Math.max(last + 1, Math.floor(clock() * 1000))
    return last
  }
}
