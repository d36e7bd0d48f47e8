/** Holds back what may be taken back: it happens after a delay, unless it is cancelled before. One timer for all. */
export class Grace<Key = string> {
  readonly #delay: number
  // All have the same delay, so the order of insertion is that of their times.
  readonly #held = new Map<Key, { readonly due: number; readonly happen: () => void }>()
  #timer: NodeJS.Timeout | undefined

  /** `delay` in milliseconds. */
  constructor(delay: number) {
    this.#delay = delay
  }

  /** Lets it happen after the delay; what is held under the key already keeps its time. */
  hold(key: Key, happen: () => void): void {
    if (this.#held.has(key)) return
    this.#held.set(key, { due: performance.now() + this.#delay, happen })
    this.#timer ??= this.#wait(this.#delay)
  }

  /** Whether something is held under the key. */
  holds(key: Key): boolean {
    return this.#held.has(key)
  }

  /** Takes it back; whether there was something to take back. */
  cancel(key: Key): boolean {
    return this.#held.delete(key)
  }

  /** Lets everything happen now. */
  flush(): void {
    this.#release(Number.POSITIVE_INFINITY)
    this.stop()
  }

  /** Lets nothing of it happen. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#held.clear()
  }

  #release(until: number): void {
    for (const [key, { due, happen }] of this.#held) {
      if (due > until) return
      this.#held.delete(key)
      happen()
    }
  }

  #wait(delay: number): NodeJS.Timeout {
    return setTimeout(() => {
      // A timer may fire a fraction of a millisecond early.
      this.#release(performance.now() + 1)
      const [next] = this.#held.values()
      // What was held meanwhile found this timer there and made none of its own.
      this.#timer = next && this.#wait(Math.max(1, next.due - performance.now()))
    }, delay).unref()
  }
}
