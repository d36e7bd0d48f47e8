import type { KeptEvent } from '../adapter.ts'
import type { EventStore, NewEvent, Place } from './broker.ts'
import type { LocalCalls } from './calls.ts'
import { placeKey } from './place-key.ts'
import { risingNumbers } from './rising.ts'

interface Entry extends Omit<KeptEvent, 'ttl'> {
  /** Milliseconds on the clock. */
  readonly expires: number
}

/** What a `MemoryStore` is made of. */
export interface MemoryStoreParts {
  /** Milliseconds since 1970; must never go back, so that positions grow over the end of this store, too. */
  readonly clock: () => number
  /** Called within `keep`, with the message that has its position. */
  readonly send: (road: string, message: Buffer) => void
}

/** The calls of an {@link EventStore}, answered at once. */
export type LocalStore = Pick<LocalCalls, keyof EventStore>

/** Milliseconds between two sweeps. */
const sweepInterval = 60_000

/** The last event of each cache channel in the memory of one process. */
export class MemoryStore implements LocalStore {
  readonly #clock: () => number
  readonly #send: MemoryStoreParts['send']
  readonly #nextPosition: () => number
  readonly #entries = new Map<string, Entry>()
  #swept = 0

  constructor({ clock, send }: MemoryStoreParts) {
    this.#clock = clock
    this.#send = send
    this.#nextPosition = risingNumbers(clock)
  }

  keep(place: Place, { event, data, ttl }: NewEvent, road: string, message: Buffer): number {
    const now = this.#clock()
    this.#sweep(now)
    const position = this.#nextPosition()
    this.#entries.set(placeKey(place), { event, data, position, expires: now + ttl * 1000 })
    const numbered = Buffer.from(message)
    numbered.writeBigUInt64BE(BigInt(position))
    this.#send(road, numbered)
    return position
  }

  last(place: Place): KeptEvent | undefined {
    const entry = this.#entries.get(placeKey(place))
    const left = entry === undefined ? 0 : entry.expires - this.#clock()
    if (entry === undefined || left <= 0) return undefined
    const { event, data, position } = entry
    return { event, data, position, ttl: left / 1000 }
  }

  /** Forgets what has expired, once a minute at most. */
  #sweep(now: number): void {
    if (now - this.#swept < sweepInterval) return
    this.#swept = now
    for (const [key, { expires }] of this.#entries) if (expires <= now) this.#entries.delete(key)
  }
}
