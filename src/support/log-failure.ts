import { guardedLogger, guardLine, type Logger } from './logger.ts'

/** The part of pino that other loggers do not have: fields beside the message. */
interface FieldLogger {
  bindings(): unknown
  error(fields: object, message: string): void
}

/**
 * Logs a failure of somebody's own code, with the stack that leads there: a pino gets it as `err`, another logger, which
 * may take texts only, as a line at debug. What the logger throws becomes a warning of the process.
 */
export function logFailure(logger: Logger, message: string, thrown: unknown): void {
  const err = originOf(thrown)
  if (err !== undefined && takesFields(logger)) {
    guardLine(message, () => logger.error({ err }, message))
    return
  }
  const guarded = guardedLogger(logger)
  guarded.error(message)
  if (err?.stack !== undefined) guarded.debug(err.stack)
}

/** What was thrown first: an error of ours that wraps it says in its message what it says. */
function originOf(thrown: unknown): Error | undefined {
  if (!(thrown instanceof Error)) return undefined
  return thrown.cause instanceof Error ? thrown.cause : thrown
}

function takesFields(logger: object): logger is FieldLogger {
  return 'bindings' in logger && typeof logger.bindings === 'function'
}
