import type { Agent } from 'node:http'
import type { Complaints } from './complaints.ts'
import { post } from './post.ts'
import { pauseAfter, type WebhookTimings } from './timings.ts'

/** Requests to one endpoint at a time: so many first tries, and beside them so many later ones. */
const atOnce = 4

/** The signed bytes of some events, the same at every try. */
export interface WebhookRequest {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** The channels of its events, and how many events there are. */
  readonly channels: ReadonlySet<string>
  readonly events: number
  /** Milliseconds on the monotonic clock after which it is of no use. */
  readonly until: number
}

interface Attempt {
  readonly request: WebhookRequest
  tries: number
  /** When it is tried again, in milliseconds on the monotonic clock. */
  due: number
}

interface SenderParts {
  /** The next request that has not been tried, without the channels that are busy, when there is one. */
  readonly next: (isBusy: (channel: string) => boolean) => WebhookRequest | undefined
  readonly agent: Agent
  readonly timings: WebhookTimings
  readonly complaints: Complaints
  /** Called when nothing waits and nothing is under way any more. */
  readonly idle: () => void
}

/**
 * Posts the requests of one endpoint until each is taken or too old. First tries keep the order of each channel: one
 * begins when that before it has ended. What has failed is tried again beside them and holds nothing up (protocol.md 7).
 */
export class WebhookSender {
  readonly #parts: SenderParts
  /** What has failed, in the order in which it is due. */
  readonly #failed: Attempt[] = []
  readonly #firstTries = new Set<Attempt>()
  readonly #laterTries = new Set<Attempt>()
  #events = 0
  #bytes = 0
  #timer: NodeJS.Timeout | undefined
  #flushing = false

  constructor(parts: SenderParts) {
    this.#parts = parts
  }

  /** Events of requests that have neither been taken nor given up. */
  get events(): number {
    return this.#events
  }

  /** Bytes of their bodies. */
  get bytes(): number {
    return this.#bytes
  }

  /** Begins the first tries that can begin. */
  proceed(): void {
    for (let next = this.#nextFresh(); next !== undefined; next = this.#nextFresh()) {
      this.#start(next, this.#firstTries)
    }
  }

  /** Tries everything now, once; what fails from here on is given up. */
  flush(): void {
    this.#flushing = true
    this.#proceedWithAll()
  }

  /** Forgets everything, also what is under way, which ends with its agent; gives back how many events that were. */
  abort(): number {
    const events = this.#events
    this.#events = 0
    this.#failed.length = 0
    this.#firstTries.clear()
    this.#laterTries.clear()
    clearTimeout(this.#timer)
    return events
  }

  #nextFresh(): Attempt | undefined {
    if (this.#firstTries.size >= atOnce) return undefined
    const request = this.#parts.next((channel) => this.#isBusy(channel))
    if (request === undefined) return undefined
    this.#events += request.events
    this.#bytes += request.body.byteLength
    return { request, tries: 0, due: 0 }
  }

  #isBusy(channel: string): boolean {
    for (const { request } of this.#firstTries) if (request.channels.has(channel)) return true
    return false
  }

  #proceedWithAll(): void {
    this.proceed()
    this.#tryAgain()
    if (this.#events === 0) this.#parts.idle()
  }

  /** One timer for all; while every place is taken none is needed, as each end of a try comes by here. */
  #tryAgain(): void {
    clearTimeout(this.#timer)
    while (this.#laterTries.size < atOnce) {
      const [next] = this.#failed
      if (next === undefined) return
      const early = this.#flushing ? 0 : next.due - performance.now()
      if (early > 0) {
        this.#timer = setTimeout(() => this.#proceedWithAll(), Math.ceil(early)).unref()
        return
      }
      this.#failed.shift()
      this.#start(next, this.#laterTries)
    }
  }

  #start(attempt: Attempt, underWay: Set<Attempt>): void {
    const timeout = Math.min(this.#parts.timings.patience, attempt.request.until - performance.now())
    if (timeout <= 0) {
      this.#end(attempt)
      this.#parts.complaints.lost(attempt.request.events, 'too many others were before it for five minutes')
    } else {
      underWay.add(attempt)
      void this.#try(attempt, underWay, timeout)
    }
  }

  async #try(attempt: Attempt, underWay: Set<Attempt>, timeout: number): Promise<void> {
    attempt.tries++
    const { agent, complaints } = this.#parts
    const failure = await post({ ...attempt.request, agent, timeout })
    // Forgotten meanwhile.
    if (!underWay.delete(attempt)) return
    if (failure === undefined) {
      complaints.taken()
      this.#end(attempt)
    } else {
      complaints.failed()
      this.#tryLater(attempt, failure)
    }
    this.#proceedWithAll()
  }

  /** The last try comes as late as an answer to it still counts. */
  #tryLater(attempt: Attempt, failure: string): void {
    const { timings, complaints } = this.#parts
    const { tries, request } = attempt
    const now = performance.now()
    attempt.due = Math.min(now + pauseAfter(tries, timings), request.until - timings.patience)
    if (this.#flushing || attempt.due <= now) {
      this.#end(attempt)
      complaints.lost(request.events, `${failure}; tries: ${tries}`)
    } else {
      const place = this.#failed.findLastIndex(({ due }) => due <= attempt.due) + 1
      this.#failed.splice(place, 0, attempt)
      complaints.tryAgain(failure)
    }
  }

  #end({ request }: Attempt): void {
    this.#events -= request.events
    this.#bytes -= request.body.byteLength
  }
}
