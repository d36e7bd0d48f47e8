/** An object of JSON: its values may be anything. */
export type JsonObject = Readonly<Record<string, unknown>>

/** The object that a text holds; `undefined` when it holds anything else. */
export function parseObject(text: string): JsonObject | undefined {
  try {
    return asObject(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** The value, if it is an object and no array. */
export function asObject(value: unknown): JsonObject | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  // The decode boundary: an object of JSON has string keys and unknown values.
  return value as JsonObject
}

/** The member of that name, were it `__proto__`; of nothing there is none. */
export function memberOf(object: JsonObject | undefined, name: string): unknown {
  return object !== undefined && Object.hasOwn(object, name) ? object[name] : undefined
}
