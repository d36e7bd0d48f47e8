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
  ): Promise<boolean | typeof stale> {
    const { lives } = this.#parts
    const until = await lives.until(life)
    if (until === undefined) return stale
    const key = keyOf('app', appId)
    const connected = await this.#set(key, life, connections, limit)
    if (lives.isSure(life, until)) return connected
    await this.release(life, key)
    return stale
  }

  async connections(appId: string): Promise<number> {
    return sum(countsOf(await this.#parts.bucket.read(keyOf('app', appId))))
  }

  /** The life has no connections any more, nor the key of its share. */
  release(life: string, key: string): Promise<boolean> {
    return this.#set(key, life, 0, 0)
  }

  async #set(key: string, life: string, connections: number, limit: number): Promise<boolean> {
    const { bucket, clock } = this.#parts
    const notes = new Notes(clock)
    const share = shareKeyOf(life, key)
    const done = await bucket.change(key, (entry): Step<boolean> => {
      const counts = countsOf(entry)
      const { [life]: before = 0, ...others } = counts
      const more = connections - before
      if (limit > 0 && more > 0 && sum(counts) + more > limit) return { result: () => false }
      const result = () => true
      if (connections > 0) {
        notes.add(share, bucket)
        return { write: { ...others, [life]: connections }, result }
      }
      return Object.keys(others).length === 0 ? { remove: true, result } : { write: others, result }
    })
    await Promise.all([notes.done(), connections === 0 ? bucket.purge(share) : undefined])
    return done
  }
}

function countsOf(entry: Entry | undefined): Counts {
  // Written above.
  return entry === undefined ? {} : (entry.value as Counts)
}

function sum(counts: Counts): number {
  return Object.values(counts).reduce((total, connections) => total + connections, 0)
}
