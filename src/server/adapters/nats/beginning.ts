import { type Bucket, type Entry, LostMemoryError } from './bucket.ts'
import type { ServerClock } from './clock.ts'

/** Milliseconds. */
const retold = 3_600_000

/**
 * When the memory of a bucket began: what its revisions are added to, so that the sums grow even when the memory is lost
 * and revisions begin with 1 again. In microseconds of the server's clock: no stream takes a million messages a second.
 */
export class Beginning {
  readonly #bucket: Bucket
  readonly #clock: ServerClock
  #told = 0
  #base = 0

  private constructor(bucket: Bucket, clock: ServerClock) {
    this.#bucket = bucket
    this.#clock = clock
  }

  /** Reads it, or makes it where the memory is new; the clock learns from that. */
  static async of(bucket: Bucket, clock: ServerClock): Promise<Beginning> {
    const beginning = new Beginning(bucket, clock)
    await beginning.#tell()
    return beginning
  }

  get base(): number {
    return this.#base
  }

  /** Rejects when the memory has begun anew; to be called often. Once an hour it is written again, lest it is forgotten. */
  async check(): Promise<void> {
    if (this.#clock.moment() - this.#told > retold) return this.#tell()
    const entry = await this.#bucket.read('base')
    if (entry === undefined || baseOf(entry) !== this.#base) throw new LostMemoryError()
  }

  async #tell(): Promise<void> {
    const sent = this.#clock.moment()
    await this.#bucket.change('base', (entry) => ({
      write: entry === undefined ? {} : { base: baseOf(entry) },
      result: () => undefined,
    }))
    const entry = await this.#bucket.read('base')
    if (entry === undefined) throw new LostMemoryError()
    // Whoever has written it last did so after the call began.
    this.#clock.learn(entry.time, sent, this.#clock.moment())
    if (this.#base !== 0 && this.#base !== baseOf(entry)) throw new LostMemoryError()
    this.#base = baseOf(entry)
    this.#told = this.#clock.moment()
  }
}

function baseOf({ value, time }: Entry): number {
  // Written above.
  return (value as { readonly base?: number }).base ?? time * 1000
}
