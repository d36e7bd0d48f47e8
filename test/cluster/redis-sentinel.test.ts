import { Redis as IoRedis } from 'ioredis'
import { createSentinel } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RedisOptions, redisBroker } from '../../src/server/adapters/redis/index.ts'
import { brokerSuite } from '../../src/testing/broker-suite.ts'
import { openBroker } from '../support/broker.ts'
import { type RedisSentinels, startSentinels } from '../support/redis.ts'

let watched: RedisSentinels

beforeAll(async () => {
  watched = await startSentinels()
}, 60_000)

afterAll(() => Promise.all(watched.processes.map((redis) => redis.kill())))

/** The ways to a master that sentinels watch over. */
const ways: Readonly<Record<string, () => RedisOptions>> = {
  'by the addresses of sentinels': () => ({ sentinels: watched.sentinels, name: watched.name }),
  'of a sentinel client of the package redis': () => ({
    client: createSentinel({ name: watched.name, sentinelRootNodes: [...watched.sentinels] }),
  }),
  'of a client of the package ioredis that asks sentinels': () => ({
    client: new IoRedis({ sentinels: [...watched.sentinels], name: watched.name, lazyConnect: true }),
  }),
}

describe('A redis broker by the addresses of sentinels', () => {
  const options = () => ({ sentinels: watched.sentinels, name: watched.name })
  const suite = brokerSuite((prefix) => redisBroker({ ...options(), prefix }))
  for (const { title, run } of suite) it.concurrent(title, run, 30_000)
})

for (const [way, options] of Object.entries(ways)) {
  describe(`A redis broker ${way}`, () => {
    it('follows the master when another takes over', async () => {
      const { broker, node, lost } = await openBroker({ ...options(), prefix: 'failing-over' })
      await node.begin()
      await watched.failOver()
      expect(await lost()).not.toBe('')
      await node.connected()
      await node.begin()
      await broker.roads.subscribe(['road'])
      await node.send('road', 'hello')
      expect(await node.text('road')).toBe('hello')
    }, 60_000)
  })
}
