import type { HttpRequest, HttpResponse, HttpRoute } from '../foundation/http.ts'
import { kindOf, parseChannelName, parseSocketId, type SocketId } from '../protocol/names.ts'
import { type Credentials, signChannel, signUser } from '../protocol/signature.ts'
import type { Awaitable } from '../support/awaitable.ts'
import { ConfigurationError, messageOf } from '../support/errors.ts'
import { asObject, type JsonObject, parseObject } from '../support/json.ts'
import { logFailure } from '../support/log-failure.ts'
import type { Logger } from '../support/logger.ts'
import { checkOriginPatterns } from '../support/origin.ts'
import { answerInTime } from './answer-in-time.ts'
import type { ChannelAuthorizer } from './channel-authorizer.ts'
import type { AuthEndpointConfig } from './config.ts'
import { corsHeaders, preflightHeaders } from './cors.ts'
import { RuleResultError, RuleTimeoutError, UserFailedError } from './errors.ts'
import { encodePayload } from './payload.ts'
import type { BroadcastRequest, BroadcastUser, PresenceMember } from './user.ts'
import { isUserId } from './user-id.ts'

/** What the endpoint is made of. */
export interface AuthEndpointParts extends AuthEndpointConfig {
  /** Knows the rules of the channels. */
  readonly authorizer: ChannelAuthorizer
  /** Signs for the app with this key, by default for the one that `broadcast()` sends to. */
  readonly credentials: (appKey: string | undefined) => Awaitable<Credentials | undefined>
  /** The key of an encrypted channel of that app, in Base64. @default none: nobody may join encrypted channels */
  readonly sharedSecret?: ((channel: string, appKey: string | undefined) => string) | undefined
  /** Hears of refusals at `info`, of failures at `error`. */
  readonly logger: Logger
  /** Whether refusals say why. @default false */
  readonly explain?: boolean
  /** Where rules were looked for, in words, for refusals where there are none. @default not said */
  readonly rulesFrom?: string | undefined
}

/** A refusal: the text that everybody may read, and what only whoever develops the app is told. */
class Refusal {
  readonly status: number
  readonly error: string
  readonly explanation: Readonly<Record<string, unknown>>

  constructor(error: string, explanation: Readonly<Record<string, unknown>> = {}, status = 403) {
    this.error = error
    this.explanation = explanation
    this.status = status
  }
}

type Answer = Readonly<Record<string, string>> | Refusal

/** What every request brings, checked. */
interface Question {
  readonly fields: JsonObject
  readonly socketId: SocketId
  /** The app that was asked for. */
  readonly appKey: string | undefined
  readonly credentials: Credentials
}

/** `/broadcasting/auth` and `/broadcasting/user-auth` (protocol.md 8.2, 8.3) as functions of plain request data. */
export class AuthEndpoint {
  readonly #parts: AuthEndpointParts
  readonly #path: string
  readonly #allowedOrigins: readonly string[]

  /** Throws a {@link ConfigurationError} for a path or an origin that is none. */
  constructor(parts: AuthEndpointParts) {
    const { path = '/broadcasting', allowedOrigins = [] } = parts.auth ?? {}
    if (!/^(\/[^/?#\s]+)+$/.test(path)) {
      throw new ConfigurationError(
        `auth.path: "${path}" is not allowed; expected a path such as /broadcasting`,
      )
    }
    checkOriginPatterns('auth.allowedOrigins', allowedOrigins)
    this.#parts = parts
    this.#path = path
    this.#allowedOrigins = allowedOrigins
  }

  /** The routes of the endpoint; preflights only where other origins are allowed at all. */
  get routes(): readonly HttpRoute[] {
    const path = this.#path
    const methods = this.#allowedOrigins.length > 0 ? ['GET', 'POST', 'OPTIONS'] : ['GET', 'POST']
    return [
      { methods, path: `${path}/auth`, handle: (request) => this.authorizeChannel(request) },
      { methods, path: `${path}/user-auth`, handle: (request) => this.authenticateUser(request) },
    ]
  }

  /**
   * Signs a subscription to a private or presence channel that a rule admits; 403 for everything else. To an encrypted
   * channel belongs its key; where there is none the answer is 500, and the log says why. A rule that fails is a 500 as well;
   * one that has not answered within ten seconds is a 503.
   */
  authorizeChannel(request: HttpRequest): Promise<HttpResponse> {
    return this.#answer(request, async (question) => {
      const channel = parseGuardedChannel(question.fields['channel_name'])
      if (channel instanceof Refusal) return channel
      const user = await this.#userOf(request, channel)
      const { socketId } = question
      const original = asBroadcastRequest(request.original)
      const decision = await this.#parts.authorizer.decide({ channel, socketId, user, request: original })
      if (decision.granted) return this.#admit(channel, decision.member, question)
      const { rule = null, reason } = decision
      return new Refusal('You may not join this channel', {
        channel,
        rule,
        reason: this.#whereRulesAre(reason),
        user: this.#describe(user),
      })
    })
  }

  /** Signs who the user of a connection is, and whom the user watches; 403 for guests. */
  authenticateUser(request: HttpRequest): Promise<HttpResponse> {
    return this.#answer(request, async ({ credentials, socketId }) => {
      const user = await this.#userOf(request, 'a sign-in')
      if (user === undefined) return new Refusal('Nobody is signed in', { user: this.#describe(user) })
      const data = encodePayload('The user', {
        id: String(user.id),
        user_info: user.info,
        watchlist: watchlistOf(user),
      })
      return { auth: signUser(credentials, socketId, data), user_data: data }
    })
  }

  #admit(
    channel: string,
    member: PresenceMember | undefined,
    { credentials, socketId, appKey }: Question,
  ): Answer {
    if (member !== undefined) {
      const data = encodePayload(`The member of ${channel}`, {
        user_id: String(member.id),
        user_info: member.info,
      })
      return { auth: signChannel(credentials, socketId, channel, data), channel_data: data }
    }
    const auth = signChannel(credentials, socketId, channel)
    return kindOf(channel).encrypted ? { auth, shared_secret: this.#secretOf(channel, appKey) } : { auth }
  }

  #secretOf(channel: string, appKey: string | undefined): string {
    const { sharedSecret } = this.#parts
    if (sharedSecret !== undefined) return sharedSecret(channel, appKey)
    throw new ConfigurationError(
      `"${channel}" is an encrypted channel, and this AuthEndpoint has no sharedSecret; ` +
        'give it (channel, appKey) => manager.sharedSecret(channel, appKey)',
    )
  }

  async #answer(
    request: HttpRequest,
    decide: (question: Question) => Promise<Answer>,
  ): Promise<HttpResponse> {
    if (request.method === 'OPTIONS') return this.#preflight(request)
    try {
      const answer = await this.#check(request, decide)
      if (!(answer instanceof Refusal)) return this.#respond(request, 200, answer)
      if (!this.#parts.explain) return this.#respond(request, answer.status, { error: answer.error })
      const { error, explanation, status } = answer
      this.#parts.logger.info(`Auth endpoint: ${status} ${error} ${JSON.stringify(explanation)}`)
      return this.#respond(request, status, { error, ...explanation })
    } catch (error) {
      const reason = messageOf(error)
      logFailure(this.#parts.logger, `Auth endpoint: ${reason}`, error)
      return this.#respond(request, error instanceof RuleTimeoutError ? 503 : 500, {
        error: 'Authorization failed',
        ...(this.#parts.explain && { reason }),
      })
    }
  }

  /** What every request must bring before anything is signed (protocol.md 8.2). */
  async #check(request: HttpRequest, decide: (question: Question) => Promise<Answer>): Promise<Answer> {
    const fields = fieldsOf(request)
    if (fields === undefined) return new Refusal('The body is neither a form nor a JSON object', {}, 400)
    const socketId = typeof fields['socket_id'] === 'string' ? parseSocketId(fields['socket_id']) : undefined
    if (socketId === undefined) return new Refusal('socket_id must be digits, a dot, digits')
    const { app } = request.query
    const appKey = app === undefined ? undefined : String(app)
    const credentials = await this.#parts.credentials(appKey)
    if (credentials === undefined) return new Refusal('No app has this key')
    return decide({ fields, socketId, appKey, credentials })
  }

  async #userOf({ original }: HttpRequest, subject: string): Promise<BroadcastUser | undefined> {
    const user = await answerInTime({
      asked: `The user function of the configuration, asked for ${subject},`,
      ask: () => this.#parts.user?.(asBroadcastRequest(original)),
      failure: (cause) => new UserFailedError(cause),
    })
    if (user === undefined || user === null) return undefined
    if (isUserId(user.id)) return user
    throw new RuleResultError('user() returned something whose id is neither a string nor a number')
  }

  #whereRulesAre(reason: string): string {
    const { authorizer, rulesFrom } = this.#parts
    return rulesFrom === undefined || authorizer.patterns.length > 0 ? reason : `${reason}; ${rulesFrom}`
  }

  #describe(user: BroadcastUser | undefined): string {
    if (this.#parts.user === undefined) return 'unknown: no user function is configured'
    return user === undefined ? 'none: the user function found nobody' : `found: ${user.id}`
  }

  #preflight({ headers }: HttpRequest): HttpResponse {
    const { origin, 'access-control-request-headers': wanted } = headers
    return { status: 204, headers: preflightHeaders(origin, wanted, this.#allowedOrigins), body: '' }
  }

  #respond({ headers }: HttpRequest, status: number, body: Readonly<Record<string, unknown>>): HttpResponse {
    const type = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' }
    return {
      status,
      headers: { ...type, ...corsHeaders(headers['origin'], this.#allowedOrigins) },
      body: JSON.stringify(body),
    }
  }
}

/** The fields of a request: the query of a GET, else the body, a form or JSON, as text or already parsed. */
function fieldsOf({ method, headers, query, body }: HttpRequest): JsonObject | undefined {
  if (method === 'GET') return query
  if (typeof body !== 'string') return asObject(body ?? {})
  if (!String(headers['content-type']).includes('json')) return Object.fromEntries(new URLSearchParams(body))
  return parseObject(body)
}

/** The name of a channel that takes a signature, or why it must never get one. */
function parseGuardedChannel(name: unknown): string | Refusal {
  const channel = typeof name === 'string' ? parseChannelName(name) : undefined
  if (channel === undefined) return new Refusal('channel_name is not the name of a channel')
  const { access } = kindOf(channel)
  if (access === 'public') return new Refusal('A public channel needs no authorization')
  if (access === 'user') return new Refusal('The channel of a user takes no authorization')
  return channel
}

/** Ids are strings on the wire. */
function watchlistOf({ watchlist }: BroadcastUser): string[] | undefined {
  if (watchlist === undefined) return undefined
  if (Array.isArray(watchlist) && watchlist.every(isUserId)) return watchlist.map(String)
  throw new RuleResultError('user() returned a watchlist that is not a list of strings and numbers')
}

function asBroadcastRequest(original: unknown): BroadcastRequest {
  // The integration that made this request has declared its type as a BroadcastRequest.
  return original as BroadcastRequest
}
