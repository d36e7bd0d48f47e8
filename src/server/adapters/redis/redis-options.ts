/** Where a Redis process, or a sentinel, listens. */
export interface RedisAddress {
  readonly host: string
  readonly port: number
}

/**
 * A ready client of `redis` (a client, a cluster, a sentinel) or `ioredis` (`Redis`, `Cluster`). It serves as the pattern of
 * the connections that are made: it is duplicated, and neither used nor closed.
 */
export interface RedisClient {
  duplicate(...overrides: never[]): unknown
}

/** How nodes find their Redis; nothing: the one on this machine. */
export type RedisOptions =
  | {
      /**
       * `redis://user:password@host:port/db`, or `rediss://` for TLS.
       * @default 'redis://127.0.0.1:6379'
       */
      readonly url?: string | undefined
    }
  | { readonly client: RedisClient }
  | RedisSentinelOptions
  | RedisClusterOptions

/** A master that sentinels watch over. */
export interface RedisSentinelOptions {
  readonly sentinels: readonly RedisAddress[]
  /** What the sentinels call the master. */
  readonly name: string
  readonly password?: string | undefined
  readonly sentinelPassword?: string | undefined
  /** @default 0 */
  readonly db?: number | undefined
  /**
   * For the master and for the sentinels.
   * @default false
   */
  readonly tls?: boolean | undefined
}

/** A Redis Cluster, of version 7 or later. */
export interface RedisClusterOptions {
  /** Some of its processes, by address or by URL; the others are found by asking them. */
  readonly cluster: readonly (RedisAddress | string)[]
  readonly password?: string | undefined
  /** @default false */
  readonly tls?: boolean | undefined
}
