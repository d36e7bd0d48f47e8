import type { Agent } from 'node:http'
import { webhookBody, webhookHeaders } from '../../protocol/webhook.ts'
import type { Logger } from '../../support/logger.ts'
import type { Metrics } from '../metrics.ts'
import { Complaints } from './complaints.ts'
import type { Target } from './target.ts'
import type { WebhookTimings } from './timings.ts'
import { type WebhookRequest, WebhookSender } from './webhook-sender.ts'

/** Events of one request; and characters after which no more are added, as receivers often refuse more than 100 kB. */
const maxBatch = 100
const maxBatchSize = 65_536

/** Events, and characters or bytes of them, that one endpoint has not taken yet; what comes on top is dropped. */
const maxEvents = 10_000
const maxSize = 8_388_608

/** One event as JSON, shared by all who are told of it. */
export interface ToldEvent {
  readonly channel: string
  readonly text: string
}

interface BatcherParts {
  readonly target: Target
  /** Milliseconds that events are gathered; `0`: one request per event. */
  readonly batchMs: number
  readonly timings: WebhookTimings
  readonly agent: Agent
  readonly metrics: Metrics
  readonly logger: Logger
  /** Called when everything has been told or given up. */
  readonly idle: () => void
}

/**
 * Gathers what one endpoint is told into requests. While the endpoint is slow, more is gathered instead of more being
 * asked of it, and the number of events that wait is bounded.
 */
export class WebhookBatcher {
  readonly #parts: BatcherParts
  readonly #complaints: Complaints
  readonly #sender: WebhookSender
  readonly #waiting: ToldEvent[] = []
  #size = 0
  /** Whether what waits has been gathered for long enough. */
  #ripe = false
  #timer: NodeJS.Timeout | undefined

  constructor(parts: BatcherParts) {
    const { target, metrics, logger, agent, timings } = parts
    const complaints = new Complaints(target.label, metrics, logger)
    const next = (isBusy: (channel: string) => boolean) => (this.#ripe ? this.#take(isBusy) : undefined)
    this.#parts = parts
    this.#complaints = complaints
    this.#sender = new WebhookSender({ agent, timings, complaints, next, idle: () => this.#settle() })
  }

  /** Takes an event, or drops it when too much waits already. */
  add(event: ToldEvent): void {
    if (this.#isFull()) {
      this.#complaints.lost(1, `${maxEvents} events or ${maxSize} bytes wait already`)
      return
    }
    this.#waiting.push(event)
    this.#size += event.text.length
    const { batchMs } = this.#parts
    if (this.#ripe || batchMs === 0 || this.#waiting.length >= maxBatch) this.#ripen()
    else this.#timer ??= setTimeout(() => this.#ripen(), batchMs).unref()
  }

  /** Tries everything now, once. */
  flush(): void {
    this.#ripe = true
    this.#sender.flush()
  }

  /** Gives up everything, and says so. */
  abort(reason: string): void {
    const events = this.#sender.abort() + this.#waiting.length
    this.#waiting.length = 0
    if (events > 0) this.#complaints.lost(events, reason)
    this.#complaints.settle()
  }

  #isFull(): boolean {
    const { events, bytes } = this.#sender
    return events + this.#waiting.length >= maxEvents || bytes + this.#size >= maxSize
  }

  #ripen(): void {
    this.#ripe = true
    this.#sender.proceed()
  }

  /** The next request: events in their order, up to the first whose channel has to wait. */
  #take(isBusy: (channel: string) => boolean): WebhookRequest | undefined {
    const most = this.#parts.batchMs === 0 ? 1 : maxBatch
    let count = 0
    let size = 0
    for (const { channel, text } of this.#waiting) {
      if (count === most || size >= maxBatchSize || isBusy(channel)) break
      count++
      size += text.length
    }
    if (count === 0) return undefined
    const events = this.#waiting.splice(0, count)
    this.#size -= size
    if (this.#waiting.length === 0) this.#rest()
    return this.#toRequest(events)
  }

  #rest(): void {
    this.#ripe = false
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #toRequest(events: readonly ToldEvent[]): WebhookRequest {
    const { target, timings } = this.#parts
    const texts = events.map(({ text }) => text)
    const body = Buffer.from(webhookBody(Date.now(), texts))
    return {
      url: target.url,
      headers: { ...target.headers, ...webhookHeaders(target.credentials, body) },
      body,
      channels: new Set(events.map(({ channel }) => channel)),
      events: events.length,
      until: performance.now() + timings.lifetime,
    }
  }

  #settle(): void {
    if (this.#waiting.length > 0) return
    this.#complaints.settle()
    this.#parts.idle()
  }
}
