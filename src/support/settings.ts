import { z } from 'zod'
import { ConfigurationError } from './errors.ts'
import type { Logger } from './logger.ts'

/** A kind of value: how it is checked, how it is read from text, and what to tell whoever got it wrong. */
export interface Kind<T> {
  readonly schema: z.ZodType<T>
  /** From the text of an environment variable to what `schema` checks; nothing is guessed. */
  readonly fromText: (text: string) => unknown
  readonly allowed: string
  /** Values never appear in an error or on a page. */
  readonly secret?: true
}

/** One setting: its environment variable, kind, default and meaning; the reference page is made from it. */
export interface Setting<T> {
  readonly env: string
  readonly aliases: readonly string[]
  readonly kind: Kind<T>
  readonly fallback: T
  readonly meaning: string
}

/** Declares a setting. Further names of the same variable follow the meaning. */
export function setting<T>(
  env: string,
  kind: Kind<T>,
  fallback: NoInfer<T>,
  meaning: string,
  ...aliases: string[]
): Setting<T> {
  return { env, aliases, kind, fallback, meaning }
}

type Settings = Record<string, Setting<unknown>>

/** The values of a table of settings. */
export type Values<S extends Settings> = { [K in keyof S]: S[K] extends Setting<infer T> ? T : never }

/** Values that an editor describes with the words of the options that they come from. */
export type Described<V, Options extends { readonly [K in keyof V]?: unknown }> = {
  [K in keyof Required<Pick<Options, keyof V>>]: V[K]
}

/** Environment variables as the process has them. */
export type Env = Readonly<Record<string, string | undefined>>

/**
 * Every setting of the table: code wins over environment, environment over defaults.
 * Throws a {@link ConfigurationError} that names the variable or option, the value (never a secret) and what is allowed.
 */
export function resolveSettings<S extends Settings>(
  settings: S,
  env: Env,
  overrides: { readonly [K in keyof S]?: unknown },
): Values<S> {
  const entries = Object.entries(settings).map(([name, row]) => {
    const { kind, fallback } = row
    const given = overrides[name]
    if (given !== undefined) return [name, check(kind, name, given, given)]
    const source = variableOf(row, env)
    const text = source === undefined ? undefined : env[source]
    if (source === undefined || text === undefined) return [name, fallback]
    return [name, check(kind, source, text, kind.fromText(text))]
  })
  // The table's own keys, each with the type its kind has checked.
  return Object.fromEntries(entries) as Values<S>
}

/** The variable that gives a setting its value; an empty one is none. */
export function variableOf({ env: variable, aliases }: Setting<unknown>, env: Env): string | undefined {
  return [variable, ...aliases].find((candidate) => env[candidate])
}

function check<T>(kind: Kind<T>, source: string, shown: unknown, value: unknown): T {
  const result = kind.schema.safeParse(value)
  if (result.success) return result.data
  const said = kind.secret ? 'its value' : JSON.stringify(shown)
  const detail = result.error.issues.some((issue) => issue.path.length > 0)
    ? ` (${result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')})`
    : ''
  throw new ConfigurationError(`${source}: ${said} is not allowed; expected ${kind.allowed}${detail}`)
}

const asIs = (text: string) => text
const asNumber = (text: string) => (/^\d+(\.\d+)?$/.test(text) ? Number(text) : text)

/** A string that is not empty. */
export const text: Kind<string> = { schema: z.string().min(1), fromText: asIs, allowed: 'a text' }

/** A string, or nothing at all. */
export const optionalText: Kind<string | undefined> = optional(text)

/** A string that never appears in an error. */
export const secret: Kind<string> = { ...text, secret: true }

/** A string, or nothing at all, that never appears in an error. */
export const optionalSecret: Kind<string | undefined> = optional(secret)

/** A text of which all of a pattern's characters are allowed; `allowed` says so in words. */
export function pattern(expression: RegExp, allowed: string): Kind<string> {
  return { schema: z.string().regex(expression), fromText: asIs, allowed }
}

/** The same kind, or nothing at all. */
export function optional<T>(kind: Kind<T>): Kind<T | undefined> {
  return { ...kind, schema: kind.schema.optional() }
}

/** A whole number within bounds. */
export function integer(min: number, max = Number.MAX_SAFE_INTEGER): Kind<number> {
  const allowed =
    max === Number.MAX_SAFE_INTEGER ? `a whole number from ${min}` : `a whole number from ${min} to ${max}`
  return { schema: z.int().min(min).max(max), fromText: asNumber, allowed }
}

/** A duration or rate: a number from 0 that may be a fraction. */
export const number: Kind<number> = {
  schema: z.number().min(0),
  fromText: asNumber,
  allowed: 'a number from 0',
}

/** A duration that must not be 0. */
export const positive: Kind<number> = {
  schema: z.number().positive(),
  fromText: asNumber,
  allowed: 'a number above 0',
}

/** `true` or `false`. */
export const flag: Kind<boolean> = {
  schema: z.boolean(),
  fromText: (given) => (given === 'true' ? true : given === 'false' ? false : given),
  allowed: 'true or false',
}

/** A list; in text separated by commas. */
export const list: Kind<readonly string[]> = {
  schema: z.array(z.string().min(1)),
  fromText: (given) => given.split(',').map((part) => part.trim()),
  allowed: 'a comma list',
}

/** One of a few words. */
export function choice<const T extends string>(...words: readonly T[]): Kind<T> {
  return { schema: z.literal(words), fromText: asIs, allowed: words.join(', ') }
}

/** Warns of each `REVERB_*` variable that no table and no extra name knows, with the nearest that is known. */
export function warnOfUnknownVariables(
  env: Env,
  tables: readonly Settings[],
  extra: readonly string[],
  logger: Pick<Logger, 'warn'>,
): void {
  const known = [...tables.flatMap((table) => Object.values(table).map((row) => row.env)), ...extra]
  for (const variable of Object.keys(env)) {
    if (!variable.startsWith('REVERB_') || known.includes(variable)) continue
    const nearest = nearestOf(variable, known)
    logger.warn(`${variable} is not a setting${nearest === undefined ? '' : `; did you mean ${nearest}?`}`)
  }
}

/** Throws a {@link ConfigurationError} for the first option that is not known, with the nearest that is. */
export function refuseUnknownOptions(options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown === undefined) return
  const nearest = nearestOf(unknown, known)
  throw new ConfigurationError(
    `"${unknown}" is not an option${nearest === undefined ? `; known are ${known.join(', ')}` : `; did you mean "${nearest}"?`}`,
  )
}

function nearestOf(word: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((name) => ({ name, distance: distanceBetween(word, name) }))
    .filter(({ distance }) => distance <= Math.max(2, Math.ceil(word.length / 4)))
    .sort((a, b) => a.distance - b.distance)
  return ranked[0]?.name
}

/** Levenshtein's edit distance. */
function distanceBetween(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const substitution = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1)
      current.push(Math.min(substitution, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[b.length] ?? 0
}
