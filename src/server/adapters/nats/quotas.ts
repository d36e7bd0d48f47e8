import { stale } from '../../cluster/broker.ts'
import type { Entry, Step } from './bucket.ts'
import { Notes } from './due.ts'
import { keyOf, shareKeyOf } from './keys.ts'
import type { LedgerParts } from './parts.ts'

/** Connections of an app by life. */
type Counts = Readonly<Record<string, number>>

/** How many connections the nodes have: one value for each app. */
export class Quotas {
  readonly #parts: LedgerParts

  constructor(parts: LedgerParts) {
    this.#parts = parts
  }

  async connect(
    life: string,
    appId: string,
    connections: number,
    limit: number,
  ): Promise<number | typeof stale> {
    const { lives } = this.#parts
    const until = await lives.until(life)
    if (until === undefined) return stale
    const key = keyOf('app', appId)
    if (connections === 0) await this.release(life, key)
    const granted = connections === 0 ? 0 : await this.#set(life, key, connections, limit)
    if (lives.isSure(life, until)) return granted
    await this.release(life, key)
    return stale
  }

  async connections(appId: string): Promise<number> {
    return sum(countsOf(await this.#parts.bucket.read(keyOf('app', appId))))
  }

  /** The life has no connections any more, nor the key of its share; false when it had none. */
  release(life: string, key: string): Promise<boolean> {
    const { bucket, shares } = this.#parts
    return bucket.change(key, (entry): Step<boolean> => {
      const { [life]: connections, ...others } = countsOf(entry)
      shares.delete(life, key)
      if (connections === undefined) return { result: () => false }
      const done = { drop: shareKeyOf(life, key), result: () => true }
      return Object.keys(others).length === 0 ? { remove: true, ...done } : { write: others, ...done }
    })
  }

  /** What the life has, and the key of its share, are not forgotten for their age. */
  async refresh(life: string, key: string): Promise<void> {
    const { bucket, clock, shares } = this.#parts
    const notes = new Notes(clock)
    await bucket.change(key, (entry) => {
      const counts = countsOf(entry)
      const result = () => undefined
      if (Object.hasOwn(counts, life)) {
        shares.add(life, key, notes)
        return { write: counts, result }
      }
      shares.delete(life, key)
      return { result }
    })
    await notes.done()
  }

  async #set(life: string, key: string, connections: number, limit: number): Promise<number> {
    const { bucket, clock, shares } = this.#parts
    const notes = new Notes(clock)
    const granted = await bucket.change(key, (entry): Step<number> => {
      const counts = countsOf(entry)
      const free = limit > 0 ? Math.max(0, limit - sum(counts)) : Number.POSITIVE_INFINITY
      const granted = Math.min(connections, (counts[life] ?? 0) + free)
      if (granted === 0) return { result: () => 0 }
      shares.add(life, key, notes)
      return { write: { ...counts, [life]: granted }, result: () => granted }
    })
    await notes.done()
    return granted
  }
}

function countsOf(entry: Entry | undefined): Counts {
  // Written above.
  return entry === undefined ? {} : (entry.value as Counts)
}

function sum(counts: Counts): number {
  return Object.values(counts).reduce((total, connections) => total + connections, 0)
}
