import { isPromise } from '../support/awaitable.ts'
import { messageOf } from '../support/errors.ts'
import type { Logger } from '../support/logger.ts'
import type { Metrics } from './metrics.ts'

/** Lets something go on by itself: nobody waits for it, but a failure is counted and logged. */
export type Unawaited = (pending: unknown, doing: string) => void

/** Makes what is called with everything that is not awaited. */
export function createUnawaited(metrics: Metrics, logger: Logger): Unawaited {
  return (pending, doing) => {
    if (isPromise(pending)) void watch(pending, doing)
  }

  async function watch(pending: PromiseLike<unknown>, doing: string): Promise<void> {
    try {
      await pending
    } catch (thrown) {
      metrics.handlerFailures++
      logger.error(`${doing} failed: ${messageOf(thrown)}`)
    }
  }
}
