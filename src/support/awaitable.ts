/** A value that is there at once, or will be: callers wait only when they must. */
export type Awaitable<T> = T | Promise<T>

/** Whether a value must be waited for; any thenable counts. */
export function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

/** Goes on with a value: in the same step where it is there, else as soon as it is. */
export function andThen<T, Result>(
  value: Awaitable<T>,
  next: (value: T) => Awaitable<Result>,
): Awaitable<Result> {
  return isPromise(value) ? later(value, next) : next(value)
}

/** Runs something; when it fails, now or later, `undo` has been done before the failure goes on to the caller. */
export function orUndo<T>(run: () => Awaitable<T>, undo: () => Awaitable<void>): Awaitable<T> {
  try {
    const value = run()
    return isPromise(value) ? undoLater(value, undo) : value
  } catch (thrown) {
    return andThen(undo(), () => {
      throw thrown
    })
  }
}

/**
 * Takes every step, whatever becomes of the others; where none of them must be waited for, all is done in the same step of
 * the event loop. Rejects with what made the first of them fail.
 */
export function doAll(steps: readonly (() => Awaitable<void>)[]): Awaitable<void> {
  const pending: PromiseLike<void>[] = []
  for (const step of steps) {
    try {
      const doing = step()
      if (isPromise(doing)) pending.push(doing)
    } catch (thrown) {
      pending.push(Promise.reject(thrown))
    }
  }
  return pending.length === 0 ? undefined : allOf(pending)
}

/** Keeps a promise that is of no use from becoming an unhandled rejection. */
export function ignoreRejection(promise: PromiseLike<unknown>): void {
  promise.then(undefined, () => {})
}

async function later<T, Result>(
  value: PromiseLike<T>,
  next: (value: T) => Awaitable<Result>,
): Promise<Result> {
  return next(await value)
}

async function allOf(pending: readonly PromiseLike<void>[]): Promise<void> {
  await Promise.all(pending)
}

async function undoLater<T>(value: PromiseLike<T>, undo: () => Awaitable<void>): Promise<T> {
  try {
    return await value
  } catch (thrown) {
    await undo()
    throw thrown
  }
}
