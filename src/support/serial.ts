/** Runs tasks one after the other, in the order in which they were given. */
export class Serial {
  #last: Promise<unknown> = Promise.resolve()

  /** Resolves or rejects as the task does; one that fails keeps no other from running. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const run = this.#after(this.#last, task)
    this.#last = run
    return run
  }

  async #after<T>(before: Promise<unknown>, task: () => Promise<T>): Promise<T> {
    await Promise.allSettled([before])
    return task()
  }
}
