/** Holds back what may be taken back: it happens after a delay, unless it is cancelled before. One timer for all. */
export class Grace {
  readonly #delay: number
  // All have the same delay, so the order of insertion is that of their times.
  readonly #held = new Map<string, { readonly due: number; readonly happen: () => void }>()
  #timer: NodeJS.Timeout | undefined

  /** `delay` in milliseconds. */
  constructor(delay: number) {
    this.#delay = delay
  }

  /** Lets it happen after the delay; what is held under the key already keeps its time. */
  hold(key: string, happen: () => void): void {
    if (this.#held.has(key)) return
    this.#held.set(key, { due: performance.now() + this.#delay, happen })
    this.#timer ??= this.#wait(this.#delay)
  }

  /** Whether something is held under the key. */
  holds(key: string): boolean {
    return this.#held.has(key)
  }

  /** Takes it back; whether there was something to take back. */
  cancel(key: string): boolean {
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
      this.#timer = undefined
      // A timer may fire a fraction of a millisecond early.
      this.#release(performance.now() + 1)
      const [next] = this.#held.values()
      if (next !== undefined) this.#timer ??= this.#wait(Math.max(1, next.due - performance.now()))
    }, delay).unref()
  }
}
