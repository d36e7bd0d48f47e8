import type { Roads } from '../../cluster/broker.ts'
import { InOrder } from './in-order.ts'
import type { Line } from './line.ts'
import { contentOf, numberOf } from './road-message.ts'
import { tokenOf } from './token.ts'

/** A subject for each road. */
export class NatsRoads implements Roads {
  readonly #line: Line
  readonly #root: string
  readonly #message: (road: string, message: Buffer) => void
  readonly #orders = new Map<string, InOrder<Buffer>>()

  constructor(line: Line, root: string, message: (road: string, message: Buffer) => void) {
    this.#line = line
    this.#root = root
    this.#message = message
  }

  subscribe(roads: readonly string[]): Promise<void> {
    for (const road of roads) if (!this.#orders.has(road)) this.#subscribe(road)
    return this.#line.reach()
  }

  unsubscribe(roads: readonly string[]): Promise<void> {
    for (const road of roads) {
      this.#line.ignore(this.#subject(road))
      this.#orders.get(road)?.stop()
      this.#orders.delete(road)
    }
    return this.#line.flush()
  }

  async send(road: string, message: Buffer): Promise<void> {
    this.#line.send(this.#subject(road), message)
    await this.#line.flush()
  }

  /** The order in which kept messages are heard on a road; undefined when none are. */
  orderOf(road: string): Pick<InOrder<Buffer>, 'learn'> | undefined {
    return this.#orders.get(road)
  }

  /** Nothing is heard any more. */
  end(): void {
    for (const order of this.#orders.values()) order.stop()
  }

  #subscribe(road: string): void {
    const order = new InOrder<Buffer>((message) => this.#message(road, message))
    this.#line.hear(this.#subject(road), (message) => order.add(contentOf(message), numberOf(message)))
    this.#orders.set(road, order)
  }

  #subject(road: string): string {
    return `${this.#root}.${tokenOf(road)}`
  }
}
