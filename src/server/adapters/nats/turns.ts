import { setTimeout as wait } from 'node:timers/promises'

/** Milliseconds for which a node goes on changing one key, and for which it then leaves it to others. */
const [turn, rest] = [250, 50]

/** Keys that are remembered: those that were changed last. */
const remembered = 256

/**
 * Whoever changes a key again and again is always faster than those who are farther away, or have to read first what it
 * remembers: so nobody goes on for long without a rest.
 */
export class Turns {
  readonly #turns = new Map<string, { readonly begun: number; ended: number }>()

  /** Resolves when it is this node's turn to change the key. */
  async take(key: string): Promise<void> {
    const last = this.#turns.get(key)
    const now = performance.now()
    if (last !== undefined && now - last.ended < rest) {
      if (now - last.begun < turn) return
      await wait(rest)
    }
    this.#begin(key)
  }

  /** The key was changed. */
  took(key: string): void {
    const last = this.#turns.get(key)
    if (last !== undefined) last.ended = performance.now()
  }

  #begin(key: string): void {
    const now = performance.now()
    this.#turns.delete(key)
    this.#turns.set(key, { begun: now, ended: now })
    if (this.#turns.size <= remembered) return
    for (const oldest of this.#turns.keys()) {
      this.#turns.delete(oldest)
      break
    }
  }
}
