/** A configuration of which any part may be left out; arrays are given whole. */
export type PartialConfig<T> = T extends readonly unknown[] | ((...args: never) => unknown)
  ? T
  : T extends object
    ? { readonly [Key in keyof T]?: PartialConfig<T[Key]> | undefined }
    : T

/**
 * The defaults with the overrides laid over them: plain objects are merged deeply, everything else (arrays, instances,
 * functions) replaces; `undefined` counts as left out.
 */
export function defineConfig<T extends object>(defaults: T, overrides: PartialConfig<T>): T {
  // Merging what fits T over a T gives a T.
  return merge(defaults, overrides) as T
}

function merge(base: unknown, over: unknown): unknown {
  if (over === undefined) return base
  if (!isPlainObject(base) || !isPlainObject(over)) return over
  const keys = new Set([...Object.keys(base), ...Object.keys(over)])
  return Object.fromEntries([...keys].map((key) => [key, merge(own(base, key), own(over, key))]))
}

function own(object: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}
