import { urlOf } from '../../protocol/address.ts'
import { messageOf } from '../../support/errors.ts'
import { parseObject } from '../../support/json.ts'
import type { NoAnswerError, WireAnswer } from './exchange.ts'
import type { ApiTarget } from './target.ts'

/** Characters of the server's own words that an error repeats. */
const maxWords = 300

/** Why a request came to nothing. */
export interface Failure {
  readonly answered: number | undefined
  /** What happened, with which server, and what to do. */
  readonly message: string
  /** Whether it may be sent again: nothing was delivered, and later it may succeed. */
  readonly retryable: boolean
  /** Milliseconds that the server asked to wait before that. */
  readonly pause: number
  readonly cause?: unknown
}

/** What failed, for the message: the method decides whether it may be repeated. */
export interface FailedRequest {
  readonly target: ApiTarget
  readonly method: 'GET' | 'POST'
  /** As it was signed. */
  readonly path: string
}

/** Failures of the network from which it may recover; the others (a certificate, a wrong protocol) stay. */
const passing = [
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]

/** What TLS says, by the version of Node, to an answer that is not TLS. */
const notTls = ['EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG']

/** There was no answer. What may have been delivered is not sent again; a question is. */
export function withoutAnswer({ target, method }: FailedRequest, error: NoAnswerError): Failure {
  const { reason, connected, cause } = error
  const passes = reason === 'network' ? passing.includes(codeOf(cause) ?? '') : reason !== 'endless'
  const problem = connected ? broken(target, error, passes) : unreachable(target, error)
  const later = method === 'POST' ? 'whether it arrived is not known' : 'ask again later'
  const advice = connected && passes ? later : adviceOnPlace(target, cause)
  return {
    answered: undefined,
    message: `${problem}; ${advice}`,
    retryable: passes && (!connected || method === 'GET'),
    pause: 0,
    cause,
  }
}

function adviceOnPlace({ hints }: ApiTarget, cause: unknown): string {
  const isPlain = notTls.includes(codeOf(cause) ?? '')
  if (isPlain) return `does the server speak plain http? set ${hints.plainHttp}`
  return `see whether the server runs there, and compare ${hints.address}`
}

function broken(target: ApiTarget, { reason, cause }: NoAnswerError, passes: boolean): string {
  const url = urlOf(target)
  if (reason === 'time-out') return `${url} has not answered within ${target.timeout} s`
  if (reason === 'endless') return `${url} answers without end`
  if (!passes) return `${url} does not answer as HTTP does (${nameOf(cause)})`
  return `${url} cut the connection before it had answered (${nameOf(cause)})`
}

function unreachable(target: ApiTarget, { reason, cause }: NoAnswerError): string {
  const url = urlOf(target)
  if (reason === 'connect time-out') return `${url} takes no connection within ${target.connectTimeout} s`
  if (reason === 'time-out') return `no connection to ${url} became free within ${target.timeout} s`
  const code = codeOf(cause)
  if (code === 'ECONNREFUSED') return `${url} refuses connections (${code})`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `the host of ${url} is not known (${code})`
  return `connecting to ${url} failed (${nameOf(cause)})`
}

/** The server said no. Only 429 and 503 say that nothing was done. */
export function refused(
  { target, method, path }: FailedRequest,
  { status, headers, text }: WireAnswer,
): Failure {
  const again = status === 429 || status === 503 || (method === 'GET' && (status === 502 || status === 504))
  const words = wordsOf(text)
  const location = headers.location === undefined ? '' : ` to ${cleaned(headers.location)}`
  const advice = adviceOn(status, target)
  return {
    answered: status,
    message:
      `${urlOf(target)} answered ${method} ${path} with ${status}${location}` +
      `${words === '' ? '' : `: ${words}`}${advice === '' ? '' : `; ${advice}`}`,
    retryable: again,
    pause: pauseOf(headers['retry-after']),
  }
}

/** The answer was no object of JSON: whoever gave it is another server than the one that is meant. */
export function unreadable({ target, method, path }: FailedRequest, { status }: WireAnswer): Failure {
  return {
    answered: status,
    message:
      `${urlOf(target)} answered ${method} ${path} with ${status}, but not with the JSON object of the HTTP API; ` +
      `compare ${target.hints.address}`,
    retryable: false,
    pause: 0,
  }
}

function adviceOn(status: number, { hints }: ApiTarget): string {
  if (status < 400) return `compare ${hints.address}`
  if (status === 401) return `compare ${hints.credentials} with those of the server, and both clocks`
  if (status === 404) return `compare ${hints.app} and ${hints.address}`
  if (status === 413) return 'send less, for example an id in place of the whole'
  if (status === 429) return 'send less often, or several events in one batch'
  return status < 500 ? '' : 'the log of the server says more'
}

/** Pusher answers with text, ours with `{"error": …}`; the page of somebody else's server helps nobody. */
function wordsOf(text: string): string {
  const error = parseObject(text)?.['error']
  if (typeof error === 'string') return cleaned(error)
  return /^\s*[<{[]/.test(text) ? '' : cleaned(text)
}

/** One line; signatures that a server repeats are left out. */
function cleaned(text: string): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, ' ').replace(/[0-9a-f]{64}/g, '…')
  return line.length > maxWords ? `${line.slice(0, maxWords).trim()}…` : line.trim()
}

/** Milliseconds of a `Retry-After`: seconds or a date. */
function pauseOf(retryAfter: string | undefined): number {
  if (retryAfter === undefined) return 0
  const pause = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - Date.now()
  return Number.isNaN(pause) ? 0 : Math.max(pause, 0)
}

function nameOf(cause: unknown): string {
  return codeOf(cause) ?? messageOf(cause)
}

function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined
}
