import type { Roads } from './broker.ts'
import type { Deadlines } from './deadlines.ts'

/** Proves that a node can hear: an open connection proves nothing, a message must make its way through the broker and back. */
export class Probe {
  readonly #road: string
  readonly #roads: Roads
  readonly #deadlines: Deadlines
  #end: (() => void) | undefined

  /** Nobody else has the same name. */
  constructor(name: string, roads: Roads, deadlines: Deadlines) {
    this.#road = `probe:${name}`
    this.#roads = roads
    this.#deadlines = deadlines
  }

  /** Takes its road; to be done on each connection. */
  async begin(): Promise<void> {
    await this.#deadlines.inTime(this.#roads.subscribe([this.#road]))
  }

  /** Resolves when a message has arrived, or is no longer awaited; rejects when it does not arrive in time. */
  async run(): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      this.#end = resolve
    })
    await this.#deadlines.inTime(this.#roads.send(this.#road, Buffer.of(1)))
    await this.#deadlines.inTime(ended)
  }

  /** Whether a message on this road was its own. */
  heard(road: string): boolean {
    if (road !== this.#road) return false
    this.#end?.()
    return true
  }

  /** The connection is lost, and the message with it. */
  cancel(): void {
    this.#end?.()
  }
}
