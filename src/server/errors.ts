import { BroadcastingError } from '../support/errors.ts'

/**
 * A refused publish or HTTP API request (protocol.md 6.1). None of its names is one that a web framework takes for its own
 * reply: thrown in a route it is a failure of that route.
 */
export class RefusedError extends BroadcastingError {
  /** The status with which the HTTP API answers the same. */
  readonly answered: number
  /** What that answer says beside the status, such as `Retry-After`. */
  readonly answerHeaders: Readonly<Record<string, string>>

  constructor(answered: number, message: string, answerHeaders: Readonly<Record<string, string>> = {}) {
    super('ERR_BROADCAST_REFUSED', message)
    this.answered = answered
    this.answerHeaders = answerHeaders
  }
}

/** The other nodes cannot be reached; the same may go through later. */
export class UnreachableError extends RefusedError {
  constructor(outcome: string) {
    super(503, `${outcome}: the other nodes of this server cannot be reached; try again later`)
  }
}

/** An app key that no app has; names the keys of the configured apps. */
export class UnknownAppError extends BroadcastingError {
  constructor(key: string, known: readonly string[]) {
    const hint = known.length > 0 ? `; known keys: ${known.join(', ')}` : ''
    super(
      'ERR_BROADCAST_UNKNOWN_APP',
      `No app has the key "${key}"${hint}. A mount serves every app when it is given no key`,
    )
  }
}

/** The app manager failed: it threw or did not answer (`answered` 503), or returned what is no app (500). */
export class AppLookupError extends BroadcastingError {
  /** 503 where the same may go through later, else 500. */
  readonly answered: 500 | 503

  constructor(answered: 500 | 503, message: string) {
    super('ERR_BROADCAST_APP_LOOKUP', message)
    this.answered = answered
  }
}
