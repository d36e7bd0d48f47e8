import { inUrl } from '../../../protocol/address.ts'
import { ConfigurationError } from '../../../support/errors.ts'
import type { ConnectionSettings } from './redis-connection.ts'
import type { RedisAddress } from './redis-options.ts'

const defaultUrl = 'redis://127.0.0.1:6379'

/** What a URL says; never told in an error, for it may hold a password. */
export function settingsOf(url = defaultUrl): ConnectionSettings & { readonly address: RedisAddress } {
  const parsed = parse(url)
  const db = parsed.pathname.replace('/', '')
  if (!/^\d*$/.test(db)) throw new ConfigurationError('The path of a Redis URL is the number of a database')
  return {
    address: {
      // The brackets of an IPv6 address belong to the URL.
      host: decode(parsed.hostname).replace(/^\[(.*)\]$/, '$1'),
      port: parsed.port === '' ? 6379 : Number(parsed.port),
    },
    ...(parsed.username !== '' && { username: decode(parsed.username) }),
    ...(parsed.password !== '' && { password: decode(parsed.password) }),
    ...(db !== '' && { db: Number(db) }),
    tls: parsed.protocol === 'rediss:',
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new ConfigurationError('A % in the URL of Redis stands for itself only when it is written as %25')
  }
}

/** An address as people read it. */
export function addressText({ host, port }: RedisAddress): string {
  return `${inUrl(host)}:${port}`
}

function parse(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || !['redis:', 'rediss:'].includes(parsed.protocol) || parsed.hostname === '') {
    throw new ConfigurationError(
      `The URL of Redis must look like ${defaultUrl}, or rediss://user:password@host:port/db`,
    )
  }
  return parsed
}
