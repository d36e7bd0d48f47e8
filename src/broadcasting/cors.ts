import { isOriginAllowed } from '../support/origin.ts'

type Headers = Readonly<Record<string, string>>
type HeaderValue = string | string[] | undefined

/**
 * Headers that let pages of allowed origins read an answer. Cookies count only for origins that are listed without a
 * wildcard, and for a page that came over plain http only where the list says `http://`.
 */
export function corsHeaders(origin: HeaderValue, allowedOrigins: readonly string[]): Headers {
  if (allowedOrigins.length === 0) return {}
  const vary = { vary: 'Origin' }
  if (typeof origin !== 'string' || !isOriginAllowed(origin, allowedOrigins)) return vary
  const allowed = { ...vary, 'access-control-allow-origin': origin }
  return isTrusted(origin, allowedOrigins)
    ? { ...allowed, 'access-control-allow-credentials': 'true' }
    : allowed
}

/** Whoever can answer for some host of a domain, or for any host over plain http, must not act with somebody's cookies. */
function isTrusted(origin: string, allowedOrigins: readonly string[]): boolean {
  const isSecure = origin.startsWith('https://')
  const trusted = allowedOrigins.filter(
    (pattern) => !pattern.includes('*') && (isSecure || pattern.includes('://')),
  )
  return isOriginAllowed(origin, trusted)
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
