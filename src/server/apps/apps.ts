import { isDeepStrictEqual } from 'node:util'
import type { SocketId } from '../../protocol/names.ts'
import { type Awaitable, ignoreRejection, isPromise } from '../../support/awaitable.ts'
import { messageOf } from '../../support/errors.ts'
import { inTime } from '../../support/in-time.ts'
import type { Logger } from '../../support/logger.ts'
import type { Connection } from '../connection.ts'
import { AppLookupError } from '../errors.ts'
import type { Metrics } from '../metrics.ts'
import { adopt } from './adopt.ts'
import type { App } from './app.ts'
import { AppCache, type AppField, type Lookup } from './app-cache.ts'
import type { AppManager } from './app-manager.ts'

/** Milliseconds for which an app is remembered, that there is none, and that looking it up has failed. */
const remembered = { found: 60_000, missing: 5_000, failed: 1_000 }

/** Seconds after which a look-up has failed. A miss is remembered at least as long, so it wins over older answers. */
const patience = 5

/** Look-ups at one time; more are refused, as strangers can ask for as many keys as they like. */
const maxPending = 100

/** Apps without connections that are remembered. */
const maxApps = 10_000

/** Characters of a key or id that is looked up. */
const maxLength = 256

interface AppsParts {
  readonly configured: readonly App[]
  readonly manager: AppManager | undefined
  /** Checks what the manager returns and completes it; throws an error that never holds a value. */
  readonly complete: (given: unknown) => App
  readonly connections: ReadonlyMap<SocketId, Connection>
  /** Called with every app that becomes known, and when it has changed. */
  readonly learned: (app: App) => void
  readonly metrics: Metrics
  readonly logger: Logger
}

/**
 * The apps of a server: those of the configuration are known at once, those of an app manager once it has answered.
 * Connections follow what their app becomes.
 */
export class Apps {
  readonly #parts: AppsParts
  readonly #cache = new AppCache()
  readonly #pending = new Map<
    string,
    { readonly number: number; readonly answer: Promise<App | undefined> }
  >()
  #asked = 0

  constructor(parts: AppsParts) {
    this.#parts = parts
    for (const app of parts.configured) {
      this.#cache.keep(app, 0, Number.POSITIVE_INFINITY)
      parts.learned(app)
    }
  }

  /** The app with this key. Throws or rejects with an {@link AppLookupError}. */
  findByKey(key: string): Awaitable<App | undefined> {
    return this.#find('key', key)
  }

  /** The app with this id. Throws or rejects with an {@link AppLookupError}. */
  findById(id: string): Awaitable<App | undefined> {
    return this.#find('id', id)
  }

  /** What an app that was found a moment ago, and has a connection now, is by now; undefined when it is gone. */
  current(app: App): App | undefined {
    const entry = this.#cache.entry('id', app.id)
    if (entry !== undefined) return entry.app
    if (this.#cache.missed(app.id) !== undefined) return undefined
    // It was forgotten before it had the connection, which would follow nothing: the next sweep looks it up.
    this.#cache.keep(app, 0, 0)
    return app
  }

  /** Has the manager asked again; resolves when connections have followed. Never rejects. */
  async invalidate(id: string): Promise<void> {
    if (this.#parts.manager === undefined) return
    this.#cache.invalidate(id)
    try {
      await this.#ask(this.#parts.manager, 'id', id)
    } catch {
      // Counted and logged; whoever needs the app next has it looked up.
    }
  }

  /** Has apps with connections looked up again when their time is over, and forgets the others. */
  sweep(now: number): void {
    const { manager, connections } = this.#parts
    if (manager === undefined) return
    let surplus = this.#cache.size - maxApps
    let inUse: ReadonlySet<string> | undefined
    for (const { app, expires } of this.#cache.entries) {
      if (expires > now && surplus <= 0) continue
      inUse ??= new Set([...connections.values()].map((connection) => connection.app.id))
      if (!inUse.has(app.id)) {
        this.#cache.forget(app.id)
        surplus--
      } else if (expires <= now) this.#refresh(manager, app.id)
    }
  }

  #refresh(manager: AppManager, id: string): void {
    if (this.#pending.size >= maxPending || this.#pending.has(`id ${id}`)) return
    try {
      const answer = this.#ask(manager, 'id', id)
      if (isPromise(answer)) ignoreRejection(answer)
    } catch {
      // Counted and logged; the next sweep tries again.
    }
  }

  #find(field: AppField, value: string): Awaitable<App | undefined> {
    const { manager } = this.#parts
    const known = this.#cache.recall(field, value, performance.now())
    if (known !== undefined) {
      if ('app' in known) return known.app
      if (known.failure !== undefined) throw known.failure
      return undefined
    }
    if (manager === undefined || value === '' || value.length > maxLength) return undefined
    const pending = this.#pending.get(`${field} ${value}`)
    if (pending !== undefined) return pending.answer
    if (this.#pending.size < maxPending) return this.#ask(manager, field, value)
    this.#parts.metrics.appLookupsFailed++
    throw new AppLookupError(503, 'Too many apps are being looked up, try again later')
  }

  /** Asks the manager; an answer that is there at once is taken at once. */
  #ask(manager: AppManager, field: AppField, value: string): Awaitable<App | undefined> {
    const lookup: Lookup = { field, value, number: ++this.#asked }
    let given: Awaitable<unknown>
    try {
      given = field === 'key' ? manager.findByKey(value) : manager.findById(value)
    } catch (thrown) {
      return this.#failed(lookup, 503, thrown)
    }
    if (!isPromise(given)) return this.#take(lookup, given)
    const answer = this.#await(lookup, given)
    this.#pending.set(`${field} ${value}`, { number: lookup.number, answer })
    return answer
  }

  async #await(lookup: Lookup, given: PromiseLike<unknown>): Promise<App | undefined> {
    try {
      return this.#take(lookup, await inTime(given, patience, tooLate))
    } catch (thrown) {
      if (thrown instanceof AppLookupError) throw thrown
      return this.#failed(lookup, 503, thrown)
    } finally {
      const name = `${lookup.field} ${lookup.value}`
      if (this.#pending.get(name)?.number === lookup.number) this.#pending.delete(name)
    }
  }

  #take(lookup: Lookup, given: unknown): App | undefined {
    if (given === undefined || given === null) return this.#missing(lookup)
    let app: App
    try {
      app = this.#parts.complete(given)
    } catch (thrown) {
      return this.#failed(lookup, 500, thrown)
    }
    // A data base that minds neither case nor spaces finds the app of another key.
    return app[lookup.field] === lookup.value ? this.#found(lookup, app) : this.#missing(lookup)
  }

  #found({ number }: Lookup, app: App): App | undefined {
    const { learned } = this.#parts
    const before = this.#cache.entry('id', app.id)
    // Answers may overtake one another; the younger question has the truer answer.
    if (before !== undefined && before.number > number) return before.app
    if ((this.#cache.missed(app.id) ?? 0) > number) return undefined
    const hasChanged = before === undefined || !isDeepStrictEqual(before.app, app)
    const kept = hasChanged ? app : before.app
    this.#cache.keep(kept, number, performance.now() + remembered.found)
    if (hasChanged) learned(kept)
    if (hasChanged && before !== undefined) this.#follow(app.id, app)
    return kept
  }

  #missing(lookup: Lookup): App | undefined {
    const { field, value, number } = lookup
    const before = this.#cache.entry(field, value)
    if (before !== undefined && before.number > number) return before.app
    this.#cache.miss(lookup, performance.now() + remembered.missing)
    if (field === 'id') {
      this.#cache.forget(value)
      this.#follow(value, undefined)
    }
    return undefined
  }

  /** What was known stays in force while the manager fails; else whoever asked has to come back. */
  #failed(lookup: Lookup, status: 500 | 503, thrown: unknown): App {
    const { metrics, logger } = this.#parts
    const { field, value } = lookup
    metrics.appLookupsFailed++
    logger.error(`Looking up the app with the ${field} ${JSON.stringify(value)} failed: ${messageOf(thrown)}`)
    const before = this.#cache.entry(field, value)
    if (before !== undefined && !before.invalid) {
      before.expires = performance.now() + remembered.missing
      return before.app
    }
    const failure = new AppLookupError(status, 'The app could not be looked up, try again later')
    this.#cache.miss(lookup, performance.now() + remembered.failed, failure)
    throw failure
  }

  #follow(id: string, app: App | undefined): void {
    for (const connection of this.#parts.connections.values()) {
      if (connection.app.id === id) adopt(connection, app)
    }
  }
}

function tooLate(): Error {
  return new Error(`the manager has not answered within ${patience} seconds`)
}
