import type { IncomingHttpHeaders } from 'node:http'

/** The part of a request that says where it came from; `http.IncomingMessage` fits. */
export interface RequestSource {
  readonly headers: IncomingHttpHeaders
  readonly socket?:
    | { readonly remoteAddress?: string | undefined; readonly encrypted?: boolean | undefined }
    | undefined
}

/** Whether the client spoke TLS: to us, or to the outermost of `hops` trusted proxies. */
export function isSecure({ headers, socket }: RequestSource, hops: number): boolean {
  const forwarded = believed(headers['x-forwarded-proto'], hops)
  return forwarded === undefined ? socket?.encrypted === true : forwarded === 'https' || forwarded === 'wss'
}

/** The address of the client, as far as `hops` trusted proxies tell it. */
export function addressOf({ headers, socket }: RequestSource, hops: number): string {
  const forwarded = believed(headers['x-forwarded-for'], hops)
  return forwarded === undefined ? (socket?.remoteAddress ?? '') : withoutPort(forwarded)
}

/** Some proxies add the port of the client, which differs with every connection; an IPv6 address then has brackets. */
function withoutPort(address: string): string {
  const [, inBrackets, alone] = /^(?:\[(.+)\](?::\d+)?|([^:]+):\d+)$/.exec(address) ?? []
  return inBrackets ?? alone ?? address
}

/** The `host[:port]` that the client asked for. */
export function hostOf({ headers }: RequestSource, hops: number): string | undefined {
  return believed(headers['x-forwarded-host'], hops) ?? headers.host
}

/** The entry that the outermost trusted proxy added, without proxies none: everything before it may be forged. */
function believed(header: string | string[] | undefined, hops: number): string | undefined {
  if (header === undefined) return undefined
  const entries = String(header)
    .split(',')
    .map((entry) => entry.trim())
  return entries[Math.max(0, entries.length - hops)] || undefined
}
