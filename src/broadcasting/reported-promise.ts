/** A promise whose failure goes to `report` when nobody awaits it, instead of ending the process. */
export class ReportedPromise<T> implements Promise<T> {
  readonly #promise: Promise<T>
  readonly #report: (error: unknown) => void
  #awaited = false

  constructor(promise: Promise<T>, report: (error: unknown) => void) {
    this.#promise = promise
    this.#report = report
    void this.#watch()
  }

  /** Makes it a Promise for TypeScript. */
  get [Symbol.toStringTag](): string {
    return 'ReportedPromise'
  }

  /** As of every promise. Whoever calls it hears of a failure, which then is reported nowhere else. */
  // biome-ignore lint/suspicious/noThenProperty: it is awaited
  then<Result = T, Failure = never>(
    onDone?: ((value: T) => Result | PromiseLike<Result>) | null,
    onFailed?: ((error: unknown) => Failure | PromiseLike<Failure>) | null,
  ): Promise<Result | Failure> {
    this.#awaited = true
    return this.#promise.then(onDone, onFailed)
  }

  /** As of every promise. Whoever calls it hears of a failure, which then is reported nowhere else. */
  catch<Failure = never>(
    onFailed?: ((error: unknown) => Failure | PromiseLike<Failure>) | null,
  ): Promise<T | Failure> {
    return this.then(undefined, onFailed)
  }

  /** As of every promise; a failure passes on to whoever awaits what it returns. */
  finally(onSettled?: (() => void) | null): Promise<T> {
    return this.then().finally(onSettled)
  }

  async #watch(): Promise<void> {
    try {
      await this.#promise
    } catch (error) {
      // Decided when the microtasks are done, as Node does it with rejections: `await` may still be on its way.
      process.nextTick(() => {
        if (!this.#awaited) this.#report(error)
      })
    }
  }
}
