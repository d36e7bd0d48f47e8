import { ChannelPatternError } from './errors.ts'

const kinds = ['private', 'encrypted', 'presence'] as const

/** The kinds of channel a rule can serve; cached channels count as the kind they are otherwise. */
export type GuardedKind = (typeof kinds)[number]

/** For whom and for which channels a rule is asked. */
export interface RuleOptions<Guest extends boolean = boolean> {
  /** Whether the rule is asked for guests too. @default false */
  readonly guest?: Guest
  /** The kinds of channel that the rule serves. @default all */
  readonly only?: readonly GuardedKind[]
}

const optionNames: readonly string[] = ['guest', 'only'] satisfies (keyof RuleOptions)[]

/**
 * Vouches for the options of a rule, which code without types may give: a typing error in one must not open a channel.
 * Throws a {@link ChannelPatternError} that says what is allowed.
 */
export function checkRuleOptions(pattern: string, options: unknown): RuleOptions {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new ChannelPatternError(pattern, 'its options must be an object such as { only: ["presence"] }')
  }
  const unknown = Object.keys(options).find((name) => !optionNames.includes(name))
  if (unknown !== undefined) {
    throw new ChannelPatternError(
      pattern,
      `"${unknown}" is not an option; known are ${optionNames.join(', ')}`,
    )
  }
  // Known names alone are left; their values are checked here.
  const { guest, only } = options as { readonly guest?: unknown; readonly only?: unknown }
  return { guest: checkGuest(pattern, guest), ...(only !== undefined && { only: checkOnly(pattern, only) }) }
}

function checkGuest(pattern: string, guest: unknown): boolean {
  if (guest === undefined || typeof guest === 'boolean') return guest === true
  throw new ChannelPatternError(
    pattern,
    `guest: ${JSON.stringify(guest)} is not allowed; expected true or false`,
  )
}

function checkOnly(pattern: string, only: unknown): readonly GuardedKind[] {
  const expected = `expected a list of ${kinds.join(', ')}`
  if (!Array.isArray(only)) {
    throw new ChannelPatternError(pattern, `only: ${JSON.stringify(only)} is not allowed; ${expected}`)
  }
  return only.map((given: unknown) => {
    const kind = kinds.find((known) => known === given)
    if (kind !== undefined) return kind
    throw new ChannelPatternError(
      pattern,
      `only: ${JSON.stringify(given)} is no kind of channel; ${expected}`,
    )
  })
}
