/** What stands for a value that is not shown. */
export const hidden = '***'

// Node's util.inspect, and with it console.log, calls what an object has under it.
const inspect = Symbol.for('nodejs.util.inspect.custom')

/**
 * The object itself, which from now on prints and turns into JSON as `shown` says; reading, comparing and spreading it stays
 * as it was.
 */
export function reticent<T extends object>(object: T, shown: (object: T) => object): T {
  const show = { value: () => shown(object) }
  return Object.defineProperties(object, { toJSON: show, [inspect]: show })
}

/** A copy in which the named values are hidden, where there are any. */
export function withHidden<T extends object>(object: T, names: readonly (keyof T)[]): object {
  const present = names.filter((name) => object[name] !== undefined)
  return { ...object, ...Object.fromEntries(present.map((name) => [name, hidden])) }
}
