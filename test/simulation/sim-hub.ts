import type { Calls, LocalCalls } from '../../src/server/cluster/calls.ts'
import { type Listener, MemoryExchange } from '../../src/server/cluster/memory-exchange.ts'
import type { Random } from './random.ts'
import type { SimBroker } from './sim-broker.ts'
import type { VirtualTime } from './virtual-time.ts'

/** Milliseconds since 1970 at which every simulation begins. */
const epoch = 1_700_000_000_000

/** How the ways between the nodes and the hub behave. */
export interface Weather {
  /** Milliseconds that each call, answer and message takes. */
  readonly delay: () => number
  /** Of the messages between nodes, so many are lost. */
  readonly dropped: number
  /** Of the statements, so many are said twice: the node gets the second answer. */
  readonly repeated: number
}

/**
 * How much of what a node says and hears keeps its order: all of it, as over one connection; commands and subscriptions
 * each, as over two; or no more than {@link Broker} promises.
 */
export type Lanes = 'one' | 'two' | 'loose'

/** Something that was done for a node. */
interface Done {
  readonly at: number
  /** What the clock of the hub said then. */
  readonly clock: number
  readonly again: (calls: LocalCalls) => void
}

/** Who wants to hear nothing. */
const deaf: Listener = { message() {}, changed() {} }

/** Something that the ledger has decided and some node must announce. */
export interface Right {
  /** Of the channel, or of the user in it. */
  readonly key: string
  readonly kind: 'came' | 'went'
}

/** What the hub tells those who judge a run. */
export interface HubObserver {
  /** The ledger has decided what some node must announce. */
  decided(rights: readonly Right[]): void
  /** A node has the answer by which it must announce something; false: it is lost, or came too late to be sure of it. */
  answered(rights: readonly Right[], inTime: boolean): void
  /** The store has taken an event, as the next one of its channel. */
  kept(data: string): void
  note(line: () => string): void
}

interface HubParts {
  readonly time: VirtualTime
  readonly random: Random
  readonly lanes: Lanes
  readonly observer: HubObserver
}

/** The broker of a simulation: the reference ledger at the end of ways that can do anything to what travels on them. */
export class SimHub {
  readonly time: VirtualTime
  readonly random: Random
  readonly lanes: Lanes
  readonly observer: HubObserver
  readonly brokers = new Set<SimBroker>()
  weather: Weather = { delay: () => 0, dropped: 0, repeated: 0 }
  /** Nobody gets a connection. */
  down = false
  /** Milliseconds by which its clock is. */
  ahead = 0
  #exchange: MemoryExchange
  /** What was done since it forgot everything, to be done again up to some point. */
  #journal: Done[] = []
  #memories = 0

  constructor({ time, random, lanes, observer }: HubParts) {
    this.time = time
    this.random = random
    this.lanes = lanes
    this.observer = observer
    this.#exchange = this.#make(() => this.#clock)
  }

  get exchange(): MemoryExchange {
    return this.#exchange
  }

  /** Names what it remembers: another one when it has forgotten everything. */
  get memory(): string {
    return `memory ${this.#memories}`
  }

  /** Forgets everything; nobody has a connection until {@link restart}. */
  wipe(): void {
    this.stop()
    this.#exchange = this.#make(() => this.#clock)
    this.#journal = []
    this.#memories++
  }

  /** Forgets what was done in the last so many milliseconds; nobody has a connection until {@link restart}. */
  relapse(lost: number): void {
    this.stop()
    const remembered = this.#journal.filter(({ at }) => at <= this.time.now - lost)
    let doing: number | undefined
    this.#exchange = this.#make(() => doing ?? this.#clock)
    const calls = this.#exchange.callsOf(deaf)
    for (const { clock, again } of remembered) {
      doing = clock
      again(calls)
    }
    doing = undefined
    this.#journal = remembered
  }

  /** Something is done by the exchange that nodes have connections to. */
  done(again: Done['again']): void {
    this.#journal.push({ at: this.time.now, clock: this.#clock, again })
  }

  /** Nobody has a connection until {@link restart}. */
  stop(): void {
    this.down = true
    for (const broker of this.brokers) {
      broker.lose('The hub has stopped')
      broker.fence()
    }
  }

  /** Each node gets a connection again, up to so many milliseconds later. */
  restart(spread: number): void {
    this.down = false
    for (const broker of this.brokers) {
      this.time.plan(undefined, this.random.between(0, spread), () => broker.tryAgain())
    }
  }

  /** What the ledger says, without any way in between. */
  look<Name extends 'state' | 'occupied' | 'connections' | 'online' | 'renew' | 'settle' | 'forget'>(
    name: Name,
    ...said: Parameters<Calls[Name]>
  ): Awaited<ReturnType<Calls[Name]>> {
    const calls = this.#exchange.callsOf(deaf)
    return calls[name](...said)
  }

  get #clock(): number {
    return this.time.now + this.ahead
  }

  #make(clock: () => number): MemoryExchange {
    return new MemoryExchange(() => epoch + clock())
  }
}
