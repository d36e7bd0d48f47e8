import {
  choice,
  integer,
  optional,
  pattern,
  secret,
  setting,
  text,
  type Values,
} from '../support/settings.ts'

/** Stands in paths, and before the colon of an `auth` string. */
export const appKey = pattern(/^[^:/?#\s]+$/, 'a text without : / ? # and spaces')

/** A prefix of paths, or none. */
export const prefix = pattern(
  /^(\/[^/?#\s]+)*$/,
  'a path that begins with / and does not end with one, or nothing',
)

/** Whom a URL names, and nothing else of a URL. */
export const hostname = pattern(
  /^([^/?#\s@:]+|[\da-f.]*(:[\da-f.]*){2,})$/i,
  'a host name or address, without scheme, port and path',
)

const port = integer(1, 65_535)
const scheme = choice('http', 'https')

/** The credentials of the default app. */
export const credentialSettings = {
  appId: setting('REVERB_APP_ID', text, '1', 'Id of the default app'),
  appKey: setting('REVERB_APP_KEY', appKey, 'local', 'Key that clients send'),
  appSecret: setting(
    'REVERB_APP_SECRET',
    secret,
    'secret',
    'Signs auth answers and HTTP API requests; the default is refused in production',
  ),
} as const

/** Where the standalone server listens. */
export const bindSettings = {
  host: setting('REVERB_HOST', text, '0.0.0.0', 'Interface that the standalone server binds to'),
  port: setting('REVERB_PORT', integer(0, 65_535), 8080, 'Port that the standalone server listens on'),
  scheme: setting('REVERB_SCHEME', scheme, 'http', '`https` serves TLS and needs a certificate and its key'),
  path: setting('REVERB_PATH', prefix, '', 'Prefix of every route of the standalone server'),
} as const

/** Where everybody else finds it. */
export const publicSettings = {
  publicHost: setting(
    'REVERB_PUBLIC_HOST',
    optional(hostname),
    undefined,
    'Host that browsers and other processes use; without it that of the request',
  ),
  publicPort: setting(
    'REVERB_PUBLIC_PORT',
    optional(port),
    undefined,
    'Port that browsers and other processes use',
  ),
  publicScheme: setting(
    'REVERB_PUBLIC_SCHEME',
    optional(scheme),
    undefined,
    'Scheme that browsers and other processes use',
  ),
  publicPath: setting(
    'REVERB_PUBLIC_PATH',
    optional(prefix),
    undefined,
    'Path prefix that browsers and other processes use',
  ),
} as const

/** What the server and whoever sends to it from elsewhere must agree on. */
export const addressSettings = { ...credentialSettings, ...bindSettings, ...publicSettings } as const

/** The environment variable of the list of apps. */
export const appsVariable = 'REVERB_APPS'

/** Where a server can be reached. */
export interface Address {
  readonly scheme: 'http' | 'https'
  readonly host: string
  readonly port: number
  /** Stands before every route; empty, or begins with a slash. */
  readonly path: string
}

/**
 * Where other processes find a server: `REVERB_PUBLIC_*` where given, else where it listens, with the loopback address for
 * all interfaces. A public host or scheme without a port has the usual port of its scheme.
 */
export function publicAddress(settings: Values<typeof bindSettings & typeof publicSettings>): Address {
  const { publicHost, publicPort, publicScheme, publicPath } = settings
  const isElsewhere = publicHost !== undefined || publicScheme !== undefined
  const scheme = publicScheme ?? settings.scheme
  return {
    scheme,
    host: publicHost ?? reachableHost(settings.host),
    port: publicPort ?? (isElsewhere ? usualPort(scheme) : settings.port),
    path: publicPath ?? settings.path,
  }
}

/** The port of URLs that name none. */
export function usualPort(scheme: 'http' | 'https'): number {
  return scheme === 'https' ? 443 : 80
}

/** The address as people write it. */
export function urlOf({ scheme, host, port, path }: Address): string {
  return `${scheme}://${inUrl(host)}:${port}${path}`
}

function reachableHost(host: string): string {
  return host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
}

/** A host as it stands in a URL: an IPv6 address is in brackets there. */
export function inUrl(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}
