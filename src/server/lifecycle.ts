import type { ChannelName, SocketId } from '../protocol/names.ts'
import { messageOf } from '../support/errors.ts'
import type { Logger } from '../support/logger.ts'
import type { App } from './apps/app.ts'
import type { Metrics } from './metrics.ts'

/** What happened, in the whole cluster, named as webhooks name it (protocol.md 7). */
export type LifecycleEvent = { readonly app: App; readonly channel: ChannelName } & (
  | { readonly name: 'channel_occupied' | 'channel_vacated' }
  | { readonly name: 'cache_miss' }
  | { readonly name: 'member_added' | 'member_removed'; readonly userId: string }
  | {
      readonly name: 'client_event'
      readonly event: string
      /** The text that was delivered. */
      readonly data: string
      readonly socketId: SocketId
      /** Only on presence channels. */
      readonly userId: string | undefined
    }
  | { readonly name: 'subscription_count'; readonly count: number }
)

/** Takes what happened, after it has happened; is never awaited. */
export type LifecycleListener = (event: LifecycleEvent) => void

/** The one seam for what happened: whoever wants to know registers here at boot. No delivery passes through it. */
export class Lifecycle {
  readonly #listeners: LifecycleListener[] = []
  readonly #metrics: Metrics
  readonly #logger: Logger

  constructor(metrics: Metrics, logger: Logger) {
    this.#metrics = metrics
    this.#logger = logger
  }

  /** Whether anybody listens; what nobody wants to know need not be put into words. */
  get listening(): boolean {
    return this.#listeners.length > 0
  }

  /** Calls the listener with everything that happens from now on. */
  on(listener: LifecycleListener): void {
    this.#listeners.push(listener)
  }

  /** Tells every listener, in the order of registration; one that throws is counted and logged and harms nobody. */
  announce(event: LifecycleEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch (thrown) {
        this.#metrics.handlerFailures++
        this.#logger.error(`A listener for ${event.name} failed: ${messageOf(thrown)}`)
      }
    }
  }
}
