import type { BrokerListener } from '../server/cluster/broker.ts'
import type { Ask, LocalCalls } from '../server/cluster/calls.ts'
import type { MemoryExchange } from '../server/cluster/memory-exchange.ts'

/** One connection between a node and a `BrokerHub`: what is said over it arrives later, in the order in which it was said. */
export class Way {
  readonly #exchange: MemoryExchange
  readonly #listener: Pick<BrokerListener, 'message' | 'changed'>
  readonly #calls: LocalCalls
  /** Those who wait for an answer. */
  readonly #waiting = new Set<(reason: Error) => void>()
  #steps: (() => void)[] = []
  #scheduled = false
  #stalled: boolean

  /** Tells the listener first of all that it is connected. */
  constructor(exchange: MemoryExchange, listener: Omit<BrokerListener, 'disconnected'>, stalled: boolean) {
    this.#exchange = exchange
    this.#stalled = stalled
    this.#listener = {
      message: (...said) => this.#later(() => listener.message(...said)),
      changed: (...said) => this.#later(() => listener.changed(...said)),
    }
    this.#calls = exchange.callsOf(this.#listener)
    this.#later(() => listener.connected())
  }

  /** Resolves to the hub's answer; rejects when the way ends before. */
  ask: Ask = (name, said) =>
    new Promise((resolve, reject) => {
      this.#waiting.add(reject)
      this.#later(() => {
        const answer = this.#calls[name](...said)
        this.#later(() => {
          this.#waiting.delete(reject)
          resolve(answer)
        })
      })
    })

  /** Nothing passes any more, until {@link go}. */
  stall(): void {
    this.#stalled = true
  }

  /** Everything passes again. */
  go(): void {
    this.#stalled = false
    this.#schedule()
  }

  /** What is under way is lost. */
  end(reason: string): void {
    this.#exchange.leave(this.#listener)
    this.#steps = []
    for (const reject of this.#waiting) reject(new Error(reason))
    this.#waiting.clear()
  }

  #later(step: () => void): void {
    this.#steps.push(step)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled || this.#stalled || this.#steps.length === 0) return
    this.#scheduled = true
    setImmediate(() => this.#pass())
  }

  #pass(): void {
    this.#scheduled = false
    for (let left = this.#steps.length; left > 0 && !this.#stalled; left--) this.#steps.shift()?.()
    this.#schedule()
  }
}
