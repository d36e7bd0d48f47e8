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
