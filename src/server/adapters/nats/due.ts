import { ignoreRejection } from '../../../support/awaitable.ts'
import type { Bucket } from './bucket.ts'
import type { ServerClock } from './clock.ts'
import { type Subject, subjectOf } from './keys.ts'
import type { Note } from './unanswered.ts'

/** Something that is to be looked at when its time has come. */
export interface Reminder {
  readonly key: string
  readonly subject: Subject & { readonly key: string }
  /** Everything that it was made for is over. */
  readonly past: boolean
  /** At which it was there. */
  readonly revision: number
}

/** Milliseconds after which a reminder may have been looked at before what it is about was written. */
const late = 1000

/**
 * Where departures wait: a reminder by the second and the key. Only the value of the key counts; a reminder too many is of
 * no harm, so it is made before the value is written.
 */
export class Due {
  readonly #bucket: Bucket
  readonly #clock: ServerClock

  constructor(bucket: Bucket, clock: ServerClock) {
    this.#bucket = bucket
    this.#clock = clock
  }

  /** Reminds of what departed at that time, in milliseconds, under a key. */
  departed(at: number, key: string, notes: Notes): void {
    notes.add(`${Math.floor(at / 1000)}.at.${key}`, this.#bucket)
  }

  /** Reminds of whom is kept until that time, in milliseconds, under a key. */
  kept(until: number, key: string, notes: Notes): void {
    notes.add(`${Math.floor(until / 1000)}.until.${key}`, this.#bucket)
  }

  /** Those whose time has come, in random order, lest all nodes begin with the same. */
  async due(grace: number): Promise<Reminder[]> {
    const now = this.#clock.latest
    const { keys, revision } = await this.#bucket.keys('>')
    return keys
      .map((key) => ({ key, ...timesOf(key, grace) }))
      .filter(({ begins }) => begins <= now)
      .map(({ key, ends }) => ({ key, subject: subjectOf(key), past: ends <= now, revision }))
      .toSorted(() => Math.random() - 0.5)
  }

  /** It need not be looked at again, unless it was made again. */
  async forget({ key, revision }: Reminder): Promise<void> {
    await this.#bucket.drop(key, revision)
  }
}

/** What is written beside one write, and before it; once more after a loss, if that write may have been done. */
export class Notes {
  readonly #clock: ServerClock
  readonly #begun: number
  readonly #notes = new Map<string, { readonly note: Note; readonly bucket: Bucket }>()
  readonly #writes: Promise<unknown>[] = []

  constructor(clock: ServerClock) {
    this.#clock = clock
    this.#begun = clock.moment()
  }

  /** To be called in the same turn as the write: one connection keeps the order. */
  add(key: string, bucket: Bucket): void {
    if (this.#notes.has(key)) return
    const note = { key }
    bucket.unanswered.notes.add(note)
    const write = bucket.write(key, 1)
    ignoreRejection(write)
    this.#notes.set(key, { note, bucket })
    this.#writes.push(write)
  }

  /** To be awaited after the write; makes them again if it took long. */
  async done(): Promise<void> {
    await Promise.all(this.#writes)
    const notes = [...this.#notes.values()]
    if (this.#clock.moment() - this.#begun > late) {
      await Promise.all(notes.map(({ note, bucket }) => bucket.write(note.key, 1)))
    }
    for (const { note, bucket } of notes) bucket.unanswered.notes.delete(note)
  }
}

function timesOf(key: string, grace: number): { readonly begins: number; readonly ends: number } {
  const [second, when] = key.split('.')
  const begins = Number(second) * 1000 + (when === 'at' ? grace : 0)
  return { begins, ends: begins + 1000 }
}
