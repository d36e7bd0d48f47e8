import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Holding } from '../../src/server/cluster/broker.ts'
import { openBroker } from '../support/broker.ts'
import { type Redis, startRedis } from '../support/redis.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

let redis: Redis

beforeAll(async () => {
  redis = await startRedis()
})

afterAll(() => redis.kill())

const place = { appId: 'app', channel: 'presence-room' }
const ada = { id: 'ada', info: '{}' }

/** A node that has lost its connection; what it asks of it arrives long after it has come back. */
async function openDetained(prefix: string) {
  const proxy = await startTcpProxy(redis.port)
  const opened = await openBroker({ url: `redis://127.0.0.1:${proxy.port}`, prefix })
  const { broker, node } = opened
  return {
    ...opened,
    /** Asks, loses the connection, and is back; then what it has asked arrives. */
    async asksTooLate(...asked: (() => Promise<unknown>)[]) {
      const detained = proxy.detain()
      const answers = Promise.allSettled(asked.map((ask) => ask()))
      await detained.caught
      broker.reset()
      expect((await answers).map(({ status }) => status)).toEqual(asked.map(() => 'rejected'))
      await node.connected()
      await node.renew()
      await detained.release()
    },
  }
}

describe('What a node asked of a connection that it has lost', () => {
  it.each<readonly [string, Partial<Holding>, Partial<Holding>, readonly string[]]>([
    ['adds nobody', {}, { add: [ada] }, []],
    ['removes nobody', { add: [ada] }, { subscriptions: 0, remove: ['ada'] }, ['ada']],
  ])('%s when the node is back', async (title, before, late, expected) => {
    const { broker, node, asksTooLate } = await openDetained(`late ${title}`)
    await node.begin()
    await node.hold(place, before)
    await asksTooLate(() => node.hold(place, late))
    const { subscriptions, members } = await broker.ledger.state(place)
    expect({ subscriptions, members: members.map(({ id }) => id) }).toEqual({
      subscriptions: 1,
      members: expected,
    })
  })

  it('is handed no departures', async () => {
    const { node, asksTooLate } = await openDetained('late departures')
    await node.begin()
    await node.hold(place, { add: [ada] })
    await node.hold(place, { remove: ['ada'] })
    await asksTooLate(() => node.settle())
    expect((await node.settle()).departures).toEqual([{ ...place, userId: 'ada' }])
  })

  it('signs nobody in or out, and counts no connections', async () => {
    const { broker, node, asksTooLate } = await openDetained('late others')
    await node.begin()
    await node.sign('app', 'grace', true)
    await asksTooLate(
      () => node.sign('app', 'ada', true),
      () => node.sign('app', 'grace', false),
      () => node.connect('app', 5, 0),
    )
    expect(await broker.ledger.online('app', ['ada', 'grace'])).toEqual(new Set(['grace']))
    expect(await broker.ledger.connections('app')).toBe(0)
  })
})
