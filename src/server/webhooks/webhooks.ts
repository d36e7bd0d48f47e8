import { Agent } from 'node:http'
import { Agent as TlsAgent } from 'node:https'
import { kindOf } from '../../protocol/names.ts'
import type { WebhookEvent } from '../../protocol/webhook.ts'
import type { Logger } from '../../support/logger.ts'
import type { App } from '../apps/app.ts'
import type { Lifecycle, LifecycleEvent } from '../lifecycle.ts'
import type { Metrics } from '../metrics.ts'
import { Misses } from './misses.ts'
import { type Target, targetsOf } from './target.ts'
import { type WebhookTimings, webhookTimings } from './timings.ts'
import { type ToldEvent, WebhookBatcher } from './webhook-batcher.ts'

/** Connections that rest are closed before the other side, which as a rule waits five seconds, would. */
const agentOptions = { keepAlive: true, timeout: 4_000 }

interface WebhooksParts {
  readonly lifecycle: Lifecycle
  /** Whether any app may have webhooks; when none may, it does not even listen. */
  readonly wanted: boolean
  /** Milliseconds that events are gathered for one request, per endpoint; `0`: one request per event. */
  readonly batchMs: number
  readonly metrics: Metrics
  readonly logger: Logger
}

/**
 * Tells the endpoints of each app what happens in its channels, by signed requests (protocol.md 7). Each is told on its
 * own; none holds up another, nor whatever happens.
 */
export class Webhooks {
  readonly #parts: WebhooksParts
  readonly #timings: WebhookTimings
  readonly #misses: Misses
  readonly #targets = new WeakMap<App, readonly Target[]>()
  /** Those that have something to tell, by the key of their target. */
  readonly #batchers = new Map<string, WebhookBatcher>()
  readonly #agents = { 'http:': new Agent(agentOptions), 'https:': new TlsAgent(agentOptions) }
  #flushed: Promise<void> | undefined
  #emptied: (() => void) | undefined

  /** Listens from now on, if anybody may want to know. */
  constructor(parts: WebhooksParts, timings: WebhookTimings = webhookTimings) {
    this.#parts = parts
    this.#timings = timings
    this.#misses = new Misses(timings.missPause)
    if (parts.wanted) parts.lifecycle.on((event) => this.#take(event))
  }

  /**
   * Tries to tell everything that waits, each once more, within `deadline` milliseconds; what is lost is counted and
   * logged. Ends every connection and timer; whatever happens afterwards is not told. Idempotent, never rejects.
   */
  flush(deadline: number): Promise<void> {
    this.#flushed ??= this.#flush(deadline)
    return this.#flushed
  }

  async #flush(deadline: number): Promise<void> {
    for (const batcher of this.#batchers.values()) batcher.flush()
    if (this.#batchers.size > 0) await this.#emptyWithin(deadline)
    for (const batcher of this.#batchers.values()) batcher.abort('the server has shut down')
    this.#batchers.clear()
    for (const agent of Object.values(this.#agents)) agent.destroy()
  }

  #emptyWithin(deadline: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, deadline)
      this.#emptied = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #take(event: LifecycleEvent): void {
    if (event.app.webhooks.length === 0 || kindOf(event.channel).access === 'user') return
    const targets = this.#targetsOf(event.app).filter(({ wants }) => wants(event))
    if (targets.length === 0 || (event.name === 'cache_miss' && this.#misses.repeats(event))) return
    if (this.#flushed !== undefined) {
      this.#parts.metrics.webhookEventsDropped += targets.length
      return
    }
    const told: ToldEvent = { channel: event.channel, text: JSON.stringify(toWire(event)) }
    for (const target of targets) this.#batcherOf(target).add(told)
  }

  #targetsOf(app: App): readonly Target[] {
    const known = this.#targets.get(app)
    if (known !== undefined) return known
    const targets = targetsOf(app, (reason) => {
      this.#parts.logger.error(`A webhook of the app "${app.id}" cannot be used: ${reason}`)
    })
    this.#targets.set(app, targets)
    return targets
  }

  #batcherOf(target: Target): WebhookBatcher {
    const { key, url } = target
    const known = this.#batchers.get(key)
    if (known !== undefined) return known
    const batcher = new WebhookBatcher({
      ...this.#parts,
      target,
      timings: this.#timings,
      agent: url.protocol === 'https:' ? this.#agents['https:'] : this.#agents['http:'],
      idle: () => this.#forget(key),
    })
    this.#batchers.set(key, batcher)
    return batcher
  }

  #forget(key: string): void {
    this.#batchers.delete(key)
    if (this.#batchers.size === 0) this.#emptied?.()
  }
}

/** An event by the names that the wire has for it. */
function toWire(event: LifecycleEvent): WebhookEvent {
  const { channel } = event
  switch (event.name) {
    case 'member_added':
    case 'member_removed':
      return { name: event.name, channel, user_id: event.userId }
    case 'client_event': {
      const { event: said, data, socketId, userId } = event
      const user = userId === undefined ? {} : { user_id: userId }
      return { name: event.name, channel, event: said, data, socket_id: socketId, ...user }
    }
    case 'subscription_count':
      return { name: event.name, channel, subscription_count: event.count }
    default:
      return { name: event.name, channel }
  }
}
