import { BroadcastingError } from '../support/errors.ts'

/** A refused publish or HTTP API request; `status` is the one that HTTP has for it (protocol.md 6.1). */
export class RefusedError extends BroadcastingError {
  /** Status of an HTTP answer that says the same. */
  readonly status: number
  /** What the answer says beside the status, such as `Retry-After`. */
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super('ERR_BROADCAST_REFUSED', message)
    this.status = status
    this.headers = headers
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

/** The app manager failed: it threw or did not answer (`status` 503), or returned what is no app (500). */
export class AppLookupError extends BroadcastingError {
  /** 503 where the same may go through later, else 500. */
  readonly status: 500 | 503

  constructor(status: 500 | 503, message: string) {
    super('ERR_BROADCAST_APP_LOOKUP', message)
    this.status = status
  }
}
