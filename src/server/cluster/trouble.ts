import type { Logger } from '../../support/logger.ts'
import type { Broker } from './broker.ts'

/** Reasons that are logged of one loss; some differ with each attempt. */
const maxReasons = 10

/** Why a node is without the others, for people; each reason is logged once in a loss, however often attempts fail for it. */
export class Trouble {
  readonly #place: string
  readonly #logger: Logger
  /** Reasons of the loss that the node is in. */
  readonly #told = new Set<string>()
  #text: string | undefined

  constructor({ name, address }: Pick<Broker, 'name' | 'address'>, logger: Logger) {
    this.#place = `${name} at ${address}`
    this.#logger = logger
    this.#text = `Connecting to ${this.#place}`
  }

  /** Undefined when there is none. */
  get text(): string | undefined {
    return this.#text
  }

  /** Whether a reason has been told since there was none. */
  get isTold(): boolean {
    return this.#told.size > 0
  }

  /** A reason, the latest of the loss. */
  tell(reason: string): void {
    this.#text = `${this.#place} cannot be reached: ${reason}`
    if (this.#told.has(reason) || this.#told.size === maxReasons) return
    this.#told.add(reason)
    this.#logger.error(`${this.#text}; this node goes on alone`)
  }

  /** The node is with the others again. */
  end(): void {
    this.#text = undefined
    this.#told.clear()
  }
}
