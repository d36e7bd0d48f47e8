import { Grace } from '../grace.ts'

/** Milliseconds after which a node whose lease is so long no longer waits for an answer. */
export function patienceOf(ttl: number): number {
  return ttl / 3
}

/** Has somebody answer in time; one timer for all that is asked. */
export class Deadlines {
  readonly #who: string
  readonly #time: number
  readonly #grace: Grace<object>

  /** `time` in milliseconds. */
  constructor(who: string, time: number) {
    this.#who = who
    this.#time = time
    this.#grace = new Grace(time)
  }

  /** Resolves or rejects as the answer does, and rejects when it takes too long. */
  async inTime<T>(answer: Promise<T>): Promise<T> {
    const key = {}
    const late = new Promise<never>((_resolve, reject) => {
      this.#grace.hold(key, () => {
        reject(new Error(`${this.#who} has not answered for ${Math.round(this.#time) / 1000} s`))
      })
    })
    try {
      return await Promise.race([answer, late])
    } finally {
      this.#grace.cancel(key)
    }
  }

  /** Whatever is awaited may take as long as it wants. */
  stop(): void {
    this.#grace.stop()
  }
}
