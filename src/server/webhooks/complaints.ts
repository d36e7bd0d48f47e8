import type { Logger } from '../../support/logger.ts'
import type { Metrics } from '../metrics.ts'

/** Milliseconds between two lines of one kind. */
const pause = 5_000

/** Counts what an endpoint fails to take and what it is not told in the end; logs each at most once in five seconds. */
export class Complaints {
  readonly #label: string
  readonly #metrics: Metrics
  readonly #logger: Logger
  #warned = false
  #warnedAt = Number.NEGATIVE_INFINITY
  #saidAt = Number.NEGATIVE_INFINITY
  #unsaid = 0
  #reason = ''

  /** `label` names the endpoint in log lines. */
  constructor(label: string, metrics: Metrics, logger: Logger) {
    this.#label = label
    this.#metrics = metrics
    this.#logger = logger
  }

  /** A try has gone well. */
  taken(): void {
    this.#metrics.webhooksSent++
    this.#warned = false
  }

  /** A try has failed. */
  failed(): void {
    this.#metrics.webhooksFailed++
  }

  /** What has failed is tried again; said once until a try goes well. */
  tryAgain(reason: string): void {
    const now = performance.now()
    if (this.#warned || now - this.#warnedAt < pause) return
    this.#warned = true
    this.#warnedAt = now
    this.#logger.warn(`The webhook ${this.#label} failed: ${reason}; it is tried again for five minutes`)
  }

  /** So many events will never be told. */
  lost(events: number, reason: string): void {
    this.#metrics.webhookEventsDropped += events
    this.#unsaid += events
    this.#reason = reason
    if (performance.now() - this.#saidAt >= pause) this.settle()
  }

  /** Says what has not been said yet. */
  settle(): void {
    if (this.#unsaid === 0) return
    this.#logger.error(
      `Events that the webhook ${this.#label} is not told: ${this.#unsaid} (${this.#reason})`,
    )
    this.#saidAt = performance.now()
    this.#unsaid = 0
  }
}
