// The door ./redis: nodes joined by a Redis.

export { redisBroker } from './redis-broker.ts'
export type {
  RedisAddress,
  RedisClient,
  RedisClusterOptions,
  RedisOptions,
  RedisSentinelOptions,
} from './redis-options.ts'
