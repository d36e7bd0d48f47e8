import { types } from 'node:util'
import { messageOf } from '../support/errors.ts'
import { PayloadError } from './errors.ts'

/** Levels of objects and arrays in one another: more than anybody means, and few enough for every parser. */
const maxDepth = 100

/**
 * The payload as compact JSON. Throws a {@link PayloadError} that names the field, for everything that JSON would drop,
 * change or refuse: dates, maps, instances without `toJSON()`, functions, symbols, BigInts, NaN, circular references,
 * more than 100 levels; and for what throws while it is read.
 */
export function encodePayload(event: string, payload: unknown): string {
  return JSON.stringify(toPlain(payload, { event, ancestors: new Set() }, ''))
}

interface Walk {
  readonly event: string
  readonly ancestors: Set<object>
}

/** A copy of plain objects, arrays and primitives, in which each `toJSON()` has been called once. */
function toPlain(value: unknown, walk: Walk, path: string): unknown {
  if (typeof value === 'object' && value !== null) return objectToPlain(value, walk, path)
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw new PayloadError(walk.event, path, `is ${describe(value)}, which JSON cannot carry`)
}

function objectToPlain(value: object, walk: Walk, path: string): unknown {
  const { event, ancestors } = walk
  if (ancestors.has(value)) throw new PayloadError(event, path, 'refers back to an object that contains it')
  if (ancestors.size === maxDepth) {
    throw new PayloadError(event, path, `is nested deeper than ${maxDepth} levels`)
  }
  ancestors.add(value)
  const plain = reading(walk, path, () => {
    if (Array.isArray(value)) return arrayToPlain(value, walk, path)
    if (isPlainObject(value) && !hasToJson(value)) return entriesToPlain(value, walk, path)
    return instanceToPlain(value, walk, path)
  })
  ancestors.delete(value)
  return plain
}

function arrayToPlain(value: readonly unknown[], walk: Walk, path: string): unknown {
  return Array.from({ length: value.length }, (_, index) => {
    const itemPath = `${path}[${index}]`
    return reading(walk, itemPath, () => toPlain(value[index], walk, itemPath))
  })
}

function entriesToPlain(value: object, walk: Walk, path: string): unknown {
  const entries: [string, unknown][] = []
  for (const key of Object.keys(value)) {
    const fieldPath = path === '' ? key : `${path}.${key}`
    const field: unknown = reading(walk, fieldPath, () => Reflect.get(value, key))
    // A field that is undefined is a field left out, as everywhere in JavaScript.
    if (field !== undefined) entries.push([key, toPlain(field, walk, fieldPath)])
  }
  return Object.fromEntries(entries)
}

/** What a payload's own code throws (a getter, a `toJSON()`, a proxy) tells neither the event nor the field. */
function reading<T>({ event }: Walk, path: string, read: () => T): T {
  try {
    return read()
  } catch (thrown) {
    if (thrown instanceof PayloadError) throw thrown
    throw new PayloadError(event, path, `cannot be read: ${messageOf(thrown)}`, { cause: thrown })
  }
}

/** An instance says itself what it is in JSON, or is refused: its fields may hold what nobody meant to send. */
function instanceToPlain(value: object, walk: Walk, path: string): unknown {
  // A date would arrive as a string, a buffer as a list of numbers: only whoever sends it can mean that.
  const ambiguous = types.isDate(value) || ArrayBuffer.isView(value)
  if (!ambiguous && hasToJson(value)) return toPlain(value.toJSON(), walk, path)
  const name = value.constructor?.name || 'object'
  throw new PayloadError(
    walk.event,
    path,
    `is an instance of ${name}; give a string, a number or a plain object in its place`,
  )
}

/** True for objects of other realms too: their prototype has no prototype. */
function isPlainObject(value: object): boolean {
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function hasToJson(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function'
}

function describe(value: unknown): string {
  if (value === undefined) return 'undefined'
  if (typeof value === 'number') return String(value)
  return typeof value === 'bigint' ? 'a BigInt' : `a ${typeof value}`
}
