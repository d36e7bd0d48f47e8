import type { Logger } from '../../support/logger.ts'
import { type Broker, type Settled, stale, takenForDead } from './broker.ts'
import type { Deadlines } from './deadlines.ts'

interface DeparturesParts {
  readonly broker: Broker
  /** Milliseconds after which a silent node counts as dead. */
  readonly ttl: number
  readonly deadlines: Deadlines
  readonly logger: Logger
  /** Tells of what was handed out. Never rejects. */
  readonly tell: (settled: Settled) => Promise<void> | undefined
}

/** The departures that are one node's to bring about and to tell: of nodes that have died, and of whoever went for good. */
export class Departures {
  readonly #parts: DeparturesParts
  #telling: Promise<unknown> | undefined

  constructor(parts: DeparturesParts) {
    this.#parts = parts
  }

  /** Takes away what these nodes had, for as long as `isUp` says that the ledger can be asked. Rejects when it cannot. */
  async bury(nodes: readonly string[], isUp: () => boolean): Promise<void> {
    const { broker, ttl, deadlines, logger } = this.#parts
    for (const node of nodes) {
      logger.warn(`Node ${node} has not been heard of for ${ttl / 1000} s: its members leave`)
      while (isUp() && !(await deadlines.inTime(broker.ledger.reap(node))));
    }
  }

  /**
   * Has departures older than `grace` milliseconds handed out to the node, and begins to tell of them. Rejects when the
   * ledger cannot be asked.
   */
  async take(life: string, grace: number): Promise<void> {
    const { broker, deadlines, tell } = this.#parts
    const settled = await deadlines.inTime(broker.ledger.settle(life, grace))
    if (settled === stale) throw new Error(takenForDead)
    this.#telling = Promise.all([this.#telling, tell(settled)])
  }

  /** Resolves when all that was taken so far has been told. Never rejects. */
  async told(): Promise<void> {
    await this.#telling
  }
}
