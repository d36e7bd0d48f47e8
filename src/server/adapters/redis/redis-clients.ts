import { ConfigurationError } from '../../../support/errors.ts'
import { connectLikeIoRedis, type IoRedisClient } from './ioredis.ts'
import {
  connectLikeNodeRedis,
  connectLikeNodeSentinel,
  type NodeRedisClient,
  type NodeRedisSettings,
} from './node-redis.ts'
import type { RedisRoute } from './redis-link.ts'
import type { RedisAddress, RedisClient } from './redis-options.ts'
import type { RedisPlan } from './redis-plan.ts'
import { addressText } from './redis-settings.ts'

/** Where processes are reached that call themselves otherwise: by `host:port`. */
type AddressMap =
  | Readonly<Record<string, RedisAddress>>
  | ((address: string) => RedisAddress | null | undefined)

// What tells the clients apart; each is recognised before it is taken for what it is.

interface NodeRedisSingle extends NodeRedisClient {
  readonly options?: NodeRedisSettings
}

interface NodeRedisCluster {
  readonly masters: readonly RedisAddress[]
  readonly _options?: { readonly nodeAddressMap?: AddressMap }
  nodeClient(master: RedisAddress): NodeRedisSingle | Promise<NodeRedisSingle>
}

interface IoRedisSingle extends IoRedisClient {
  readonly options: Partial<RedisAddress> & {
    readonly name?: string | null
    readonly sentinels?: unknown
    readonly tls?: unknown
    readonly sentinelTLS?: unknown
  }
}

interface IoRedisCluster {
  readonly options: { readonly natMap?: AddressMap | null }
  nodes(role: 'master'): readonly IoRedisSingle[]
}

/** The plan to get to where a ready client gets; throws a `ConfigurationError` when it is none that is known. */
export function planOfClient(client: RedisClient): RedisPlan {
  const has = (...names: readonly string[]) => names.every((name) => name in client)
  const as = <Client>() => client as unknown as Client
  if (has('duplicate', 'nodes', 'natMapper')) return planOfIoRedisCluster(as())
  if (has('duplicate', 'call', 'options')) return planOfIoRedis(as())
  if (has('duplicate', 'nodeClient', 'masters')) return planOfNodeCluster(as())
  if (has('duplicate', 'getSentinelNode')) return planOfNodeSentinel(as())
  if (has('duplicate', 'sendCommand', 'sSubscribe')) return planOfNodeRedis(as())
  throw new ConfigurationError('The client of the redis driver must be one of the packages redis or ioredis')
}

function planOfNodeRedis(client: NodeRedisSingle): RedisPlan {
  const options = client.options ?? {}
  const { tls = false, ...address }: NodeRedisSettings['socket'] & Partial<RedisAddress> =
    options.socket ?? {}
  const connect = connectLikeNodeRedis(client, options)
  return { address: textOf(address, tls), route: async () => ({ topology: { kind: 'single' }, connect }) }
}

function planOfNodeSentinel(client: NodeRedisClient): RedisPlan {
  const connect = connectLikeNodeSentinel(client)
  return {
    address: 'the master of the given sentinel client',
    route: async () => ({ topology: { kind: 'single' }, connect }),
  }
}

function planOfNodeCluster(client: NodeRedisCluster): RedisPlan {
  const route = async (): Promise<RedisRoute> => {
    const [first] = client.masters
    if (first === undefined) throw new Error('The given cluster client is not connected')
    const pattern = await client.nodeClient(first)
    return {
      topology: clusterOf(client.masters, client._options?.nodeAddressMap),
      connect: connectLikeNodeRedis(pattern, pattern.options ?? {}),
    }
  }
  return { address: 'the cluster of the given client', route: kept(route) }
}

function planOfIoRedis(client: IoRedisSingle): RedisPlan {
  const { sentinels, name, tls, sentinelTLS } = client.options
  const connect = connectLikeIoRedis(client, Boolean(sentinels ? sentinelTLS : tls))
  return {
    address: sentinels
      ? `${name} of the sentinels of the given client`
      : textOf(client.options, Boolean(tls)),
    route: async () => ({ topology: { kind: 'single' }, connect }),
  }
}

function planOfIoRedisCluster(client: IoRedisCluster): RedisPlan {
  const route = async (): Promise<RedisRoute> => {
    const nodes = client.nodes('master')
    const [pattern] = nodes
    if (pattern === undefined) throw new Error('The given cluster client is not connected')
    const seeds = nodes.map(({ options: { host = 'localhost', port = 6379 } }) => ({ host, port }))
    return {
      topology: clusterOf(seeds, client.options.natMap ?? undefined),
      connect: connectLikeIoRedis(pattern, Boolean(pattern.options.tls)),
    }
  }
  return { address: 'the cluster of the given client', route: kept(route) }
}

function clusterOf(masters: readonly RedisAddress[], map: AddressMap | undefined): RedisRoute['topology'] {
  const mapped = (address: RedisAddress) => {
    const text = `${address.host}:${address.port}`
    return (typeof map === 'function' ? map(text) : map?.[text]) ?? undefined
  }
  return { kind: 'cluster', seeds: masters.map(({ host, port }) => ({ host, port })), mapped }
}

/** Once a client has told what it knows, it is not needed any more: it may be without a connection, or be closed. */
function kept(route: () => Promise<RedisRoute>): () => Promise<RedisRoute> {
  let known: RedisRoute | undefined
  return async () => {
    known ??= await route()
    return known
  }
}

function textOf({ host = '127.0.0.1', port = 6379 }: Partial<RedisAddress>, tls: boolean): string {
  return `${tls ? 'rediss' : 'redis'}://${addressText({ host, port })}`
}
