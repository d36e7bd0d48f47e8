/** What is asked of something that may end: whatever is not answered by then rejects in the same step. */
export class Pending {
  readonly #rejects = new Set<(reason: Error) => void>()
  #reason: Error | undefined

  /** Settles as the answer does, unless the end comes first. */
  until<Answer>(answer: Promise<Answer>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      answer.then(
        (value) => {
          this.#rejects.delete(reject)
          resolve(value)
        },
        (thrown) => {
          this.#rejects.delete(reject)
          reject(thrown)
        },
      )
      if (this.#reason === undefined) this.#rejects.add(reject)
      else reject(this.#reason)
    })
  }

  /** Ends it for good. */
  end(reason: string): void {
    this.#reason ??= new Error(reason)
    for (const reject of this.#rejects) reject(this.#reason)
    this.#rejects.clear()
  }
}
