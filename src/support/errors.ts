/** The base of every error this package throws: `code` is stable, the message is written for people. */
export class BroadcastingError extends Error {
  /** Which kind of error it is: stays when the message gets better words. */
  readonly code: `ERR_BROADCAST_${string}`

  constructor(code: `ERR_BROADCAST_${string}`, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

/** A setting that does not parse, or is refused: names the setting, the value (never a secret) and what is allowed. */
export class ConfigurationError extends BroadcastingError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_BROADCAST_CONFIGURATION', message, options)
  }
}

/** The message of whatever was thrown, for a log line. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
