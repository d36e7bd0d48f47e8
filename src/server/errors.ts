import { BroadcastingError } from '../support/errors.ts'

/** A refused publish or HTTP API request; `status` is the one that HTTP has for it (protocol.md 6.1). */
export class RefusedError extends BroadcastingError {
  readonly status: number

  constructor(status: number, message: string) {
    super('ERR_BROADCAST_REFUSED', message)
    this.status = status
  }
}

/** An app key that no configured app has. */
export class UnknownAppError extends BroadcastingError {
  constructor(key: string, known: readonly string[]) {
    super('ERR_BROADCAST_UNKNOWN_APP', `No app has the key "${key}"; known keys: ${known.join(', ')}`)
  }
}
