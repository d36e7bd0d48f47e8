import { Redis as IoRedis } from 'ioredis'
import { createSentinel } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RedisOptions, redisBroker } from '../../src/server/adapters/redis/index.ts'
import { brokerSuite } from '../../src/testing/broker-suite.ts'
import { beginBroker, openBroker } from '../support/broker.ts'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { type RedisSentinels, startSentinels } from '../support/redis.ts'
import { startSilentPort } from '../support/silent-port.ts'

let watched: RedisSentinels

beforeAll(async () => {
  watched = await startSentinels()
}, 60_000)

afterAll(() => Promise.all(watched.processes.map((redis) => redis.kill())))

type Sentinels = RedisSentinels['sentinels']

/** The ways to a master that sentinels watch over. */
const ways: Readonly<Record<string, (sentinels: Sentinels) => RedisOptions>> = {
  'by the addresses of sentinels': (sentinels) => ({ sentinels, name: watched.name }),
  'of a sentinel client of the package redis': (sentinels) => ({
    client: createSentinel({ name: watched.name, sentinelRootNodes: [...sentinels] }),
  }),
  'of a client of the package ioredis that asks sentinels': (sentinels) => ({
    client: new IoRedis({ sentinels: [...sentinels], name: watched.name, lazyConnect: true }),
  }),
}

describe('A redis broker by the addresses of sentinels', () => {
  const options = () => ({ sentinels: watched.sentinels, name: watched.name })
  const suite = brokerSuite((prefix) => redisBroker({ ...options(), prefix }))
  for (const { title, run } of suite) it.concurrent(title, run, 30_000)
})

for (const [at, [way, options]] of Object.entries(ways).entries()) {
  describe(`A redis broker ${way}`, () => {
    it('asks the next sentinel when one is not there', async () => {
      const dead = { host: '127.0.0.1', port: await freePort() }
      const { node } = await openBroker({ ...options([dead, ...watched.sentinels]), prefix: `next-${at}` })
      await node.begin()
      const alone = beginBroker({ ...options([dead]), prefix: `next-${at}` })
      expect(await alone.lost()).toMatch(/ECONNREFUSED|Connection is closed/)
    })

    it('follows the master when another takes over', async () => {
      const { broker, node, lost } = await openBroker({
        ...options(watched.sentinels),
        prefix: `failing-over-${at}`,
      })
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

describe('A sentinel that says nothing', () => {
  // A sentinel client of the package redis waits for it: only the next attempt could ask another.
  it.each(['by the addresses of sentinels', 'of a client of the package ioredis that asks sentinels'])(
    'has the next one asked by a redis broker %s',
    async (way) => {
      const silent = await startSilentPort()
      const options = ways[way]?.([silent, ...watched.sentinels])
      const { node } = await openBroker({ ...options, prefix: 'silent' })
      await node.begin()
      await eventually(() => silent.open).toBe(0)
    },
    30_000,
  )

  it('is named where there is no other', async () => {
    const { host, port } = await startSilentPort()
    const { lost } = beginBroker({ sentinels: [{ host, port }], name: watched.name, prefix: 'silent' })
    expect(await lost()).toBe(`${host}:${port} did not answer in time`)
  })
})
