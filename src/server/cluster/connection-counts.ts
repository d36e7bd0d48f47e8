import { Serial } from '../../support/serial.ts'
import type { App } from '../apps/app.ts'
import type { Ledger } from './broker.ts'
import type { Link } from './link.ts'

interface Count {
  readonly appId: string
  readonly statements: Serial
  connections: number
  /** What the ledger has been told; undefined when that is not sure. */
  said: number | undefined
}

/** How many connections this node has of each app, as the ledger is told. */
export class ConnectionCounts {
  readonly #link: Link
  readonly #ledger: Ledger
  readonly #counts = new Map<string, Count>()

  constructor(link: Link, ledger: Ledger) {
    this.#link = link
    this.#ledger = ledger
  }

  /** Counts a connection in; only an app with a limit has to wait for the ledger. */
  connect({ id, maxConnections }: App): boolean | Promise<boolean> {
    const count = this.#countOf(id)
    if (maxConnections > 0) return count.statements.run(() => this.#tryOneMore(count, maxConnections))
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
    for (const count of this.#counts.values()) {
      count.said = undefined
      await this.#say(count)
    }
  }

  /** Out of reach the limit holds for this node alone. */
  async #tryOneMore(count: Count, limit: number): Promise<boolean> {
    const wanted = count.connections + 1
    let isFree = wanted <= limit
    try {
      isFree = await this.#link.ask((life) => this.#ledger.connect(life, count.appId, wanted, limit))
      if (isFree) count.said = wanted
    } catch {
      count.said = undefined
    }
    if (isFree) count.connections++
    // Meanwhile somebody may have gone.
    if (count.said !== count.connections) void this.#say(count)
    return isFree
  }

  #say(count: Count): Promise<void> {
    return count.statements.run(() => this.#sayNow(count))
  }

  async #sayNow(count: Count): Promise<void> {
    const { appId, connections } = count
    if (count.said === connections) return
    count.said = undefined
    try {
      await this.#link.ask((life) => this.#ledger.connect(life, appId, connections, 0))
      count.said = connections
    } catch {
      // Out of reach: it is said when the ledger is back.
    }
  }

  #countOf(appId: string): Count {
    let count = this.#counts.get(appId)
    if (count === undefined) {
      count = { appId, statements: new Serial(), connections: 0, said: 0 }
      this.#counts.set(appId, count)
    }
    return count
  }
}
