import { withoutPrefix } from '../protocol/names.ts'
import { ChannelPatternError } from './errors.ts'

type ParamName<Pattern extends string> = Pattern extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParamName<Rest>
  : never

/** The parameters of a pattern: `ParamsOf<'orders.{orderId}'>` is `{ readonly orderId: string }`. */
export type ParamsOf<Pattern extends string> = string extends Pattern
  ? Readonly<Record<string, string>>
  : { readonly [Name in ParamName<Pattern>]: string }

const token = /\{([^{}]*)\}|([^{}]+)|([{}])/g
const paramName = /^[A-Za-z_]\w*$/
/** What a parameter matches: what may stand between two dots. */
const segment = '([A-Za-z0-9_\\-=@,;]+)'
const literal = /^[A-Za-z0-9_\-=@,.;]+$/

/** A pattern such as `orders.{orderId}`: written without prefix, matches whole names, a parameter never spans a dot. */
export class ChannelPattern {
  readonly source: string
  readonly #segments: readonly string[]
  readonly #expression: RegExp
  readonly #params: readonly string[]

  /** Throws a {@link ChannelPatternError} for a pattern that cannot match as it is written. */
  constructor(source: string) {
    const params: string[] = []
    const parts = [...source.matchAll(token)].map(([, param, text, brace]) => {
      if (brace !== undefined) throw new ChannelPatternError(source, `"${brace}" has no counterpart`)
      if (param === undefined) return checkLiteral(source, text ?? '')
      params.push(checkParam(source, param, params))
      return segment
    })
    if (parts.length === 0) throw new ChannelPatternError(source, 'the pattern is empty')
    refusePrefix(source)
    this.source = source
    this.#segments = source.split('.')
    this.#expression = new RegExp(`^${parts.join('')}$`)
    this.#params = params
  }

  /** The parameters that a name without prefix gives, or `undefined` when it does not match. */
  match(name: string): Readonly<Record<string, string>> | undefined {
    const values = this.#expression.exec(name)?.slice(1)
    return values && Object.fromEntries(this.#params.map((param, index) => [param, values[index] ?? '']))
  }

  /** Whether some name matches both patterns. */
  overlaps(other: ChannelPattern): boolean {
    const own = this.#segments
    const others = other.#segments
    return own.length === others.length && own.every((segment, at) => segmentsMeet(segment, others[at] ?? ''))
  }

  /** How many segments of a name that does not match agree with this pattern's: how near it comes. */
  nearness(name: string): number {
    return name.split('.').filter((segment, at) => segmentsMeet(this.#segments[at] ?? '', segment)).length
  }
}

function checkLiteral(source: string, text: string): string {
  if (literal.test(text)) return text.replaceAll('.', '\\.')
  throw new ChannelPatternError(
    source,
    `"${text}" is not allowed in a channel name, and * is no wildcard; use {name}`,
  )
}

function checkParam(source: string, param: string, taken: readonly string[]): string {
  if (!paramName.test(param)) throw new ChannelPatternError(source, `{${param}} is no name for a parameter`)
  if (taken.includes(param)) throw new ChannelPatternError(source, `{${param}} stands there twice`)
  return param
}

/** One rule serves the private, presence and cached channels of a name, so a prefix in a pattern never matches. */
function refusePrefix(source: string): void {
  if (withoutPrefix(source) === source && withoutPrefix(`private-${source}`) === source) return
  throw new ChannelPatternError(
    source,
    `a pattern is written without prefix: "${withoutPrefix(`private-${withoutPrefix(source)}`)}" serves every kind, cache channels too; ` +
      '`{ only: […] }` restricts it',
  )
}

/** Whether some text fits both segments; exact but for several parameters within one. */
function segmentsMeet(one: string, other: string): boolean {
  const [prefix, suffix] = ends(one)
  const [otherPrefix, otherSuffix] = ends(other)
  if (suffix === undefined && otherSuffix === undefined) return one === other
  if (suffix === undefined) return fits(one, otherPrefix, otherSuffix ?? '')
  if (otherSuffix === undefined) return fits(other, prefix, suffix)
  const prefixesMeet = prefix.startsWith(otherPrefix) || otherPrefix.startsWith(prefix)
  return prefixesMeet && (suffix.endsWith(otherSuffix) || otherSuffix.endsWith(suffix))
}

/** What stands before the first parameter and after the last one; no end without a parameter. */
function ends(segment: string): [prefix: string, suffix: string | undefined] {
  const open = segment.indexOf('{')
  if (open < 0) return [segment, undefined]
  return [segment.slice(0, open), segment.slice(segment.lastIndexOf('}') + 1)]
}

function fits(text: string, prefix: string, suffix: string): boolean {
  return text.length > prefix.length + suffix.length && text.startsWith(prefix) && text.endsWith(suffix)
}
