import type { CloseCode } from '../protocol/codes.ts'
import type { Logger } from '../support/logger.ts'
import { withoutQuery } from './attach.ts'
import { shown } from './shown.ts'

/** Milliseconds between two lines of one kind. */
const pause = 60_000

/** Kinds that are told apart; what is beyond is told by its code alone. */
const maxKinds = 100

/** An upgrade that was turned away. */
export interface Refused {
  readonly code: CloseCode
  /** As it came in. */
  readonly url: string
  /** Id of the app, where one was found. */
  readonly app: string | undefined
  /** Why, and what to do about it; values from outside stand in it as {@link shown}. */
  readonly reason: string
  /** It is in order, or said where it has failed: told at debug only. */
  readonly isExpected: boolean
}

/** Refusals of one kind since the last line. */
interface Kind {
  readonly code: CloseCode
  since: number
  unsaid: number
  /** Of the last one: where, and why. */
  told: string
}

/**
 * Tells the log who was turned away and why: each at debug; at warn the first of a code and app, and once a minute how many
 * have followed. Remembers a bounded number of them, whatever strangers ask for.
 */
export class RefusalLog {
  readonly #logger: Logger
  readonly #kinds = new Map<string, Kind>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** Takes a refusal. */
  note({ code, url, app, reason, isExpected }: Refused): void {
    const told = `${shown(withoutQuery(url))}: ${reason}`
    const line = `A connection was refused with ${code} at ${told}`
    if (!isExpected && this.#isFirst(code, app, told)) this.#logger.warn(line)
    else this.#logger.debug(line)
  }

  /** Says what has followed the last line of a kind a minute ago; a kind of which nothing has is forgotten. */
  sweep(now: number): void {
    for (const [name, kind] of this.#kinds) {
      if (now - kind.since < pause) continue
      if (kind.unsaid === 0) this.#kinds.delete(name)
      else this.#say(kind, now)
    }
  }

  /** Whether it is the first of its kind; the others are counted. */
  #isFirst(code: CloseCode, app: string | undefined, told: string): boolean {
    const name = this.#nameOf(code, app)
    const kind = this.#kinds.get(name)
    if (kind === undefined) {
      this.#kinds.set(name, { code, since: performance.now(), unsaid: 0, told })
      return true
    }
    kind.unsaid++
    kind.told = told
    return false
  }

  #say(kind: Kind, now: number): void {
    const { code, unsaid, told } = kind
    this.#logger.warn(`Further connections refused with ${code}: ${unsaid}, the last one at ${told}`)
    kind.since = now
    kind.unsaid = 0
  }

  #nameOf(code: CloseCode, app: string | undefined): string {
    const name = `${code} ${app ?? ''}`
    return this.#kinds.has(name) || this.#kinds.size < maxKinds ? name : `${code}`
  }
}
