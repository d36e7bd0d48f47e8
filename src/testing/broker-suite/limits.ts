import assert from 'node:assert/strict'
import type { BrokerStatements } from '../broker-suite.ts'
import { idsOf, member, placeOf } from './node.ts'

const room = placeOf('presence-room')

/** How many users find room in a place. */
export const limitStatements: BrokerStatements = {
  'refuses a new user who finds the place full, and nobody else': async (open) => {
    const [one, other] = [await open(), await open()]
    for (const node of [one, other]) await node.begin()
    await one.hold(room, { add: [member('a')], limit: 2 })
    const full = await other.hold(room, { add: [member('b'), member('c'), member('a')], limit: 2 })
    assert.deepEqual([full.added, full.refused, idsOf(full.members)], [['b'], ['c'], ['a', 'b']])
    const again = await other.hold(room, { remove: ['c'], add: [member('b')], limit: 2 })
    assert.deepEqual([again.added, again.removed, again.refused], [[], [], []])
  },

  'lets somebody in when somebody has left': async (open) => {
    const node = await open()
    await node.begin()
    await node.hold(room, { add: [member('a'), member('b')], limit: 2 })
    await node.hold(room, { remove: ['a'], limit: 2 })
    assert.deepEqual((await node.hold(room, { add: [member('c')], limit: 2 })).added, ['c'])
  },

  'lets those leave who leave before those come who come': async (open) => {
    const node = await open()
    await node.begin()
    await node.hold(room, { add: [member('a')], limit: 1 })
    const { added, removed } = await node.hold(room, { add: [member('b')], remove: ['a'], limit: 1 })
    assert.deepEqual([added, removed], [['b'], ['a']])
  },

  'removes nobody when the limit has become smaller': async (open) => {
    const node = await open()
    await node.begin()
    await node.hold(room, { add: [member('a'), member('b')], limit: 0 })
    const held = await node.hold(room, { add: [member('b'), member('c')], limit: 1 })
    assert.deepEqual([held.refused, idsOf(held.members)], [['c'], ['a', 'b']])
  },

  'is not exceeded by nodes that speak at the same time': async (open) => {
    const nodes = [await open(), await open()]
    for (const node of nodes) await node.begin()
    const ids = Array.from({ length: 30 }, (_, index) => String(index))
    const said = nodes.flatMap((node, which) =>
      ids.map((id) => node.hold(room, { add: [member(`${which}-${id}`)], limit: 25 })),
    )
    const all = await Promise.all(said)
    const added = all.flatMap((held) => held.added)
    assert.equal(added.length, 25)
    assert.equal(all.flatMap(({ refused }) => refused).length, 35)
    const { members } = (await nodes[0]?.broker.ledger.state(room)) ?? {}
    assert.deepEqual(idsOf(members)?.toSorted(), added.toSorted())
  },
}
