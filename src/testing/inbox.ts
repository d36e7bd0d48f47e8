type Settle<T> = (outcome: T | Error) => void

/** Things that arrive, taken one by one in the order they came, by whoever asked first. */
export class Inbox<T> {
  readonly #timeout: number
  readonly #arrived: T[] = []
  readonly #waiting: Settle<T>[] = []
  #ended: Error | undefined

  /** Whoever waits longer than `timeout` milliseconds is told that nothing came. */
  constructor(timeout: number) {
    this.#timeout = timeout
  }

  /** Hands the item to whoever waits longest, or keeps it. */
  put(item: T): void {
    const settle = this.#waiting.shift()
    if (settle === undefined) this.#arrived.push(item)
    else settle(item)
  }

  /** The next item; rejects when none comes in time, and after the end with its reason. */
  take(): Promise<T> {
    const item = this.#arrived.shift()
    if (item !== undefined) return Promise.resolve(item)
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    return new Promise((resolve, reject) => {
      const settle: Settle<T> = (outcome) => {
        clearTimeout(timer)
        if (outcome instanceof Error) reject(outcome)
        else resolve(outcome)
      }
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(settle), 1)
        reject(new Error(`Nothing arrived within ${this.#timeout} ms`))
      }, this.#timeout)
      this.#waiting.push(settle)
    })
  }

  /** Says that nothing more will arrive; the first reason counts, and what has arrived can still be taken. */
  end(reason: Error): void {
    this.#ended ??= reason
    for (const settle of this.#waiting.splice(0)) settle(this.#ended)
  }
}
