import { Redis as IoRedis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RedisOptions, redisBroker } from '../../src/server/adapters/redis/index.ts'
import { type Ledger, stale } from '../../src/server/cluster/broker.ts'
import { brokerSuite } from '../../src/testing/broker-suite.ts'
import { beginBroker, openBroker } from '../support/broker.ts'
import { freePort } from '../support/free-port.ts'
import { type Redis, startRedis } from '../support/redis.ts'

let redis: Redis

beforeAll(async () => {
  redis = await startRedis()
})

afterAll(() => redis.kill())

describe('A redis broker of a URL', () => {
  const suite = brokerSuite((prefix) => redisBroker({ url: redis.url, prefix }))
  for (const { title, run } of suite) it.concurrent(title, run, 30_000)
})

describe('A redis broker of a client of the package ioredis', () => {
  const client = () => new IoRedis(redis.port, '127.0.0.1', { lazyConnect: true })
  const suite = brokerSuite((prefix) => redisBroker({ client: client(), prefix }))
  for (const { title, run } of suite) it.concurrent(title, run, 30_000)
})

const place = { appId: 'app', channel: 'presence-room' }

function memoryOf(renewed: Awaited<ReturnType<Ledger['renew']>>): string | undefined {
  return renewed === stale ? undefined : renewed.memory
}

/** By each of the two libraries. */
const ways: Readonly<Record<string, () => RedisOptions>> = {
  redis: () => ({ client: createClient({ url: redis.url }) }),
  ioredis: () => ({ client: new IoRedis(redis.port, '127.0.0.1', { lazyConnect: true }) }),
}

describe.each(Object.keys(ways))('A redis broker by %s', (way) => {
  const open = (prefix: string) => openBroker({ ...ways[way]?.(), prefix })

  it('is connected again with a Redis that was restarted empty', async () => {
    const { broker, node, lost } = await open(`${way}-restarted`)
    await node.begin()
    const known = await broker.ledger.renew('node.1', 60_000, false)
    expect(await broker.ledger.renew('node.1', 60_000, false)).toEqual(known)
    const before = await node.hold(place, { add: [{ id: '7', info: '{}' }] })
    await redis.kill()
    expect(await lost()).not.toBe('')
    await expect(broker.ledger.state(place)).rejects.toThrow('not connected')
    await redis.start()
    await node.connected()
    expect(await broker.ledger.renew('node.1', 1000, false)).toBe('stale')
    const unknown = await broker.ledger.renew('node.1', 60_000, true)
    expect(memoryOf(unknown)).not.toBe(memoryOf(known))
    const after = await node.hold(place)
    expect(after).toMatchObject({ previous: 0, subscriptions: 1, members: [] })
    expect(after.version).toBeGreaterThan(before.version)
  })

  it('rejects what it was asked when the connection is lost', async () => {
    const { broker, lost } = await open(`${way}-lost`)
    redis.signal('SIGSTOP')
    const asked = [broker.ledger.state(place), broker.roads.send('road', Buffer.from('hello'))]
    const settled = Promise.allSettled([...asked, broker.roads.subscribe(['road'])])
    await redis.kill()
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(await lost()).not.toBe('')
    await redis.start()
  })

  it('notices a Redis that does not answer', async () => {
    const { node, lost } = await open(`${way}-frozen`)
    redis.signal('SIGSTOP')
    expect(await lost()).toBe('Redis does not answer')
    redis.signal('SIGCONT')
    await node.connected()
  }, 30_000)

  it('loads its scripts again when Redis has forgotten them', async () => {
    const { broker } = await open(`${way}-flushed`)
    await redis.cli('script', 'flush')
    expect(await broker.ledger.state(place)).toEqual({ version: 0, subscriptions: 0, members: [] })
  })

  it('leaves nothing in Redis that stays for ever', async () => {
    const { broker, node } = await open(`${way}-lasting`)
    await node.begin()
    await node.hold(place, { add: [{ id: '7', info: '{}' }] })
    await node.hold(place, { remove: ['7'] })
    await node.hold(place, { add: [{ id: '8', info: '{}' }] })
    await node.hold(place, { remove: ['8'], keep: 60_000 })
    await node.connect('app', 1, 0)
    await node.sign('app', '7', true)
    await node.renew()
    await broker.store.keep(place, { event: 'a', data: '1', ttl: 60 }, 'road', Buffer.alloc(8))
    const keys = (await redis.cli('keys', `*${way}-lasting*`)).split('\n')
    expect(keys.length).toBeGreaterThan(8)
    for (const key of keys) {
      const least = key.includes(':event:') ? 1 : 24 * 3600
      expect(Number(await redis.cli('ttl', key)), key).toBeGreaterThanOrEqual(least)
    }
  })

  it('looks after what nobody changes, a part with each renewal', async () => {
    const { node } = await open(`${way}-quiet`)
    await node.begin()
    await node.hold(place, { add: [{ id: '7', info: '{}' }] })
    const key = `{${way}-quiet}:place:app:presence-room`
    await redis.cli('expire', key, '60')
    await node.renew()
    expect(Number(await redis.cli('ttl', key))).toBeGreaterThan(24 * 3600)
  })
})

describe('A redis broker', () => {
  it('says once that there is no Redis, and connects when there is one', async () => {
    const late = await startRedis()
    await late.kill()
    const { broker, node, lost } = beginBroker({ url: late.url, prefix: 'late' })
    expect(await lost()).toContain('ECONNREFUSED')
    await expect(broker.roads.send('road', Buffer.from('hello'))).rejects.toThrow('not connected')
    await late.start()
    await node.connected()
    await node.begin()
    await late.kill()
  })

  it('says that a password is wrong, and takes the right one', async () => {
    const guarded = await startRedis('--requirepass', 'p@ss:w/rd')
    const { port } = guarded
    const wrong = beginBroker({ url: `redis://:wrong@127.0.0.1:${port}`, prefix: 'guarded' })
    expect(await wrong.lost()).toContain('WRONGPASS')
    const right = await openBroker({ url: `redis://:p%40ss%3Aw%2Frd@127.0.0.1:${port}/3`, prefix: 'guarded' })
    expect(right.broker.address).toBe(`redis://127.0.0.1:${port}/3`)
    await right.node.begin()
    await guarded.kill()
  })

  it('ends its attempts when it is closed', async () => {
    const { broker, lost } = beginBroker({ url: `redis://127.0.0.1:${await freePort()}`, prefix: 'closed' })
    await broker.close()
    broker.reset()
    await expect(Promise.race([lost(), new Promise((resolve) => setTimeout(resolve, 300))])).resolves.toBe(
      undefined,
    )
  })
})
