import { Cluster } from 'ioredis'
import { createCluster } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RedisAddress, redisBroker } from '../../src/server/adapters/redis/index.ts'
import { connectByNodeRedis } from '../../src/server/adapters/redis/node-redis.ts'
import { RedisLink } from '../../src/server/adapters/redis/redis-link.ts'
import { brokerSuite } from '../../src/testing/broker-suite.ts'
import { openBroker } from '../support/broker.ts'
import { eventually } from '../support/eventually.ts'
import { type Redis, startRedisCluster } from '../support/redis.ts'
import { startSilentPort } from '../support/silent-port.ts'

let processes: readonly Redis[]
let nodeRedis: ReturnType<typeof createCluster>
let ioRedis: Cluster

beforeAll(async () => {
  processes = await startRedisCluster()
  nodeRedis = createCluster({ rootNodes: processes.map(({ url }) => ({ url })) })
  nodeRedis.on('error', () => {})
  await nodeRedis.connect()
  ioRedis = new Cluster(processes.map(({ port }) => ({ host: '127.0.0.1', port })))
  ioRedis.on('error', () => {})
}, 60_000)

afterAll(async () => {
  nodeRedis?.destroy()
  ioRedis?.disconnect()
  await Promise.all(processes.map((redis) => redis.kill()))
})

/** What a broker is given when it is not given a client. */
const urls = () => processes.map(({ url }) => url)

/** Those that take writes now. */
async function mastersOf(processes: readonly Redis[]): Promise<readonly [Redis, ...Redis[]]> {
  const roles = await Promise.all(processes.map((redis) => redis.cli('role')))
  const [first, ...others] = processes.filter((_, at) => roles[at]?.startsWith('master'))
  if (first === undefined) throw new Error('There is no master')
  return [first, ...others]
}

describe('A redis broker of a Redis Cluster', () => {
  const suite = brokerSuite((prefix) => redisBroker({ cluster: urls(), prefix }))
  for (const { title, run } of suite) it.concurrent(title, run, 60_000)
})

describe('A redis broker of a cluster client of the package ioredis', () => {
  const suite = brokerSuite((prefix) => redisBroker({ client: ioRedis, prefix }))
  for (const { title, run } of suite) it.concurrent(title, run, 60_000)
})

describe('In a Redis Cluster', () => {
  it('the roads are spread over the shards, and only their shard hears of them', async () => {
    const { broker, node } = await openBroker({ cluster: urls(), prefix: 'spread' })
    const roads = Array.from({ length: 300 }, (_, at) => `app:channel-${at}`)
    await broker.roads.subscribe(roads)
    const counts = await Promise.all(
      processes.map(async (redis) => (await redis.cli('pubsub', 'shardchannels', 'spread:*')).split('\n')),
    )
    const shares = counts.map((names) => names.filter((name) => name !== '').length)
    expect(shares.reduce((sum, share) => sum + share, 0)).toBe(300)
    for (const share of shares.filter((share) => share > 0)) expect(share).toBeGreaterThan(50)
    await broker.roads.send('app:channel-7', Buffer.from('hello'))
    expect(await node.text('app:channel-7')).toBe('hello')
  })

  it('a cluster client of the package redis is followed, too', async () => {
    const { broker, node } = await openBroker({ client: nodeRedis, prefix: 'like-node-redis' })
    await node.begin()
    await node.hold({ appId: 'app', channel: 'news' })
    await broker.roads.subscribe(['one', 'other', 'third'])
    await node.send('third', 'hello')
    expect(await node.text('third')).toBe('hello')
  })

  it('the next process is asked when one says nothing', async () => {
    const silent = await startSilentPort()
    const { node } = await openBroker({ cluster: [silent, ...urls()], prefix: 'silent' })
    await node.begin()
    await eventually(() => silent.open).toBe(0)
  })

  it('a master that says nothing is named while it is waited for', async () => {
    const silent = await startSilentPort()
    const address = { host: silent.host, port: silent.port }
    const [{ port }] = await mastersOf(processes)
    const topology = {
      kind: 'cluster' as const,
      seeds: processes.map(({ port }) => ({ host: '127.0.0.1', port })),
      mapped: (said: RedisAddress) => (said.port === port ? address : undefined),
    }
    const connect = await connectByNodeRedis({ tls: false })
    const link = new RedisLink({ topology, connect }, 1, { message() {}, ended() {} })
    const opening = link.open()
    await eventually(() => link.silent).toBe(`127.0.0.1:${silent.port}`)
    link.destroy()
    await expect(opening).rejects.toThrow('The connection was closed')
    await eventually(() => silent.open).toBe(0)
  })

  // The last test: one process is dead after it.
  it('the broker finds the shard again after its master has died', async () => {
    const { broker, node, lost } = await openBroker({ cluster: urls(), prefix: 'dying' })
    const [master] = await mastersOf(processes)
    // So that a replica takes over soon.
    for (const redis of processes) await redis.cli('config', 'set', 'cluster-node-timeout', '2000')
    await master.kill()
    expect(await lost()).not.toBe('')
    await node.connected()
    await node.begin()
    const roads = Array.from({ length: 100 }, (_, at) => `app:channel-${at}`)
    await broker.roads.subscribe(roads)
    for (const road of roads) {
      await broker.roads.send(road, Buffer.from(road))
      expect(await node.text(road)).toBe(road)
    }
  }, 30_000)
})
