import { createRequire } from 'node:module'
import { ConfigurationError } from '../../../support/errors.ts'
import { connectByIoRedis } from './ioredis.ts'
import { connectByNodeRedis } from './node-redis.ts'
import { planOfClient } from './redis-clients.ts'
import type { Connect, ConnectionSettings } from './redis-connection.ts'
import type { RedisRoute } from './redis-link.ts'
import type { RedisClusterOptions, RedisOptions, RedisSentinelOptions } from './redis-options.ts'
import { addressText, settingsOf } from './redis-settings.ts'

/** How a broker gets to its Redis. */
export interface RedisPlan {
  /** For people; without a password. */
  readonly address: string
  /** Asked before each attempt. */
  route(): Promise<RedisRoute>
}

/** The plan that the options describe; throws a `ConfigurationError` when it cannot work. */
export function planOf(options: RedisOptions): RedisPlan {
  if ('client' in options) return planOfClient(options.client)
  if ('sentinels' in options) return planOfSentinels(options)
  if ('cluster' in options) return planOfCluster(options)
  const settings = settingsOf(options.url)
  const { address, db, tls } = settings
  return {
    address: `${tls ? 'rediss' : 'redis'}://${addressText(address)}${db === undefined ? '' : `/${db}`}`,
    route: routing({ kind: 'single' }, settings),
  }
}

function planOfSentinels({ sentinels, name, tls = false, ...given }: RedisSentinelOptions): RedisPlan {
  if (sentinels.length === 0) throw new ConfigurationError('The list of Redis sentinels is empty')
  return {
    address: `${name} of the sentinels ${sentinels.map(addressText).join(', ')}`,
    route: routing({ kind: 'sentinel', sentinels, name }, { ...given, tls }),
  }
}

function planOfCluster({ cluster, ...given }: RedisClusterOptions): RedisPlan {
  const [first, ...others] = cluster.map((seed) =>
    typeof seed === 'string' ? settingsOf(seed) : { address: seed, tls: false },
  )
  if (first === undefined) throw new ConfigurationError('The list of processes of the Redis Cluster is empty')
  const seeds = [first, ...others].map(({ address }) => address)
  const password = given.password === undefined ? {} : { password: given.password }
  // The first URL speaks for all, for most processes are found by asking.
  const settings: ConnectionSettings = { ...first, ...password, tls: given.tls ?? first.tls }
  return {
    address: `the cluster of ${seeds.map(addressText).join(', ')}`,
    route: routing({ kind: 'cluster', seeds, mapped: () => undefined }, settings),
  }
}

function routing(topology: RedisRoute['topology'], settings: ConnectionSettings): RedisPlan['route'] {
  const load = installed()
  let connect: Connect | undefined
  return async () => {
    connect ??= await load(settings)
    return { topology, connect }
  }
}

/** The library that is installed, which is not loaded before it is needed. */
function installed(): (settings: ConnectionSettings) => Promise<Connect> {
  const { resolve } = createRequire(import.meta.url)
  const has = (name: string) => {
    try {
      return resolve(name) !== ''
    } catch {
      return false
    }
  }
  if (has('redis')) return connectByNodeRedis
  if (has('ioredis')) return connectByIoRedis
  throw new ConfigurationError('The redis driver needs a client for Redis: npm install redis')
}
