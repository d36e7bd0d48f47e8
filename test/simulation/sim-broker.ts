import type { Broker, BrokerListener } from '../../src/server/cluster/broker.ts'
import { type Ask, partsOver } from '../../src/server/cluster/calls.ts'
import type { SimHub } from './sim-hub.ts'
import { SimWay, type Stretch } from './sim-way.ts'
import type { Process } from './virtual-time.ts'

/** One node's side of a {@link SimHub}. */
export class SimBroker implements Broker {
  readonly name = 'simulation'
  readonly address = 'memory'
  readonly roads: Broker['roads']
  readonly ledger: Broker['ledger']
  readonly store: Broker['store']
  readonly #hub: SimHub
  readonly #process: Process
  #listener: BrokerListener | undefined
  #way: SimWay | undefined
  /** Ways that have ended, on which something may still arrive. */
  #ended: SimWay[] = []
  #cut = false
  #stalled: ReadonlySet<Stretch> = new Set()

  constructor(hub: SimHub, process: Process) {
    this.#hub = hub
    this.#process = process
    const ask: Ask = (name, said) =>
      this.#way?.ask(name, said) ?? Promise.reject(new Error('There is no connection'))
    const { roads, ledger, store } = partsOver(ask)
    this.roads = roads
    this.ledger = ledger
    this.store = store
    hub.brokers.add(this)
  }

  /** Roads and places that the hub sends to this node. */
  get interests(): readonly string[] {
    return this.#way?.interests ?? []
  }

  /** Where nothing gets on; another set after each change. */
  get stalled(): ReadonlySet<Stretch> {
    return this.#stalled
  }

  open(listener: BrokerListener): void {
    this.#listener = listener
    if (this.#cut || this.#hub.down) this.#tell(() => listener.disconnected('It is cut'))
    else this.#connect(listener)
  }

  reset(): void {
    this.lose('It was reset')
    this.tryAgain()
  }

  async close(): Promise<void> {
    this.#listener = undefined
    this.#drop('It was closed')
  }

  /** The process has ended: its connection goes, and it is told nothing. */
  abandon(): void {
    this.#listener = undefined
    this.#drop('Its process has ended')
    this.#hub.brokers.delete(this)
  }

  cut(): void {
    this.#cut = true
    this.lose('It was cut')
  }

  heal(): void {
    this.#cut = false
    this.unstall()
    this.tryAgain()
  }

  /** Nothing gets on where it has stalled, until {@link unstall}. */
  stall(stretches: readonly Stretch[]): void {
    this.#stalled = new Set([...this.#stalled, ...stretches])
    this.#way?.stall(this.#stalled)
  }

  unstall(): void {
    this.#stalled = new Set()
    this.#way?.stall(this.#stalled)
  }

  /** The connection is lost. */
  lose(reason: string): void {
    const listener = this.#listener
    if (!this.#drop(reason) || listener === undefined) return
    this.#tell(() => {
      if (this.#listener === listener) listener.disconnected(reason)
    })
  }

  /** What was said over ways that have ended never arrives. */
  fence(): void {
    for (const way of this.#ended) way.fence()
    this.#ended = []
  }

  /** Connects, if that is possible and not done. */
  tryAgain(): void {
    if (this.#listener === undefined || this.#way !== undefined || this.#cut || this.#hub.down) return
    this.#connect(this.#listener)
  }

  #connect(listener: BrokerListener): void {
    this.#way = new SimWay({
      hub: this.#hub,
      process: this.#process,
      listener,
      stalled: this.#stalled,
      renewed: () => this.fence(),
    })
  }

  #drop(reason: string): boolean {
    const way = this.#way
    this.#way = undefined
    if (way === undefined) return false
    way.end(reason)
    this.#ended.push(way)
    return true
  }

  #tell(what: () => void): void {
    this.#hub.time.plan(this.#process, 0, what)
  }
}
