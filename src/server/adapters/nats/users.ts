import { type Settled, stale } from '../../cluster/broker.ts'
import type { Entry, Step } from './bucket.ts'
import { Notes } from './due.ts'
import { keyOf, shareKeyOf, subjectOf } from './keys.ts'
import type { LedgerParts } from './parts.ts'

/** Where a user is signed in; one who is so nowhere has `left`, in milliseconds since 1970 on the server's clock. */
interface StoredUser {
  readonly lives: readonly string[]
  readonly left?: number
}

/** Who is signed in where: one value for each user. */
export class Users {
  readonly #parts: LedgerParts

  constructor(parts: LedgerParts) {
    this.#parts = parts
  }

  async sign(
    life: string,
    appId: string,
    userId: string,
    signedIn: boolean,
  ): Promise<boolean | typeof stale> {
    const { lives } = this.#parts
    const until = await lives.until(life)
    if (until === undefined) return stale
    const key = keyOf('user', appId, userId)
    if (!signedIn) await this.release(life, key)
    const first = signedIn && (await this.#signIn(life, key))
    if (lives.isSure(life, until)) return first
    await this.release(life, key)
    return stale
  }

  /** The life has no connection of the user any more, nor the key of its share; false when it had none. */
  async release(life: string, key: string): Promise<boolean> {
    const { bucket, clock, due, shares } = this.#parts
    const notes = new Notes(clock)
    const released = await bucket.change(key, (entry): Step<boolean> => {
      const { lives } = userOf(entry)
      shares.delete(life, key)
      if (!lives.includes(life)) return { result: () => false }
      const rest = lives.filter((id) => id !== life)
      const done = { drop: shareKeyOf(life, key), result: () => true }
      if (rest.length > 0) return { write: { lives: rest } satisfies StoredUser, ...done }
      const left = clock.earliest
      due.departed(left, key, notes)
      return { write: { lives: [], left } satisfies StoredUser, ...done }
    })
    await notes.done()
    return released
  }

  /** The user, and the key of the life's share, are not forgotten for their age. */
  async refresh(life: string, key: string): Promise<void> {
    const { bucket, clock, shares } = this.#parts
    const notes = new Notes(clock)
    await bucket.change(key, (entry) => {
      const { lives } = userOf(entry)
      const result = () => undefined
      if (lives.includes(life)) {
        shares.add(life, key, notes)
        return { write: { lives } satisfies StoredUser, result }
      }
      shares.delete(life, key)
      return { result }
    })
    await notes.done()
  }

  /** Whoever has left is reminded of. */
  async remind(key: string): Promise<void> {
    const { bucket, clock, due } = this.#parts
    const { left } = userOf(await bucket.read(key))
    if (left === undefined) return
    const notes = new Notes(clock)
    due.departed(left, key, notes)
    await notes.done()
  }

  async online(appId: string, userIds: readonly string[]): Promise<ReadonlySet<string>> {
    const keys = userIds.map((userId) => keyOf('user', appId, userId))
    const entries = await Promise.all(keys.map((key) => this.#parts.bucket.read(key)))
    return new Set(userIds.filter((_userId, index) => entries[index] !== undefined))
  }

  /** Takes the user out if it has left that long ago. */
  settle(key: string, grace: number): Promise<Settled['offline']> {
    const { bucket, clock } = this.#parts
    const { appId, name } = subjectOf(key)
    return bucket.change(key, (entry) => {
      const { left } = userOf(entry)
      if (left === undefined || left > clock.latest - grace) return { result: () => [] }
      return { remove: true, result: () => [{ appId, userId: name }] }
    })
  }

  async #signIn(life: string, key: string): Promise<boolean> {
    const { bucket, clock, shares } = this.#parts
    const notes = new Notes(clock)
    const first = await bucket.change(key, (entry) => {
      const { lives, left } = userOf(entry)
      shares.add(life, key, notes)
      const write: StoredUser = { lives: [...lives.filter((id) => id !== life), life] }
      return { write, result: () => lives.length === 0 && left === undefined }
    })
    await notes.done()
    return first
  }
}

function userOf(entry: Entry | undefined): StoredUser {
  // Written above.
  return entry === undefined ? { lives: [] } : (entry.value as StoredUser)
}
