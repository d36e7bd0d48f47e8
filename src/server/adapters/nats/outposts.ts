import { setTimeout as wait } from 'node:timers/promises'
import { ignoreRejection } from '../../../support/awaitable.ts'
import type { NatsConnection } from './connection.ts'
import { Outpost } from './outpost.ts'

/** Makes a connection to one server. */
export type Dial = () => Promise<NatsConnection>

/** Milliseconds before a server is called again, before it is given up, and before it is tried again. */
const [callEvery, patience, pause] = [50, 1000, 1000]

/**
 * Connections to the other servers of a cluster. A server tells them what is subscribed to when it has the time, and what is
 * sent over one that does not know yet is lost. But it tells them in order: one that passes a call on knows what was
 * subscribed to before.
 */
export class Outposts {
  readonly #main: NatsConnection
  readonly #subject: string
  readonly #outposts = new Set<Outpost>()
  readonly #ending = new AbortController()
  #calls = 0

  private constructor(main: NatsConnection, subject: string) {
    this.#main = main
    this.#subject = subject
  }

  /** Resolves when each of the servers hears, or has not for a moment: those are tried again and again. */
  static async open(main: NatsConnection, subject: string, dials: readonly Dial[]): Promise<Outposts> {
    const outposts = new Outposts(main, subject)
    const tried = dials.map((dial) => new Promise<void>((resolve) => void outposts.#hold(dial, resolve)))
    await Promise.race([Promise.all(tried), wait(patience, undefined, { ref: false })])
    return outposts
  }

  /** Resolves when the servers know what was subscribed to over the main connection; one out of reach has no say. */
  async reach(): Promise<void> {
    await Promise.all(
      [...this.#outposts].map(async (outpost) => {
        if (!(await this.#call(outpost))) await outpost.close()
      }),
    )
  }

  /** Ends all of it. */
  end(): void {
    this.#ending.abort()
    for (const outpost of this.#outposts) ignoreRejection(outpost.close())
  }

  async #hold(dial: Dial, tried: () => void): Promise<void> {
    const { signal } = this.#ending
    let needed = true
    while (needed && !signal.aborted) {
      needed = await this.#holdOnce(dial, tried).catch(() => true)
      tried()
      if (needed) await wait(pause, undefined, { signal, ref: false }).catch(() => {})
    }
  }

  /** Lasts as long as the connection does; false when it leads where the main one does. */
  async #holdOnce(dial: Dial, held: () => void): Promise<boolean> {
    const connection = await dial()
    const outpost = new Outpost(connection, this.#subject)
    try {
      if (connection.info?.server_id === this.#main.info?.server_id) return false
      const lasts = outpost.lasts()
      if (!(await this.#call(outpost))) return true
      this.#outposts.add(outpost)
      held()
      await lasts
      return true
    } finally {
      this.#outposts.delete(outpost)
      await outpost.close()
    }
  }

  async #call(outpost: Outpost): Promise<boolean> {
    const call = ++this.#calls
    const heard = outpost.hears(call)
    const calling = new AbortController()
    const again = { signal: calling.signal, ref: false }
    try {
      for (let calls = patience / callEvery; calls > 0 && !this.#ending.signal.aborted; calls--) {
        this.#main.publish(this.#subject, Buffer.from(String(call)))
        const answer = await Promise.race([heard, wait(callEvery, undefined, again)])
        if (answer !== undefined) return answer
      }
      return false
    } finally {
      calling.abort()
    }
  }
}
