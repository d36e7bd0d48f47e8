import { isOriginAllowed } from '../support/origin.ts'

type Headers = Readonly<Record<string, string>>
type HeaderValue = string | string[] | undefined

/** Headers that let pages of allowed origins read an answer. Cookies count only for origins that are listed by name. */
export function corsHeaders(origin: HeaderValue, allowedOrigins: readonly string[]): Headers {
  if (allowedOrigins.length === 0) return {}
  const vary = { vary: 'Origin' }
  if (typeof origin !== 'string' || !isOriginAllowed(origin, allowedOrigins)) return vary
  const allowed = { ...vary, 'access-control-allow-origin': origin }
  return allowedOrigins.includes('*') ? allowed : { ...allowed, 'access-control-allow-credentials': 'true' }
}

/** Headers that answer a preflight: the methods of the endpoint, and any header that the page asks for. */
export function preflightHeaders(
  origin: HeaderValue,
  wanted: HeaderValue,
  allowedOrigins: readonly string[],
): Headers {
  const cors = corsHeaders(origin, allowedOrigins)
  if (!('access-control-allow-origin' in cors)) return cors
  const allowed = typeof wanted === 'string' && /^[\w\-, ]+$/.test(wanted) ? wanted : 'content-type'
  return { ...cors, 'access-control-allow-methods': 'GET, POST', 'access-control-allow-headers': allowed }
}
