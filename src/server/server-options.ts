import type { AddressOptions } from '../protocol/address-options.ts'
import type { WebhookName } from '../protocol/webhook.ts'
import type { Logger } from '../support/logger.ts'
import type { LogOptions } from '../support/logger-settings.ts'
import type { NatsOptions } from './adapters/nats/nats-options.ts'
import type { RedisOptions } from './adapters/redis/redis-options.ts'
import type { AppLimits } from './apps/app-limits.ts'
import type { AppManager } from './apps/app-manager.ts'
import type { AppOptions } from './apps/app-options.ts'
import type { Broker } from './cluster/broker.ts'

/**
 * What `new ReverbServer()` takes: code wins over the environment, the environment over the defaults. The options of
 * `serverSettings` have the words of docs/reference/configuration.md, which a test compares.
 */
export interface ReverbServerOptions extends AddressOptions, LogOptions, AppLimits {
  /**
   * PEM file of the certificate.
   * In the environment: `REVERB_TLS_CERT`.
   * @default none
   */
  readonly tlsCert?: string | undefined
  /**
   * PEM file of the key of the certificate.
   * In the environment: `REVERB_TLS_KEY`.
   * @default none
   */
  readonly tlsKey?: string | undefined
  /**
   * Passphrase of the key of the certificate.
   * In the environment: `REVERB_TLS_PASSPHRASE`.
   * @default none
   */
  readonly tlsPassphrase?: string | undefined
  /**
   * Number of proxy hops whose `X-Forwarded-*` are believed.
   * In the environment: `REVERB_TRUST_PROXY`.
   * @default 0
   */
  readonly trustProxy?: number
  /**
   * New connections per second and address; excess waits, beyond 1000 waiting it gets 4100; 0: no limit.
   * In the environment: `REVERB_CONNECT_RATE`.
   * @default 0
   */
  readonly connectRate?: number
  /**
   * Bytes waiting for one slow client before it is closed with 4100.
   * In the environment: `REVERB_SEND_BUFFER`.
   * @default 1048576
   */
  readonly sendBuffer?: number
  /**
   * At most so many seconds over which connections are closed at shutdown.
   * In the environment: `REVERB_DRAIN`.
   * @default 20
   */
  readonly drain?: number
  /**
   * What joins several nodes: `redis`, `nats`, `cluster` for the processes of one machine, or `none`.
   * In the environment: `REVERB_SCALING_DRIVER`.
   * @default 'none'
   */
  readonly scalingDriver?: 'none' | 'cluster' | 'redis' | 'nats'
  /**
   * Where Redis is, for the scaling driver `redis`.
   * In the environment: `REDIS_URL`.
   * @default 'redis://127.0.0.1:6379'
   */
  readonly redisUrl?: string
  /**
   * Where NATS is (servers of one cluster with commas between), for the scaling driver `nats`.
   * In the environment: `NATS_URL`.
   * @default 'nats://127.0.0.1:4222'
   */
  readonly natsUrl?: string
  /**
   * Prefix of every key and subject; installations with different ones never see each other.
   * In the environment: `REVERB_SCALING_PREFIX`.
   * @default 'reverb'
   */
  readonly scalingPrefix?: string
  /**
   * Name of this node in logs; random when none is given.
   * In the environment: `REVERB_NODE_ID`.
   * @default none
   */
  readonly nodeId?: string | undefined
  /**
   * Seconds after which a silent node counts as dead and its members leave.
   * In the environment: `REVERB_NODE_TTL`.
   * @default 10
   */
  readonly nodeTtl?: number
  /**
   * URLs that are told what happens in channels, by signed POST requests.
   * In the environment: `REVERB_WEBHOOK_URL`.
   * @default []
   */
  readonly webhookUrl?: readonly string[]
  /**
   * What the webhook URLs are told.
   * In the environment: `REVERB_WEBHOOK_EVENTS`.
   * @default ['channel_occupied', 'channel_vacated', 'member_added', 'member_removed', 'client_event',
   * 'cache_miss', 'subscription_count']
   */
  readonly webhookEvents?: readonly WebhookName[]
  /**
   * Milliseconds that events are gathered for one request, per URL; 0: not at all.
   * In the environment: `REVERB_WEBHOOK_BATCH_MS`.
   * @default 250
   */
  readonly webhookBatchMs?: number
  /**
   * Every message on the log, secrets and auth strings masked.
   * In the environment: `REVERB_DEBUG`.
   * @default false
   */
  readonly debug?: boolean
  /**
   * Several apps instead of the default one.
   * In the environment: `REVERB_APPS`, as JSON.
   * @default one app, of `appId`, `appKey` and `appSecret`
   */
  apps?: readonly AppOptions[]
  /**
   * Finds apps elsewhere, instead of the configured ones; `appKey` then only names the one that is meant by default.
   * @default none
   */
  appManager?: AppManager
  /**
   * Redis, where `redisUrl` does not say enough: a ready client, Sentinels, a Redis Cluster.
   * @default what `redisUrl` says
   */
  redis?: RedisOptions
  /**
   * NATS, where `natsUrl` does not say enough: a ready connection.
   * @default what `natsUrl` says
   */
  nats?: NatsOptions
  /**
   * What joins this node to others, instead of a `scalingDriver`.
   * @default what `scalingDriver` says
   */
  broker?: Broker
  /**
   * Where lines go; any pino-like object.
   * @default one line of text each on stdout
   */
  logger?: Logger
  /**
   * Prefix of the auth endpoints, for `clientOptions()`.
   * @default '/broadcasting'
   */
  authPath?: string
  /**
   * `false` makes a server that serves nothing wherever it is mounted.
   * @default true
   */
  serve?: boolean
}
