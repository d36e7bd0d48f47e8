import { Redis as IoRedis } from 'ioredis'
import { createClient } from 'redis'
import type { RedisOptions } from '../../src/server/adapters/redis/index.ts'

/** The libraries that a client may be of. */
export const libraries = ['redis', 'ioredis'] as const
export type Library = (typeof libraries)[number]

/** What a client is told of TLS beyond its URL. */
export interface ClientTls {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly servername?: string
}

/** A client as an application gives it, which has not connected. */
export function clientOf(library: Library, url: string, tls?: ClientTls): RedisOptions {
  if (library === 'ioredis') return { client: new IoRedis(url, { lazyConnect: true, ...(tls && { tls }) }) }
  return { client: createClient({ url, ...(tls && { socket: { tls: true, ...tls } }) }) }
}
