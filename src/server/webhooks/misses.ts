import type { LifecycleEvent } from '../lifecycle.ts'

/** Remembers which channels had a cache miss a moment ago: each has one per pause, however many subscribe. */
export class Misses {
  readonly #pause: number
  // All pauses are of one length, so the order of insertion is that of their ends.
  readonly #ends = new Map<string, number>()

  /** `pause` in milliseconds. */
  constructor(pause: number) {
    this.#pause = pause
  }

  /** Whether the channel had one within the pause; if not, this is the one. */
  repeats({ app, channel }: LifecycleEvent): boolean {
    const now = performance.now()
    for (const [key, end] of this.#ends) {
      if (end > now) break
      this.#ends.delete(key)
    }
    const key = JSON.stringify([app.id, channel])
    if (this.#ends.has(key)) return true
    this.#ends.set(key, now + this.#pause)
    return false
  }
}
