/** A value that is there at once, or will be: callers wait only when they must. */
export type Awaitable<T> = T | Promise<T>

/** Whether a value must be waited for; any thenable counts. */
export function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

/** Keeps a promise that is of no use from becoming an unhandled rejection. */
export function ignoreRejection(promise: PromiseLike<unknown>): void {
  promise.then(undefined, () => {})
}
