import type { Broker, BrokerListener } from '../server/cluster/broker.ts'
import { type Ask, partsOver } from '../server/cluster/calls.ts'
import { MemoryExchange } from '../server/cluster/memory-exchange.ts'
import { Way } from './hub-way.ts'

const monotonic = () => performance.timeOrigin + performance.now()

/** A broker for tests, in memory, with everything that can go wrong between it and its nodes. */
export class BrokerHub {
  readonly #clock: () => number
  readonly #brokers = new Set<HubBroker>()
  #exchange: MemoryExchange

  /** The clock tells milliseconds, and never goes back. */
  constructor(clock: () => number = monotonic) {
    this.#clock = clock
    this.#exchange = new MemoryExchange(clock)
  }

  /** A way to the hub for one node. */
  broker(): HubBroker {
    const broker = new HubBroker(() => this.#exchange)
    this.#brokers.add(broker)
    return broker
  }

  /** The hub starts anew: all that it knew is lost, and all are disconnected until they {@link HubBroker.heal}. */
  wipe(): void {
    for (const broker of this.#brokers) broker.cut()
    this.#exchange = new MemoryExchange(this.#clock)
  }
}

/** One node's side of a `BrokerHub`. Nothing that it is asked or tells happens at once. */
export class HubBroker implements Broker {
  readonly name = 'hub'
  readonly address = 'memory'
  readonly roads: Broker['roads']
  readonly ledger: Broker['ledger']
  readonly store: Broker['store']
  readonly #exchange: () => MemoryExchange
  #listener: BrokerListener | undefined
  #way: Way | undefined
  /** The listener has been told that there is no connection. */
  #lost = false
  #cut = false
  #stalled = false

  constructor(exchange: () => MemoryExchange) {
    this.#exchange = exchange
    const ask: Ask = (name, said) =>
      this.#way?.ask(name, said) ?? Promise.reject(new Error('There is no connection'))
    const { roads, ledger, store } = partsOver(ask)
    this.roads = roads
    this.ledger = ledger
    this.store = store
  }

  open(listener: BrokerListener): void {
    this.#listener = listener
    if (this.#cut) this.#lose('It was cut')
    else this.#connect(listener)
  }

  reset(): void {
    this.#lose('It was reset')
    if (!this.#cut && this.#listener !== undefined) this.#connect(this.#listener)
  }

  async close(): Promise<void> {
    this.#listener = undefined
    this.#lose('It was closed')
  }

  /** The connection is lost, and what was asked over it rejects: whether it was done nobody knows. */
  cut(reason = 'It was cut'): void {
    this.#cut = true
    this.#lose(reason)
  }

  /** There is a connection again, on which nothing is subscribed or watched. */
  heal(): void {
    if (this.#cut && this.#listener !== undefined) this.#connect(this.#listener)
    this.#cut = false
  }

  /** From now on nothing passes in either direction; nothing fails either. */
  stall(): void {
    this.#stalled = true
    this.#way?.stall()
  }

  /** What was held up passes now, in its order. */
  unstall(): void {
    this.#stalled = false
    this.#way?.go()
  }

  #connect(listener: BrokerListener): void {
    const connected = () => {
      this.#lost = false
      listener.connected()
    }
    const message: BrokerListener['message'] = (...said) => listener.message(...said)
    const changed: BrokerListener['changed'] = (...said) => listener.changed(...said)
    this.#way = new Way(this.#exchange(), { connected, message, changed }, this.#stalled)
  }

  #lose(reason: string): void {
    this.#way?.end(reason)
    this.#way = undefined
    if (this.#lost || this.#listener === undefined) return
    this.#lost = true
    queueMicrotask(() => this.#listener?.disconnected(reason))
  }
}
