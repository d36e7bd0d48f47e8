import { pino } from 'pino'
import { messageOf } from './errors.ts'

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

/** The part of a pino-like logger that is used here; `app.log` of Fastify and `console` both fit. */
export interface Logger {
  /** Every message, with `REVERB_DEBUG`, and the stacks of failures. */
  debug(message: string): void
  /** What happens seldom and is in order. */
  info(message: string): void
  /** What goes on, and is probably not meant. */
  warn(message: string): void
  /** What has failed. */
  error(message: string): void
}

export interface LoggerOptions {
  /** Lines below this level are not written. @default 'info' */
  level?: LogLevel
  /** `text`: one line for people; `json`: one JSON object a line. @default 'text' */
  format?: 'text' | 'json'
}

/** A logger named `reverb` that writes one line at a time, synchronously, to stdout. */
export function createLogger({ level = 'info', format = 'text' }: LoggerOptions = {}): Logger {
  const stdout = pino.destination({ fd: 1, sync: true })
  const destination = format === 'json' ? stdout : { write: (line: string) => stdout.write(toText(line)) }
  return pino({ name: 'reverb', level }, destination)
}

/** A logger that writes nothing. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} }

const labels: Record<number, string> = {
  10: 'trace: ',
  20: 'debug: ',
  40: 'warn: ',
  50: 'error: ',
  60: 'fatal: ',
}

/** A logger that can be called from anywhere: what the given one throws becomes a warning of the process. */
export function guardedLogger(logger: Logger): Logger {
  const guarded = (level: keyof Logger) => (message: string) =>
    guardLine(message, () => logger[level](message))
  return {
    debug: guarded('debug'),
    info: guarded('info'),
    warn: guarded('warn'),
    error: guarded('error'),
  }
}

/** Writes a line; what the logger throws becomes a warning of the process. */
export function guardLine(message: string, write: () => void): void {
  try {
    write()
  } catch (thrown) {
    process.emitWarning(`The logger failed on "${message}": ${messageOf(thrown)}`)
  }
}

/**
 * Turns pino's JSON line into the bare message, below it the stack of a failure, indented; control characters are escaped,
 * so that no value can forge a line.
 */
function toText(line: string): string {
  // The text is pino's own, so its shape is known.
  const { level, msg, err } = JSON.parse(line) as { level: number; msg: string; err?: { stack?: string } }
  const stack = (err?.stack?.split('\n') ?? []).map((text) => `    ${text.trim()}`)
  const lines = [`${labels[level] ?? ''}${msg}`, ...stack]
  return lines.map((text) => `${text.replace(controls, escapeControl)}\n`).join('')
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g

function escapeControl(character: string): string {
  return JSON.stringify(character)
    .slice(1, -1)
    .replace(/^[^\\]$/, (raw) => `\\u${raw.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
