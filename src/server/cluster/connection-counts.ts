import { Serial } from '../../support/serial.ts'
import { settleTime } from '../adapter.ts'
import type { App } from '../apps/app.ts'
import { Grace } from '../grace.ts'
import type { Ledger } from './broker.ts'
import { inBatches } from './gatherer.ts'
import type { Link } from './link.ts'

interface Count {
  readonly appId: string
  readonly statements: Serial
  connections: number
  /** What the ledger has been told; undefined when that is not sure. */
  said: number | undefined
  /** Connections that wait for the ledger to admit them. */
  waiting: ((admitted: boolean) => void)[]
}

/** How many connections this node has of each app, as the ledger is told. */
export class ConnectionCounts {
  readonly #link: Link
  readonly #ledger: Ledger
  readonly #counts = new Map<string, Count>()
  readonly #empty = new Grace(settleTime)

  constructor(link: Link, ledger: Ledger) {
    this.#link = link
    this.#ledger = ledger
  }

  /** Counts a connection in; only one of an app with a limit has to wait for the ledger, with all that come meanwhile. */
  connect({ id, maxConnections }: App): boolean | Promise<boolean> {
    const count = this.#countOf(id)
    if (maxConnections > 0) return this.#wait(count, maxConnections)
    count.connections++
    void this.#say(count)
    return true
  }

  disconnect({ id }: App): void {
    const count = this.#countOf(id)
    count.connections--
    void this.#say(count)
  }

  /** Says everything again. */
  async recover(): Promise<void> {
    await inBatches([...this.#counts.values()], (batch) =>
      Promise.all(
        batch.map((count) => {
          count.said = undefined
          return this.#say(count)
        }),
      ),
    )
  }

  /** Lets go of the timer. */
  stop(): void {
    this.#empty.stop()
  }

  #wait(count: Count, limit: number): Promise<boolean> {
    return new Promise((resolve) => {
      count.waiting.push(resolve)
      if (count.waiting.length === 1) void count.statements.run(() => this.#admit(count, limit))
    })
  }

  /** Admits as many of those who wait as are free; out of reach the limit holds for this node alone. */
  async #admit(count: Count, limit: number): Promise<void> {
    const { waiting, connections } = count
    count.waiting = []
    const wanted = connections + waiting.length
    let admitted = Math.min(wanted, limit) - connections
    try {
      const granted = await this.#link.ask((life) => this.#ledger.connect(life, count.appId, wanted, limit))
      admitted = granted - connections
      count.said = granted
    } catch {
      count.said = undefined
    }
    for (const [at, resolve] of waiting.entries()) {
      if (at < admitted) count.connections++
      resolve(at < admitted)
    }
    // Meanwhile somebody may have gone.
    if (count.said !== count.connections) void this.#say(count)
  }

  #say(count: Count): Promise<void> {
    return count.statements.run(() => this.#sayNow(count))
  }

  async #sayNow(count: Count): Promise<void> {
    const { appId, connections } = count
    if (count.said !== connections) {
      count.said = undefined
      try {
        count.said = await this.#link.ask((life) => this.#ledger.connect(life, appId, connections, 0))
      } catch {
        // Out of reach: it is said when the ledger is back.
      }
    }
    if (isOver(count)) this.#forgetSoon(count)
  }

  /** Not at once: a ledger may forget what it was told last, and then it is said again. */
  #forgetSoon(count: Count): void {
    this.#empty.hold(count.appId, () => {
      if (isOver(count) && this.#link.up) this.#counts.delete(count.appId)
    })
  }

  #countOf(appId: string): Count {
    this.#empty.cancel(appId)
    let count = this.#counts.get(appId)
    if (count === undefined) {
      count = { appId, statements: new Serial(), connections: 0, said: 0, waiting: [] }
      this.#counts.set(appId, count)
    }
    return count
  }
}

/** Nobody is there, and the ledger knows: nothing is left to be said of the app. */
function isOver({ said, connections, waiting }: Count): boolean {
  return said === 0 && connections === 0 && waiting.length === 0
}
