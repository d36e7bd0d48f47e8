import type { Logger } from '../support/logger.ts'

/** Writes one message to the log, when every message is wanted there (`REVERB_DEBUG`). */
export type Trace = (direction: 'in' | 'out', who: string, text: string) => void

/** Anything that looks like a signature or a secret's worth of hex is masked. */
export function createTrace(logger: Logger): Trace {
  return (direction, who, text) => {
    logger.debug(`${direction === 'in' ? '<-' : '->'} ${who} ${text.replace(/[0-9a-f]{32,}/gi, '***')}`)
  }
}
