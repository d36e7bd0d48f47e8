import assert from 'node:assert/strict'
import type { BrokerStatements } from '../broker-suite.ts'
import { type BrokerNode, eventually, idsOf, member, placeOf } from './node.ts'

const news = placeOf('news')
const room = placeOf('presence-room')

/** What becomes of what an expired node had. */
export const reapingStatements: BrokerStatements = {
  'takes away what an expired node had, and tells it like any other change': async (open) => {
    const [witness, late] = [await open(), await open()]
    await witness.begin()
    await late.begin()
    await late.hold(news, { subscriptions: 3 })
    await late.hold(room, { add: [member('7'), member('8')] })
    await late.connect('app', 5, 0)
    await late.sign('app', '7', true)
    await witness.hold(room, { add: [member('8')] })
    const { ledger } = witness.broker
    await ledger.watch([news, room])
    await late.dies()
    await witness.seesExpired(late)
    await witness.reap(late)
    assert.equal((await witness.notice(news)).subscriptions, 0)
    const { subscriptions, removed } = await witness.notice(room)
    assert.deepEqual([subscriptions, removed], [1, ['7']])
    assert.deepEqual(idsOf((await ledger.state(room)).members), ['8'])
    assert.equal(await ledger.connections('app'), 0)
    const { departures, offline } = await settled(witness, 2)
    assert.deepEqual(departures, [
      { ...news, userId: undefined },
      { ...room, userId: '7' },
    ])
    assert.deepEqual(offline, [{ appId: 'app', userId: '7' }])
    assert.deepEqual(await ledger.online('app', ['7']), new Set())
  },

  'takes it away once when two take it away at the same time': async (open) => {
    const [one, other, late] = [await open(), await open(), await open()]
    const places = Array.from({ length: 30 }, (_, index) => placeOf(`channel-${index}`))
    for (const node of [one, other]) await node.begin()
    await late.begin()
    await Promise.all(places.map((place) => late.hold(place, { add: [member('7')] })))
    await one.broker.ledger.watch(places)
    await late.dies()
    await one.seesExpired(late)
    await Promise.all([one.reap(late), other.reap(late)])
    for (const place of places) assert.deepEqual((await one.notice(place)).removed, ['7'])
    const { departures } = await settled(one, places.length * 2)
    assert.equal(new Set(departures.map((departure) => JSON.stringify(departure))).size, places.length * 2)
    await Promise.all(places.map((place) => other.hold(place, { add: [member('8')] })))
    for (const place of places) assert.deepEqual(idsOf((await one.notice(place)).added), ['8'])
  },

  'takes nothing from a node that is alive': async (open) => {
    const [one, other] = [await open(), await open()]
    for (const node of [one, other]) await node.begin()
    await other.hold(room, { add: [member('7')] })
    await one.broker.ledger.reap(other.id)
    assert.equal((await other.hold(room, { subscriptions: 2 })).subscriptions, 2)
    assert.deepEqual(idsOf((await one.broker.ledger.state(room)).members), ['7'])
  },

  'has nothing to take from a node that nobody knows': async (open) => {
    const node = await open()
    assert.equal(await node.broker.ledger.reap('nobody.1'), true)
  },

  'takes away more than one step can, in the end': async (open) => {
    const [witness, late] = [await open(), await open()]
    await witness.begin()
    await late.begin()
    const places = Array.from({ length: 1200 }, (_, index) => placeOf(`channel-${index}`))
    await Promise.all(places.map((place) => late.hold(place)))
    await late.dies()
    await witness.seesExpired(late)
    await witness.reap(late)
    assert.equal((await witness.broker.ledger.occupied('app', '')).size, 0)
    assert.deepEqual((await witness.renew()).expired, [])
  },

  'leaves what was said under the next id alone': async (open) => {
    const [witness, late] = [await open(), await open()]
    await witness.begin()
    await late.begin()
    await late.hold(room, { add: [member('7')] })
    await late.dies()
    await witness.seesExpired(late)
    const { ledger } = late.broker
    await ledger.renew('node2.2', 60_000, true)
    const next = {
      ...{ subscriptions: 1, add: [member('7')], remove: [], limit: 0 },
      ...{ counted: true, settled: true, keep: 0 },
    }
    const held = await ledger.hold('node2.2', room, next, 0)
    assert(held !== 'stale')
    assert.deepEqual([held.added, held.subscriptions], [[], 2])
    await witness.broker.ledger.watch([room])
    await witness.reap(late)
    assert.deepEqual((await witness.notice(room)).removed, [])
    const { subscriptions, members } = await ledger.state(room)
    assert.deepEqual([subscriptions, idsOf(members)], [1, ['7']])
  },
}

/** Settles until so many departures have come, in the order of their places. */
async function settled(node: BrokerNode, count: number) {
  const departures: unknown[] = []
  const offline: unknown[] = []
  await eventually(async () => {
    const found = await node.settle()
    departures.push(...found.departures)
    offline.push(...found.offline)
    return departures.length >= count
  })
  return {
    departures: departures.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
    offline,
  }
}
