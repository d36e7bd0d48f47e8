import type { NatsConnection } from './connection.ts'

/** A connection that waits to be called by number, over another one. */
export class Outpost {
  readonly #connection: NatsConnection
  readonly #waiting = new Map<number, (heard: boolean) => void>()

  constructor(connection: NatsConnection, subject: string) {
    this.#connection = connection
    connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) this.#end(Number(Buffer.from(message.data).toString()), true)
      },
    })
  }

  /** Resolves when this call, or one with a greater number, is heard; to false when that will not be. */
  hears(call: number): Promise<boolean> {
    return new Promise((resolve) => this.#waiting.set(call, resolve))
  }

  /** Resolves when the connection has ended. */
  async lasts(): Promise<void> {
    await this.#connection.closed()
    this.#end(Number.POSITIVE_INFINITY, false)
  }

  /** Ends the connection. */
  close(): Promise<void> {
    return this.#connection.close()
  }

  #end(last: number, heard: boolean): void {
    for (const [call, resolve] of this.#waiting) {
      if (call > last) continue
      this.#waiting.delete(call)
      resolve(heard)
    }
  }
}
