import assert from 'node:assert/strict'
import type { Departure } from '../../server/cluster/broker.ts'
import type { BrokerStatements } from '../broker-suite.ts'
import { type BrokerNode, eventually, idsOf, member, placeOf } from './node.ts'

const room = placeOf('presence-room')
const seven = member('7', '"first"')
const long = 60_000

/** Users of a node that drains: nobody's for a while, and members all the same. */
export const keepingStatements: BrokerStatements = {
  'keeps users who are nobody’s as members for a while': async (open) => {
    const node = await open()
    await node.begin()
    await node.hold(room, { add: [seven], limit: 1 })
    const { removed, members } = await node.leave(room, { remove: ['7'], keep: long })
    assert.deepEqual([removed, members], [[], [seven]])
    assert.deepEqual((await node.broker.ledger.state(room)).members, [seven])
    assert.deepEqual((await node.settle()).departures, [])
    assert.deepEqual((await node.hold(room, { add: [member('8')], limit: 1 })).refused, ['8'])
  },

  'lets another node take them over without a word': async (open) => {
    const [drains, other] = [await open(), await open()]
    for (const node of [drains, other]) await node.begin()
    await drains.hold(room, { add: [seven] })
    await other.broker.ledger.watch([room])
    await drains.leave(room, { remove: ['7'], keep: 300 })
    const held = await other.hold(room, { add: [member('7', '"second"')] })
    assert.deepEqual([held.added, held.back, held.occupied, held.members], [[], [], false, [seven]])
    await drains.broker.ledger.forget(drains.id)
    const until = performance.now() + 500
    await eventually(async () => {
      assert.deepEqual((await other.settle()).departures, [])
      return performance.now() > until
    })
    const { subscriptions, removed } = await other.leave(room, { remove: ['7'] })
    assert.deepEqual([subscriptions, removed], [0, ['7']])
    const told = [await other.notice(room), await other.notice(room), await other.notice(room)]
    assert.deepEqual(
      told.map((notice) => [notice.subscriptions, idsOf(notice.added), notice.removed]),
      [
        [0, [], []],
        [1, [], []],
        [0, [], ['7']],
      ],
    )
  },

  'ends their time when it is over: they are removed, told and handed out': async (open) => {
    const [drains, other] = [await open(), await open()]
    for (const node of [drains, other]) await node.begin()
    await drains.hold(room, { add: [seven], counted: false })
    await other.broker.ledger.watch([room])
    await drains.leave(room, { remove: ['7'], keep: 300, counted: false })
    await drains.broker.ledger.forget(drains.id)
    const departures = await departuresOf(other, 2)
    assert.deepEqual(
      new Set(departures),
      new Set([
        { ...room, userId: '7' },
        { ...room, userId: undefined },
      ]),
    )
    assert.deepEqual((await other.notice(room)).removed, ['7'])
    assert.deepEqual(await other.broker.ledger.state(room), { version: 0, subscriptions: 0, members: [] })
  },

  'ends only the time of those who are still nobody’s': async (open) => {
    const [drains, other] = [await open(), await open()]
    for (const node of [drains, other]) await node.begin()
    await drains.hold(room, { add: [seven, member('8')] })
    await drains.leave(room, { remove: ['7', '8'], keep: 300 })
    await other.hold(room, { add: [seven] })
    assert.deepEqual(await departuresOf(other, 1), [{ ...room, userId: '8' }])
    assert.deepEqual((await other.broker.ledger.state(room)).members, [seven])
  },

  'keeps nobody whom another node has': async (open) => {
    const [drains, other] = [await open(), await open()]
    for (const node of [drains, other]) await node.begin()
    for (const node of [drains, other]) await node.hold(room, { add: [seven] })
    await drains.leave(room, { remove: ['7'], keep: long })
    assert.deepEqual((await other.leave(room, { remove: ['7'] })).removed, ['7'])
    assert.deepEqual((await other.broker.ledger.state(room)).members, [])
  },
}

/** Settles until so many departures have come. */
async function departuresOf(node: BrokerNode, count: number): Promise<Departure[]> {
  const found: Departure[] = []
  await eventually(async () => {
    found.push(...(await node.settle()).departures)
    return found.length >= count
  })
  return found
}
