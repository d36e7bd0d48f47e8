import { kindOf, withoutPrefix } from '../protocol/names.ts'
import type { Awaitable } from '../support/awaitable.ts'
import { answerInTime } from './answer-in-time.ts'
import { ChannelPattern, type ParamsOf } from './channel-pattern.ts'
import { ChannelPatternError, RuleFailedError, RuleResultError } from './errors.ts'
import { checkRuleOptions, type GuardedKind, type RuleOptions } from './rule-options.ts'
import type { BroadcastRequest, BroadcastUser, PresenceMember } from './user.ts'
import { isUserId } from './user-id.ts'

/** What a rule is asked. */
export interface RuleContext<Pattern extends string, User = BroadcastUser> {
  /** Who asks; undefined for a guest, of whom only rules with `guest: true` hear. */
  readonly user: User
  /** The parameters of the pattern, as they stand in the name. */
  readonly params: ParamsOf<Pattern>
  /** The whole name on the wire. */
  readonly channel: string
  /** Id of the connection that asks. */
  readonly socketId: string
  /** The web framework's request. */
  readonly request: BroadcastRequest
}

/** `true` or a member admits; everything else that is no error refuses. */
export type RuleResult = boolean | PresenceMember | null | undefined

/** Decides whether a user may join a channel; on a presence channel it may say as whom. */
export type ChannelRule<Pattern extends string = string, Guest extends boolean = false> = (
  context: RuleContext<Pattern, Guest extends true ? BroadcastUser | undefined : BroadcastUser>,
) => Awaitable<RuleResult>

/** Who asks to join what. */
export interface JoinRequest {
  /** The whole name on the wire. */
  readonly channel: string
  /** Id of the connection that asks. */
  readonly socketId: string
  /** Who asks; undefined for a guest. */
  readonly user: BroadcastUser | undefined
  /** The web framework's request. */
  readonly request: BroadcastRequest
}

/** What a rule has decided; a refusal says why, for whoever develops the app. */
export type Decision =
  | {
      /** The rule admits the user. */
      readonly granted: true
      /** As whom the user is there, where the rule says it. */
      readonly member: PresenceMember | undefined
    }
  | {
      /** The user may not join. */
      readonly granted: false
      /** The pattern of the rule that was asked; undefined when none matches. */
      readonly rule: string | undefined
      /** Not for the user: it may tell what the rules are. */
      readonly reason: string
    }

interface RegisteredRule {
  readonly pattern: ChannelPattern
  readonly guest: boolean
  readonly only: readonly GuardedKind[] | undefined
  // Rules of all patterns lie side by side; what each takes was checked when it was registered.
  readonly rule: ChannelRule<string, true>
}

/** Finds the rule of a channel and asks it. What no rule admits is refused. */
export class ChannelAuthorizer {
  readonly #rules: RegisteredRule[] = []

  /** Registers a rule; where several match, the first one decides. Throws for a pattern that cannot match, or options that are none. */
  add<const Pattern extends string, Guest extends boolean = false>(
    pattern: Pattern,
    rule: ChannelRule<Pattern, Guest>,
    options: RuleOptions<Guest> = {},
  ): void {
    if (typeof rule !== 'function')
      throw new ChannelPatternError(pattern, `the rule must be a function, not ${rule}`)
    const { guest, only } = checkRuleOptions(pattern, options)
    this.#rules.push({
      pattern: new ChannelPattern(pattern),
      guest: guest === true,
      only,
      rule: rule as ChannelRule<string, boolean> as ChannelRule<string, true>,
    })
  }

  /** The patterns, in the order in which they are asked. */
  get patterns(): readonly string[] {
    return this.#rules.map(({ pattern }) => pattern.source)
  }

  /** Takes over the rules of another one, behind its own. */
  addAll(other: ChannelAuthorizer): void {
    this.#rules.push(...other.#rules)
  }

  /** Pairs of patterns, in the order of registration, that match the same name of the same kind. */
  overlaps(): { readonly first: string; readonly second: string }[] {
    return this.#rules.flatMap((second, index) =>
      this.#rules
        .slice(0, index)
        .filter((first) => first.pattern.overlaps(second.pattern) && shareKind(first, second))
        .map((first) => ({ first: first.pattern.source, second: second.pattern.source })),
    )
  }

  /**
   * Decides over a private or presence channel. Rejects with a {@link RuleFailedError} when the rule throws, with a
   * RuleTimeoutError when it has not answered within ten seconds: never a grant.
   */
  async decide({ channel, socketId, user, request }: JoinRequest): Promise<Decision> {
    const name = withoutPrefix(channel)
    const kind = guardedKind(channel)
    for (const { pattern, only, guest, rule } of this.#rules) {
      const params = only === undefined || only.includes(kind) ? pattern.match(name) : undefined
      if (params === undefined) continue
      const refused = { granted: false, rule: pattern.source } as const
      if (user === undefined && !guest) return { ...refused, reason: 'the rule admits no guests' }
      const result = await answerInTime({
        asked: `Channel rule "${pattern.source}", asked for ${channel},`,
        ask: () => rule({ user, params, channel, socketId, request }),
        failure: (cause) => new RuleFailedError(pattern.source, channel, user?.id, cause),
      })
      if (!admits(pattern.source, result)) return { ...refused, reason: 'the rule said no' }
      return { granted: true, member: kind === 'presence' ? memberOf(result, user, pattern) : undefined }
    }
    return { granted: false, rule: undefined, reason: this.#explainMiss(name, kind) }
  }

  #explainMiss(name: string, kind: GuardedKind): string {
    if (this.#rules.length === 0) return 'no rules are registered'
    const restricted = this.#rules.find(({ pattern }) => pattern.match(name) !== undefined)
    if (restricted !== undefined) {
      return `the rule "${restricted.pattern.source}" matches "${name}" but does not serve ${kind} channels`
    }
    const ranked = this.#rules
      .map(({ pattern }) => ({ source: pattern.source, nearness: pattern.nearness(name) }))
      .filter(({ nearness }) => nearness > 0)
      .sort((a, b) => b.nearness - a.nearness)
    const nearest = ranked[0] === undefined ? '' : `; the nearest is "${ranked[0].source}"`
    return `no rule matches "${name}"${nearest}`
  }
}

function guardedKind(channel: string): GuardedKind {
  const { access, encrypted } = kindOf(channel)
  if (encrypted) return 'encrypted'
  return access === 'presence' ? 'presence' : 'private'
}

function shareKind({ only: one }: RegisteredRule, { only: other }: RegisteredRule): boolean {
  return one === undefined || other === undefined || one.some((kind) => other.includes(kind))
}

/** Only `true` and a member admit; what is neither yes nor no is an error, never a grant. */
function admits(pattern: string, result: unknown): result is true | PresenceMember {
  if (result === true) return true
  if (result === false || result === null || result === undefined) return false
  if (typeof result === 'object' && 'id' in result && isUserId(result.id)) return true
  throw new RuleResultError(
    `Channel rule "${pattern}" returned neither true, false nor a member { id, info } whose id is a string or number`,
  )
}

/** Who joins a presence channel: whom the rule names, else the user. */
function memberOf(
  result: true | PresenceMember,
  user: BroadcastUser | undefined,
  { source }: ChannelPattern,
): PresenceMember {
  const member = result === true ? user : result
  if (member !== undefined) return { id: member.id, info: member.info }
  throw new RuleResultError(
    `Channel rule "${source}" returned true for a guest on a presence channel; return a member { id, info }`,
  )
}
