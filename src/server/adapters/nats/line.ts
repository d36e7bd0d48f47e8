import type { NatsConnection, NatsMessage } from './connection.ts'

/** The subjects of one session on a connection that may outlive it. */
export class Line {
  readonly #connection: NatsConnection
  readonly #heard = new Map<string, { unsubscribe(): void }>()
  readonly #flushes: Shared
  readonly #reaches: Shared
  #ended = false

  constructor(connection: NatsConnection, reach: () => Promise<void>) {
    this.#connection = connection
    this.#flushes = new Shared(() => {
      this.check()
      return connection.flush()
    })
    this.#reaches = new Shared(async () => {
      await this.flush()
      await reach()
    })
  }

  /** Sends, in the order of the calls. */
  send(subject: string, message: Buffer): void {
    this.check()
    this.#connection.publish(subject, message)
  }

  /** Hears what is sent to a subject; the callback of the first call counts. */
  hear(subject: string, heard: (message: NatsMessage) => void): void {
    this.check()
    if (this.#heard.has(subject)) return
    const subscription = this.#connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null && this.#heard.get(subject) === subscription) heard(message)
      },
    })
    this.#heard.set(subject, subscription)
  }

  /** Hears no more of it. */
  ignore(subject: string): void {
    const subscription = this.#heard.get(subject)
    this.#heard.delete(subject)
    subscription?.unsubscribe()
  }

  /** Resolves when the server has everything that was said until now: one question for all that wait at a time. */
  async flush(): Promise<void> {
    this.check()
    await this.#flushes.run()
  }

  /** Resolves when everything that is sent from now on, over whichever server, is heard. */
  async reach(): Promise<void> {
    this.check()
    await this.#reaches.run()
  }

  /** Throws once the line has ended: who goes on after that must write nothing. */
  check(): void {
    if (this.#ended) throw new Error('The connection to NATS is no longer used')
  }

  /** Hears nothing any more. */
  end(): void {
    this.#ended = true
    for (const subject of [...this.#heard.keys()]) this.ignore(subject)
  }
}

/** Something that is done once for all who ask for it while it is done for others. */
class Shared {
  readonly #do: () => Promise<void>
  /** The one that is under way, and the one for those who have asked since. */
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined

  constructor(run: () => Promise<void>) {
    this.#do = run
  }

  run(): Promise<void> {
    this.#next ??= this.#runAfter(this.#running)
    return this.#next
  }

  async #runAfter(before: Promise<void> | undefined): Promise<void> {
    // Those who asked for it know when it has failed.
    await before?.catch(() => {})
    this.#next = undefined
    this.#running = this.#do()
    await this.#running
  }
}
