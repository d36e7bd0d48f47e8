import { randomBytes } from 'node:crypto'
import { messageOf } from '../../support/errors.ts'
import type { Logger } from '../../support/logger.ts'
import { settleTime } from '../adapter.ts'
import { UnreachableError } from '../errors.ts'
import type { Metrics } from '../metrics.ts'
import { type Broker, type Notice, type Place, type Settled, stale, takenForDead } from './broker.ts'
import { Deadlines, patienceOf } from './deadlines.ts'
import { Departures } from './departures.ts'
import { Probe } from './probe.ts'
import { Trouble } from './trouble.ts'

/** Milliseconds between two renewals at most. */
const maxInterval = 2_000

/** Milliseconds before the second attempt to come back; each time twice as many, up to the longest. */
const [firstPause, longestPause] = [50, 2_000]

/** What a node does when its link changes; nothing of it throws, and only `recover` may reject. */
export interface LinkListener {
  message(road: string, message: Buffer): void
  changed(place: Place, notice: Notice): void
  /** The others are out of reach; the ledger may be another one afterwards. */
  lost(): void
  /** Broker and ledger may know nothing of this node: says everything again. */
  recover(): Promise<void>
  /** Every node has had the time to say everything again: what the ledger does not know now is not so. */
  believe(): void
  /** Departures that are this node's to tell. Never rejects. */
  settled(settled: Settled): Promise<void>
}

interface LinkParts {
  readonly broker: Broker
  /** As people know it. */
  readonly nodeId: string
  /** Milliseconds after which a silent node counts as dead. */
  readonly ttl: number
  readonly metrics: Metrics
  readonly logger: Logger
}

/**
 * This node's tie to the others: keeps its lease, proves by a message through the broker that it can hear, buries nodes that
 * have died, and leads the way back after every loss. A node that was taken for dead begins a new life.
 */
export class Link {
  /** Id of this process, as other nodes see it as a sender. */
  readonly instance: string
  readonly #parts: LinkParts
  readonly #deadlines: Deadlines
  readonly #probe: Probe
  readonly #trouble: Trouble
  readonly #departures: Departures
  #listener: LinkListener | undefined
  #life: string
  /** Without a connection; saying everything again; one of them. */
  #state: 'down' | 'joining' | 'up' = 'down'
  /** How often there was a connection: the end of what was asked of an earlier one says nothing of this one. */
  #turn = 0
  #memory: string | undefined
  #closed = false
  /** Milliseconds on the monotonic clock. */
  #renewedAt = 0
  #upSince = 0
  #renewing = false
  #tending: Promise<void> | undefined
  #alive = 1
  /** Milliseconds before the broker is reset; 0 when all has gone well for a while. */
  #pause = 0
  #timer: NodeJS.Timeout | undefined
  #resetting: NodeJS.Timeout | undefined
  #believing: NodeJS.Timeout | undefined

  constructor(parts: LinkParts) {
    const { broker, nodeId, ttl, logger } = parts
    this.#parts = parts
    this.instance = `${nodeId}.${randomBytes(4).toString('hex')}`
    this.#life = this.#newLife()
    this.#deadlines = new Deadlines(broker.name, patienceOf(ttl))
    this.#probe = new Probe(this.instance, broker.roads, this.#deadlines)
    this.#trouble = new Trouble(broker, logger)
    this.#departures = new Departures({
      ...parts,
      deadlines: this.#deadlines,
      tell: (settled) => this.#listener?.settled(settled),
    })
  }

  /** The id under which the ledger knows this node. */
  get life(): string {
    return this.#life
  }

  /** Whether the broker can be asked. False as soon as the lease is over, so that a frozen node looks before it speaks. */
  get up(): boolean {
    return this.#state === 'up' && performance.now() - this.#renewedAt < this.#parts.ttl
  }

  /** Names what the ledger remembers; undefined when that cannot be told. */
  get memory(): string | undefined {
    return this.#memory
  }

  /** Why the others cannot be reached, for people; undefined while they can. */
  get trouble(): string | undefined {
    if (this.#trouble.text !== undefined || this.up) return this.#trouble.text
    return 'The lease of this node is over and not renewed yet'
  }

  /** Whether no other node is alive, as far as is known. */
  get alone(): boolean {
    return this.#alive <= 1
  }

  /** Begins to connect. The timers do not keep the process alive. */
  start(listener: LinkListener): void {
    const { broker, ttl, metrics } = this.#parts
    this.#listener = listener
    this.#timer = setInterval(() => void this.renew(), Math.min(ttl / 4, maxInterval)).unref()
    broker.open({
      connected: () => this.#found(),
      disconnected: (reason) => this.#lost(reason),
      failed: (reason) => this.#failed(reason),
      message: (road, message) => {
        if (!this.#probe.heard(road)) listener.message(road, message)
      },
      changed: (place, notice) => listener.changed(place, notice),
      refused: () => void metrics.relayRefused++,
    })
  }

  /** Asks the broker something. Rejects with an {@link UnreachableError} when it cannot, or does not answer in time. */
  async ask<T>(call: (life: string) => Promise<T | typeof stale>): Promise<T> {
    if (!this.up) throw new UnreachableError('Nothing was changed')
    const [life, turn] = [this.#life, this.#turn]
    try {
      const answer = await this.#deadlines.inTime(call(life))
      if (answer !== stale) return answer
    } catch (thrown) {
      this.#fail(messageOf(thrown), turn)
      throw new UnreachableError(`${this.#parts.broker.name} did not do what it was asked`)
    }
    this.#fail(takenForDead, turn)
    throw new UnreachableError(takenForDead)
  }

  /** Leaves the others: nothing of this node remains in the ledger, and the last one leaves nothing to tell. Never rejects. */
  async close(): Promise<void> {
    const { broker, logger } = this.#parts
    this.#closed = true
    clearInterval(this.#timer)
    clearTimeout(this.#believing)
    clearTimeout(this.#resetting)
    try {
      // What has been handed out already is handed out to nobody else.
      if (this.up) await this.#tending
      await this.#departures.told()
      if (this.up && this.alone) await this.#departures.take(this.#life, 0)
      await this.#departures.told()
      if (this.#state !== 'down') await this.#deadlines.inTime(broker.ledger.forget(this.#life))
      await this.#deadlines.inTime(broker.close())
    } catch (thrown) {
      logger.warn(`Leaving the other nodes failed: ${messageOf(thrown)}`)
    }
    this.#state = 'down'
    this.#deadlines.stop()
  }

  #found(): void {
    this.#turn++
    clearTimeout(this.#resetting)
    void this.#recover(this.#turn)
  }

  #lost(reason: string): void {
    if (this.#closed) return
    // What follows on a loss, such as the end of its connections, is none of its own.
    const follows = this.#state === 'down' && this.#trouble.isTold
    this.#state = 'down'
    clearTimeout(this.#believing)
    this.#probe.cancel()
    this.#listener?.lost()
    if (follows) return
    if (!this.#trouble.isTold) this.#parts.metrics.brokerLosses++
    this.#trouble.tell(reason)
  }

  #failed(reason: string): void {
    if (!this.#closed && this.#state === 'down') this.#trouble.tell(reason)
  }

  /** Something that was asked of a connection has failed: with it everything else is in doubt. */
  #fail(reason: string, turn: number): void {
    if (!this.#isCurrent(turn) || this.#closed) return
    this.#lost(reason)
    // At once; but what fails again and again is not hammered at.
    this.#resetting = setTimeout(() => this.#parts.broker.reset(), this.#pause).unref()
    this.#pause = Math.min(Math.max(firstPause, this.#pause * 2), longestPause)
  }

  /** From here on the others count on this node again. */
  async #recover(turn: number): Promise<void> {
    const { broker, logger } = this.#parts
    if (this.#closed) return
    this.#state = 'joining'
    try {
      await this.#register()
      await this.#probe.begin()
      await this.#probe.run()
      if (!this.#isCurrent(turn)) return
      this.#state = 'up'
      this.#upSince = performance.now()
      // What is left of those who went long ago is no sight for those who come now.
      if (this.alone) await this.#departures.take(this.#life, settleTime)
      await this.#listener?.recover()
      if (!this.#isCurrent(turn) || !this.up) return
      this.#trouble.end()
      clearTimeout(this.#believing)
      this.#believing = setTimeout(() => this.#believe(), settleTime).unref()
      logger.info(`Node ${this.#parts.nodeId} has joined the others over ${broker.name} at ${broker.address}`)
    } catch (thrown) {
      this.#fail(messageOf(thrown), turn)
    }
  }

  #believe(): void {
    this.#pause = 0
    this.#listener?.believe()
  }

  /** Whether the connection is still the same, and not lost. */
  #isCurrent(turn: number): boolean {
    return turn === this.#turn && this.#state !== 'down'
  }

  /** The same life goes on where the ledger still knows it: then nobody notices that anything was. */
  async #register(): Promise<void> {
    const { ledger } = this.#parts.broker
    const { ttl } = this.#parts
    let sent = performance.now()
    let renewed = await this.#deadlines.inTime(ledger.renew(this.#life, ttl, false))
    if (renewed === stale) {
      this.#life = this.#newLife()
      sent = performance.now()
      renewed = await this.#deadlines.inTime(ledger.renew(this.#life, ttl, true))
    }
    this.#renewedAt = sent
    if (renewed === stale) return
    this.#alive = renewed.alive
    this.#memory = renewed.memory
  }

  /** Renews the lease, and so learns who else is alive. Never rejects. */
  async renew(): Promise<void> {
    if (this.#state !== 'up' || this.#renewing) return
    this.#renewing = true
    const turn = this.#turn
    try {
      const sent = performance.now()
      const renewed = await this.#deadlines.inTime(
        this.#parts.broker.ledger.renew(this.#life, this.#parts.ttl, false),
      )
      // Meanwhile nothing was said, and nothing is said again without a loss.
      if (renewed === stale || !this.up) {
        this.#fail(takenForDead, turn)
        return
      }
      this.#renewedAt = sent
      this.#alive = renewed.alive
      await this.#probe.run()
      if (!this.#isCurrent(turn) || this.#closed) return
      this.#tending ??= this.#tend(renewed.expired, turn).finally(() => {
        this.#tending = undefined
      })
    } catch (thrown) {
      this.#fail(messageOf(thrown), turn)
    } finally {
      this.#renewing = false
    }
  }

  /** Buries the dead and tells of who has gone, never rejects; whoever has just come back lets the others come back first. */
  async #tend(expired: readonly string[], turn: number): Promise<void> {
    const isLongUp = performance.now() - this.#upSince >= this.#parts.ttl
    try {
      if (isLongUp) await this.#departures.bury(expired, () => this.up)
      if (this.up) await this.#departures.take(this.#life, settleTime)
    } catch (thrown) {
      this.#fail(messageOf(thrown), turn)
    }
  }

  #newLife(): string {
    return `${this.#parts.nodeId}.${randomBytes(6).toString('hex')}`
  }
}
