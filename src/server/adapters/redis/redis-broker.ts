import { messageOf } from '../../../support/errors.ts'
import type { Broker, BrokerListener, Notice, Place } from '../../cluster/broker.ts'
import { RedisLedger } from './redis-ledger.ts'
import { RedisLink } from './redis-link.ts'
import { RedisNames } from './redis-names.ts'
import { readNotice } from './redis-notice.ts'
import type { RedisOptions } from './redis-options.ts'
import { planOf, type RedisPlan } from './redis-plan.ts'
import { RedisRoads } from './redis-roads.ts'
import { RedisStore } from './redis-store.ts'

/** Milliseconds before the second attempt; each time twice as many, up to the longest. */
const shortestWait = 50
const longestWait = 2_000

/** Milliseconds that an attempt may take. */
const openTimeout = 10_000

/**
 * Joins nodes by a Redis. Throws a `ConfigurationError` when the options do not fit, or when no client library is installed.
 * Everything in that Redis has a name that begins with the prefix: installations with different prefixes never meet.
 */
export function redisBroker({ prefix, ...options }: RedisOptions & { readonly prefix: string }): Broker {
  return new RedisBroker(planOf(options), new RedisNames(prefix))
}

class RedisBroker implements Broker {
  readonly name = 'redis'
  readonly address: string
  readonly roads: RedisRoads
  readonly ledger: RedisLedger
  readonly store: RedisStore
  readonly #plan: RedisPlan
  readonly #names: RedisNames
  #listener: BrokerListener | undefined
  /** Whoever resets or closes makes the attempt before one that nobody waits for. */
  #attempt = 0
  /** The one that is open, or opens. */
  #link: RedisLink | undefined
  #status: 'new' | 'up' | 'down' = 'new'
  /** Attempts that have failed, and connections that did not last, one after the other. */
  #failures = 0
  #upSince = 0
  /** Of the next attempt, or of the end of this one. */
  #timer: NodeJS.Timeout | undefined

  constructor(plan: RedisPlan, names: RedisNames) {
    const link = () => this.#ready
    this.#plan = plan
    this.#names = names
    this.address = plan.address
    this.roads = new RedisRoads(link, names)
    this.ledger = new RedisLedger(link, names)
    this.store = new RedisStore(link, names)
  }

  open(listener: BrokerListener): void {
    this.#listener = listener
    void this.#connect(listener)
  }

  reset(): void {
    if (this.#listener === undefined) return
    this.#drop()
    if (this.#status !== 'down') this.#down('The connection was reset')
    void this.#connect(this.#listener)
  }

  async close(): Promise<void> {
    this.#listener = undefined
    this.#drop()
  }

  get #ready(): RedisLink {
    if (this.#link === undefined || this.#status !== 'up') throw new Error('Redis is not connected')
    return this.#link
  }

  async #connect(listener: BrokerListener): Promise<void> {
    const attempt = ++this.#attempt
    const wanted = () => attempt === this.#attempt
    this.#timer = setTimeout(() => {
      this.#retry(`${this.#link?.silent ?? 'The given client'} did not answer in time`)
    }, openTimeout)
    try {
      const route = await this.#plan.route()
      if (!wanted()) return
      this.#link = new RedisLink(route, attempt, {
        message: (channel, message) => this.#hear(channel, message),
        ended: (reason) => wanted() && this.#retry(reason),
      })
      await this.#link.open()
    } catch (error) {
      if (wanted()) this.#retry(messageOf(error))
      return
    }
    if (!wanted()) return
    clearTimeout(this.#timer)
    this.#upSince = performance.now()
    this.#status = 'up'
    listener.connected()
  }

  #hear(channel: string, message: Buffer): void {
    if (this.#status !== 'up') return
    const about = this.#names.read(channel)
    if ('road' in about) this.#listener?.message(about.road, message)
    else this.#hearOf(about.place, readNotice(message))
  }

  #hearOf(place: Place, notice: Notice | undefined): void {
    if (notice === undefined) this.#listener?.refused?.()
    else this.#listener?.changed(place, notice)
  }

  #retry(reason: string): void {
    this.#drop()
    this.#down(reason)
    const listener = this.#listener
    if (listener === undefined) return
    const wait = Math.min(shortestWait * 2 ** this.#failures++, longestWait)
    // Not all nodes at once.
    this.#timer = setTimeout(() => void this.#connect(listener), wait * (0.5 + Math.random() / 2))
  }

  #drop(): void {
    this.#attempt++
    clearTimeout(this.#timer)
    // One that is lost again as soon as it is there is no success.
    if (this.#status === 'up' && performance.now() - this.#upSince > longestWait) this.#failures = 0
    this.#link?.destroy()
    this.#link = undefined
  }

  #down(reason: string): void {
    const isKnown = this.#status === 'down'
    this.#status = 'down'
    if (isKnown) this.#listener?.failed?.(reason)
    else this.#listener?.disconnected(reason)
  }
}
