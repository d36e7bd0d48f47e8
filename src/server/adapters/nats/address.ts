import { ConfigurationError } from '../../../support/errors.ts'

/** Where the servers are, and as whom to connect. */
export interface NatsAddress {
  /** `host:port` each, in the order of the list. */
  readonly servers: string[]
  readonly credentials: { readonly user?: string; readonly pass?: string; readonly token?: string }
  /** Whether a server that offers no TLS is refused. */
  readonly tls: boolean
  /** The servers for people, without a password. */
  readonly shown: string
}

/** Reads a comma list of `nats://` and `tls://` addresses; user and password are those of the first that has them. */
export function parseAddress(list: string): NatsAddress {
  const urls = list.split(',').map((address) => parse(address.trim()))
  const named = urls.find(({ username }) => username !== '')
  return {
    servers: urls.map(hostOf),
    credentials: named === undefined ? {} : credentialsOf(named),
    tls: urls.some(({ protocol }) => protocol === 'tls:'),
    shown: urls.map((url) => `${url.protocol}//${hostOf(url)}`).join(),
  }
}

function parse(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined
  const isKnown = url !== undefined && ['nats:', 'tls:'].includes(url.protocol) && url.hostname !== ''
  if (isKnown && isDecodable(url.username) && isDecodable(url.password)) return url
  // What does not parse may hold a password.
  throw new ConfigurationError(
    'The address of NATS must be like nats://user:password@host:4222, or a comma list of such; a % in a password is written %25',
  )
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

function hostOf({ hostname, port }: URL): string {
  return `${hostname}:${port || '4222'}`
}

/** A name without a password is a token. */
function credentialsOf({ username, password }: URL): NatsAddress['credentials'] {
  const user = decodeURIComponent(username)
  return password === '' ? { token: user } : { user, pass: decodeURIComponent(password) }
}
