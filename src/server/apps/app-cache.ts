import type { AppLookupError } from '../errors.ts'
import type { App } from './app.ts'

/** What an app is asked for by. */
export type AppField = 'key' | 'id'

/** One question about an app; later ones have greater numbers. */
export interface Lookup {
  readonly field: AppField
  readonly value: string
  readonly number: number
}

/** An app as a look-up has found it. */
interface Entry {
  readonly app: App
  readonly number: number
  /** Milliseconds on the monotonic clock. */
  expires: number
  /** Somebody said that it has changed: it no longer helps out when the next look-up fails. */
  invalid: boolean
}

/** That a look-up has found nothing, or failed. */
interface Miss {
  readonly failure: AppLookupError | undefined
  readonly number: number
  readonly expires: number
}

/** Misses that are remembered; strangers can ask for as many keys as they like. */
const maxMisses = 10_000

/** What look-ups have found, by key and by id. Decides nothing; times are milliseconds on the monotonic clock. */
export class AppCache {
  readonly #entries = { id: new Map<string, Entry>(), key: new Map<string, Entry>() }
  readonly #misses = new Map<string, Miss>()

  /** Every app, whether or not its time is over. */
  get entries(): IterableIterator<Entry> {
    return this.#entries.id.values()
  }

  /** How many apps there are. */
  get size(): number {
    return this.#entries.id.size
  }

  /** The app, whether or not its time is over. */
  entry(field: AppField, value: string): Entry | undefined {
    return this.#entries[field].get(value)
  }

  /** What was found, or that nothing was, unless its time is over. */
  recall(field: AppField, value: string, now: number): Entry | Miss | undefined {
    const entry = this.entry(field, value)
    if (entry !== undefined && entry.expires > now) return entry
    const miss = this.#misses.get(nameOf(field, value))
    return miss !== undefined && miss.expires > now ? miss : undefined
  }

  /** The look-up with this number has found the app. */
  keep(app: App, number: number, expires: number): void {
    this.forget(app.id)
    const entry: Entry = { app, number, expires, invalid: false }
    for (const field of ['id', 'key'] as const) {
      this.#entries[field].set(app[field], entry)
      this.#misses.delete(nameOf(field, app[field]))
    }
  }

  /** The look-up has found nothing, or has failed. */
  miss({ field, value, number }: Lookup, expires: number, failure?: AppLookupError): void {
    const name = nameOf(field, value)
    this.#misses.delete(name)
    const [oldest] = this.#misses.keys()
    if (oldest !== undefined && this.#misses.size >= maxMisses) this.#misses.delete(oldest)
    this.#misses.set(name, { failure, number, expires })
  }

  /** The number of the look-up that has found that no app has the id; undefined when none has. */
  missed(id: string): number | undefined {
    const miss = this.#misses.get(nameOf('id', id))
    return miss?.failure === undefined ? miss?.number : undefined
  }

  /** Ends the time of an app: it is to be looked up again. */
  invalidate(id: string): void {
    this.#misses.delete(nameOf('id', id))
    const entry = this.#entries.id.get(id)
    if (entry === undefined) return
    entry.expires = 0
    entry.invalid = true
  }

  /** Drops an app. */
  forget(id: string): void {
    const entry = this.#entries.id.get(id)
    if (entry === undefined) return
    this.#entries.id.delete(id)
    const { key } = entry.app
    // Another app may have this key by now.
    if (this.#entries.key.get(key) === entry) this.#entries.key.delete(key)
  }
}

function nameOf(field: AppField, value: string): string {
  return `${field} ${value}`
}
