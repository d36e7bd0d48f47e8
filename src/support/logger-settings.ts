import { createLogger, type Logger } from './logger.ts'
import { choice, type Env, resolveSettings, setting } from './settings.ts'

/** The settings of the default logger, shared by both sides. */
export const loggerSettings = {
  logLevel: setting(
    'REVERB_LOG_LEVEL',
    choice('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    'info',
    'Lines below this level are not written',
  ),
  logFormat: setting(
    'REVERB_LOG_FORMAT',
    choice('text', 'json'),
    'text',
    '`text`: one line for people; `json`: one object a line',
  ),
} as const

/** What the default logger writes, and how: the options of `loggerSettings`. */
export interface LogOptions {
  /**
   * Lines below this level are not written.
   * In the environment: `REVERB_LOG_LEVEL`.
   * @default 'info'
   */
  readonly logLevel?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'
  /**
   * `text`: one line for people; `json`: one object a line.
   * In the environment: `REVERB_LOG_FORMAT`.
   * @default 'text'
   */
  readonly logFormat?: 'text' | 'json'
}

/** The logger that the environment asks for. */
export function loggerOf(env: Env): Logger {
  const { logLevel: level, logFormat: format } = resolveSettings(loggerSettings, env, {})
  return createLogger({ level, format })
}
