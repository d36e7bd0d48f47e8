import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBroker } from '../support/broker.ts'
import { eventually } from '../support/eventually.ts'
import { type Redis, startRedis } from '../support/redis.ts'
import { clientOf, libraries } from '../support/redis-client.ts'

let redis: Redis

beforeAll(async () => {
  redis = await startRedis()
})

afterAll(() => redis.kill())

const place = { appId: 'app', channel: 'presence-room' }
// More than a script can take or give at once; it must be done with them before Redis calls itself busy, after five seconds.
const count = 30_000

describe.each(libraries)('The ledger in Redis, by the package %s', (library) => {
  it('has room for very many users of one node in one place, and is rid of them when the node is gone', async () => {
    const prefix = `${library}-large`
    const { node } = await openBroker({ ...clientOf(library, redis.url), prefix })
    const survivor = await openBroker({ ...clientOf(library, redis.url), prefix })
    const add = Array.from({ length: count }, (_, at) => ({
      id: `user-${at}`,
      info: `{"name":"user ${at}"}`,
    }))
    await node.begin()
    const { added, members } = await node.hold(place, { subscriptions: count, add })
    expect([added.length, members?.length]).toEqual([count, count])
    expect(members?.at(-1)).toEqual(add.at(-1))

    const { ledger } = survivor.broker
    await ledger.renew('node.2', 60_000, true)
    await node.dies()
    let parts = 0
    const subscriptionsLeft = async () => {
      while (!(await ledger.reap(node.id))) parts++
      return (await ledger.state(place)).subscriptions
    }
    await eventually(subscriptionsLeft).toBe(0)
    // Nobody else has to wait for all of them.
    expect(parts).toBeGreaterThan(15)
    expect((await ledger.state(place)).members).toHaveLength(0)
    const settled = await ledger.settle('node.2', 0)
    expect(settled).toMatchObject({ offline: [] })
    // Each of them, and the place.
    expect(settled === 'stale' ? 0 : new Set(settled.departures.map(({ userId }) => userId)).size).toBe(
      count + 1,
    )
  }, 60_000)

  it('keeps very many users of a node that leaves, until their time is over', async () => {
    const prefix = `${library}-kept`
    const { broker, node } = await openBroker({ ...clientOf(library, redis.url), prefix })
    const ids = Array.from({ length: 5_000 }, (_, at) => `user-${at}`)
    await node.begin()
    await node.hold(place, { add: ids.map((id) => ({ id, info: '{}' })) })
    const { subscriptions, removed } = await node.leave(place, { remove: ids, keep: 1 })
    expect([subscriptions, removed]).toEqual([0, []])
    expect((await node.settle()).departures).toHaveLength(ids.length + 1)
    expect((await broker.ledger.state(place)).members).toEqual([])
  }, 30_000)
})
