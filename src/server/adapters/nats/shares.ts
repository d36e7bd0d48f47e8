import type { Bucket } from './bucket.ts'
import type { ServerClock } from './clock.ts'
import type { Notes } from './due.ts'
import { shareKeyOf } from './keys.ts'

/** Milliseconds after which something is written again that nobody has changed, lest it is forgotten for its age. */
export const refreshed = 12 * 3_600_000

/** That a life has something under a key. */
export interface Shared {
  readonly life: string
  readonly key: string
}

/** What was written down over one connection of where lives have something. */
export class Shares {
  readonly #bucket: Bucket
  readonly #clock: ServerClock
  /** By their keys, those first that were written first. */
  readonly #written = new Map<string, Shared & { readonly at: number }>()

  constructor(bucket: Bucket, clock: ServerClock) {
    this.#bucket = bucket
    this.#clock = clock
  }

  /** Whether it was written down, and not too long ago. */
  has(life: string, key: string): boolean {
    const written = this.#written.get(shareKeyOf(life, key))
    return written !== undefined && !this.#isOld(written)
  }

  /** Has it written down beside a write. */
  add(life: string, key: string, notes: Notes): void {
    const share = shareKeyOf(life, key)
    this.#written.delete(share)
    this.#written.set(share, { life, key, at: this.#clock.moment() })
    notes.add(share, this.#bucket)
  }

  /** There is none any more. */
  delete(life: string, key: string): void {
    this.#written.delete(shareKeyOf(life, key))
  }

  /** So many at most of those that were written too long ago. */
  old(count: number): readonly Shared[] {
    const old: Shared[] = []
    for (const written of this.#written.values()) {
      if (old.length === count || !this.#isOld(written)) break
      old.push(written)
    }
    return old
  }

  #isOld({ at }: { readonly at: number }): boolean {
    return this.#clock.moment() - at > refreshed
  }
}
