/** Where a Redis process, or a sentinel, listens. */
export interface RedisAddress {
  /** Host name or IP address. */
  readonly host: string
  /** TCP port. */
  readonly port: number
}

/**
 * A ready client of `redis` (a client, a cluster, a sentinel) or `ioredis` (`Redis`, `Cluster`). It serves as the pattern of
 * the connections that are made: it is duplicated, and neither used nor closed.
 */
export interface RedisClient {
  /** Makes another client with the same options. */
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
  | {
      /** The pattern of the connections that are made. */
      readonly client: RedisClient
    }
  | RedisSentinelOptions
  | RedisClusterOptions

/** A master that sentinels watch over. */
export interface RedisSentinelOptions {
  /** Where the sentinels listen. */
  readonly sentinels: readonly RedisAddress[]
  /** What the sentinels call the master. */
  readonly name: string
  /**
   * Password of the master.
   * @default none
   */
  readonly password?: string | undefined
  /**
   * Password of the sentinels.
   * @default none
   */
  readonly sentinelPassword?: string | undefined
  /**
   * Number of the database.
   * @default 0
   */
  readonly db?: number | undefined
  /**
   * Whether the master and the sentinels speak TLS.
   * @default false
   */
  readonly tls?: boolean | undefined
}

/** A Redis Cluster, of version 7 or later. */
export interface RedisClusterOptions {
  /** Some of its processes, by address or by URL; the others are found by asking them. */
  readonly cluster: readonly (RedisAddress | string)[]
  /**
   * Password of its processes.
   * @default none
   */
  readonly password?: string | undefined
  /**
   * Whether its processes speak TLS.
   * @default false
   */
  readonly tls?: boolean | undefined
}
