import type { BrokerListener } from './broker.ts'
import type { LocalCalls } from './calls.ts'
import { Interest } from './interest.ts'
import { MemoryLedger } from './memory-ledger.ts'
import { MemoryStore } from './memory-store.ts'
import { placeKey } from './place-key.ts'

/** A node, as seen by an exchange: what it has asked to hear. */
export type Listener = Pick<BrokerListener, 'message' | 'changed'>

/** A broker in the memory of one process: a ledger, a store and roads, for all who can call it. */
export class MemoryExchange {
  readonly #roads = new Interest<Listener>()
  readonly #watches = new Interest<Listener>()
  readonly #ledger: MemoryLedger
  readonly #store: MemoryStore

  /** The clock tells milliseconds since 1970, and never goes back. */
  constructor(clock: () => number) {
    this.#ledger = new MemoryLedger({
      clock,
      changed: (place, notice) => {
        for (const listener of this.#watches.of(placeKey(place))) listener.changed(place, notice)
      },
    })
    this.#store = new MemoryStore({ clock, send: (road, message) => this.#send(road, message) })
  }

  /** What a node can ask for; it hears what it asks for within the calls that make it happen, until {@link leave}. */
  callsOf(listener: Listener): LocalCalls {
    const ledger = this.#ledger
    const store = this.#store
    return {
      subscribe: (roads) => {
        for (const road of roads) this.#roads.add(listener, road)
      },
      unsubscribe: (roads) => {
        for (const road of roads) this.#roads.remove(listener, road)
      },
      send: (road, message) => this.#send(road, message),
      watch: (places) => {
        for (const place of places) this.#watches.add(listener, placeKey(place))
      },
      unwatch: (places) => {
        for (const place of places) this.#watches.remove(listener, placeKey(place))
      },
      renew: (...said) => ledger.renew(...said),
      hold: (...said) => ledger.hold(...said),
      state: (...said) => ledger.state(...said),
      occupied: (...said) => ledger.occupied(...said),
      connect: (...said) => ledger.connect(...said),
      connections: (...said) => ledger.connections(...said),
      sign: (...said) => ledger.sign(...said),
      online: (...said) => ledger.online(...said),
      reap: (...said) => ledger.reap(...said),
      settle: (...said) => ledger.settle(...said),
      forget: (...said) => ledger.forget(...said),
      keep: (...said) => store.keep(...said),
      last: (place) => store.last(place),
    }
  }

  /** The listener hears nothing any more; what its node has stays until that is reaped. */
  leave(listener: Listener): void {
    this.#roads.leave(listener)
    this.#watches.leave(listener)
  }

  /** The node is known to have ended without a word: what it had is gone at once. */
  end(node: string): void {
    this.#ledger.expire(node)
    while (!this.#ledger.reap(node));
  }

  #send(road: string, message: Buffer): void {
    for (const listener of this.#roads.of(road)) listener.message(road, message)
  }
}
