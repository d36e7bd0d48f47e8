import { ConfigurationError } from './errors.ts'

/** What a pattern of origins may be, for people. */
export const originPatterns =
  '`*`, or hosts such as shop.example, `*.shop.example` or https://shop.example:8443, without path and slash at the end'

/** A scheme, or none; a host, of which the first part may be a wildcard; a port, or none. */
const originPattern =
  /^(?:[a-z][a-z\d+.-]*:\/\/)?(?:(?:\*\.)?[\w-]+(?:\.[\w-]+)*\.?|\[[\da-f:.]+\])(?::\d{1,5})?$/i

/** Whether it can allow any origin: one with a path, or with half a scheme, never does. */
export function isOriginPattern(pattern: string): boolean {
  return pattern === '*' || originPattern.test(pattern)
}

/** Throws a {@link ConfigurationError} that names the option and what in it can allow no origin. */
export function checkOriginPatterns(option: string, patterns: readonly string[]): void {
  // Code without types may give a single text.
  const wrong = Array.isArray(patterns) ? patterns.find((pattern) => !isOriginPattern(pattern)) : patterns
  if (wrong === undefined) return
  throw new ConfigurationError(
    `${option}: ${JSON.stringify(wrong)} is not allowed; expected a list of ${originPatterns}`,
  )
}

/**
 * Whether an `Origin` header is allowed by patterns such as `example.com`, `*.example.com`, `https://example.com:8443`
 * or `*`. A missing origin is no browser, and allowed (protocol.md 1.3).
 */
export function isOriginAllowed(origin: string | undefined, patterns: readonly string[]): boolean {
  if (origin === undefined || patterns.includes('*')) return true
  const url = URL.canParse(origin) ? new URL(origin) : undefined
  return url !== undefined && patterns.some((pattern) => matches(url, pattern.toLowerCase()))
}

function matches(origin: URL, pattern: string): boolean {
  const [scheme, rest] = pattern.includes('://') ? pattern.split('://', 2) : [undefined, pattern]
  if (scheme !== undefined && origin.protocol !== `${scheme}:`) return false
  const [, host = '', port] = /^(.*?)(?::(\d+))?$/.exec(rest ?? '') ?? []
  if (port !== undefined && portOf(origin) !== port) return false
  return host.startsWith('*.') ? origin.hostname.endsWith(host.slice(1)) : origin.hostname === host
}

function portOf({ port, protocol }: URL): string {
  if (port !== '') return port
  return protocol === 'https:' ? '443' : '80'
}
