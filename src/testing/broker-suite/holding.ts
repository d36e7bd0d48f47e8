import assert from 'node:assert/strict'
import type { BrokerStatements } from '../broker-suite.ts'
import { idsOf, member, placeOf } from './node.ts'
import { oddNames } from './odd-names.ts'

const news = placeOf('news')
const room = placeOf('presence-room')

/** What the nodes have in a place, and what that makes. */
export const holdingStatements: BrokerStatements = {
  'counts what all nodes have, however often each says it': async (open) => {
    const [one, other] = [await open(), await open()]
    for (const node of [one, other]) await node.begin()
    assert.equal((await one.hold(news, { subscriptions: 3 })).subscriptions, 3)
    assert.equal((await other.hold(news, { subscriptions: 2 })).subscriptions, 5)
    assert.equal((await one.hold(news, { subscriptions: 3 })).subscriptions, 5)
    assert.equal((await one.hold(news, { subscriptions: 1 })).subscriptions, 3)
    assert.equal((await other.broker.ledger.state(news)).subscriptions, 3)
    assert.equal((await other.leave(news)).subscriptions, 1)
    assert.equal((await one.leave(news)).subscriptions, 0)
  },

  'says of the first subscription, on any node, that it occupies the place': async (open) => {
    const [one, other] = [await open(), await open()]
    for (const node of [one, other]) await node.begin()
    const occupied = [
      (await one.hold(news)).occupied,
      (await one.hold(news)).occupied,
      (await other.hold(news)).occupied,
      (await one.leave(news)).occupied,
      (await one.hold(news)).occupied,
      (await other.leave(news)).occupied,
    ]
    assert.deepEqual(occupied, [true, false, false, false, false, false])
  },

  'says so again of a place that was vacated, when departures are not settled': async (open) => {
    const node = await open()
    await node.begin()
    assert.equal((await node.hold(news, { settled: false })).occupied, true)
    await node.leave(news, { settled: false })
    assert.equal((await node.hold(news, { settled: false })).occupied, true)
  },

  'knows nothing of a place where nobody is, or is any longer': async (open) => {
    const node = await open()
    await node.begin()
    const nothing = { version: 0, subscriptions: 0, members: [] }
    assert.deepEqual(await node.broker.ledger.state(room), nothing)
    await node.hold(room, { add: [member('7')] })
    await node.leave(room, { remove: ['7'] })
    assert.deepEqual(await node.broker.ledger.state(room), nothing)
    const held = await node.leave(room)
    assert.deepEqual([held.subscriptions, held.added, held.removed, held.occupied], [0, [], [], false])
  },

  'adds a user with the first node that has it, and removes it with the last': async (open) => {
    const [one, other] = [await open(), await open()]
    for (const node of [one, other]) await node.begin()
    assert.deepEqual((await one.hold(room, { add: [member('7')] })).added, ['7'])
    assert.deepEqual((await one.hold(room, { add: [member('7')] })).added, [])
    assert.deepEqual((await other.hold(room, { add: [member('7')] })).added, [])
    assert.deepEqual((await one.hold(room, { remove: ['7'] })).removed, [])
    assert.deepEqual((await one.hold(room, { remove: ['7'] })).removed, [])
    assert.deepEqual(idsOf((await one.broker.ledger.state(room)).members), ['7'])
    assert.deepEqual((await other.hold(room, { remove: ['7'] })).removed, ['7'])
    assert.deepEqual((await other.hold(room, { remove: ['7'] })).removed, [])
    assert.deepEqual((await one.broker.ledger.state(room)).members, [])
  },

  'removes nobody in the name of a node that does not have them': async (open) => {
    const [one, other] = [await open(), await open()]
    for (const node of [one, other]) await node.begin()
    await one.hold(room, { add: [member('7')] })
    assert.deepEqual((await other.hold(room, { remove: ['7', 'nobody'] })).removed, [])
    assert.deepEqual(idsOf((await one.broker.ledger.state(room)).members), ['7'])
  },

  'keeps the info that a user came with, until it has left': async (open) => {
    const [one, other] = [await open(), await open()]
    for (const node of [one, other]) await node.begin()
    await one.hold(room, { add: [member('7', '"first"')] })
    const held = await other.hold(room, { add: [member('7', '"second"')] })
    assert.deepEqual(held.members, [member('7', '"first"')])
    await one.leave(room, { remove: ['7'] })
    assert.deepEqual((await one.broker.ledger.state(room)).members, [member('7', '"first"')])
    await other.leave(room, { remove: ['7'] })
    const back = await other.hold(room, { add: [member('7', '"third"')] })
    assert.deepEqual(back.members, [member('7', '"third"')])
  },

  'lists members in the order in which they came': async (open) => {
    const [one, other] = [await open(), await open()]
    for (const node of [one, other]) await node.begin()
    await one.hold(room, { add: [member('b'), member('a')] })
    await other.hold(room, { add: [member('10'), member('b'), member('9')] })
    const { members } = await one.hold(room, { remove: ['b'], add: [member('c')] })
    assert.deepEqual(idsOf(members), ['b', 'a', '10', '9', 'c'])
    await other.hold(room, { remove: ['b'] })
    await one.hold(room, { add: [member('b')] })
    const state = await other.broker.ledger.state(room)
    assert.deepEqual(idsOf(state.members), ['a', '10', '9', 'c', 'b'])
  },

  'leaves the members out for a node that knows the version before': async (open) => {
    const [one, other] = [await open(), await open()]
    for (const node of [one, other]) await node.begin()
    const first = await one.hold(room, { add: [member('a')] }, 0)
    assert.deepEqual([first.previous, first.members], [0, undefined])
    const second = await one.hold(room, { add: [member('b')] }, first.version)
    assert.deepEqual([second.previous, second.members], [first.version, undefined])
    const third = await other.hold(room, { add: [member('c')] }, first.version)
    assert.deepEqual([third.previous, idsOf(third.members)], [second.version, ['a', 'b', 'c']])
    assert.deepEqual(idsOf((await one.hold(room, {}, 0)).members), ['a', 'b', 'c'])
  },

  'changes nothing when the same is said twice': async (open) => {
    const node = await open()
    await node.begin()
    const holding = { subscriptions: 2, add: [member('a'), member('b')] }
    const { version } = await node.hold(room, holding)
    const again = await node.hold(room, holding, version)
    assert.deepEqual(again, {
      ...{ version, previous: version, subscriptions: 2, members: undefined },
      ...{ added: [], removed: [], refused: [], back: [], occupied: false },
    })
  },

  'takes any text for the name of an app, a channel or a user': async (open) => {
    const [one, other] = [await open(), await open()]
    for (const node of [one, other]) await node.begin()
    const info = '{"näme":"O\'Neil \\"😀\\" \\u0000\\n"}'
    for (const name of oddNames) {
      await one.hold(placeOf(name, name), { add: [member(name, info), member('x', 'null')] })
      const { members } = await other.hold(placeOf(name, name), { add: [member(name, '1')] })
      assert.deepEqual(members, [member(name, info), member('x', 'null')])
      const occupied = await other.broker.ledger.occupied(name, name)
      assert.deepEqual([...occupied], [[name, { subscriptions: 2, users: 2 }]])
    }
  },

  'keeps apps apart, and installations': async (open) => {
    const [node, stranger] = [await open(), await open('other')]
    await node.begin()
    assert.deepEqual(await stranger.begin(), { expired: [], alive: 1 })
    await node.hold(room, { add: [member('7')] })
    const elsewhere = await node.hold(placeOf(room.channel, 'other'), { add: [member('7')] })
    assert.deepEqual([elsewhere.occupied, elsewhere.added, elsewhere.subscriptions], [true, ['7'], 1])
    const abroad = await stranger.hold(room, { add: [member('7')] })
    assert.deepEqual([abroad.occupied, abroad.added, abroad.subscriptions], [true, ['7'], 1])
    await stranger.leave(room, { remove: ['7'] })
    assert.deepEqual(idsOf((await node.broker.ledger.state(room)).members), ['7'])
  },

  'takes a thousand users at once': async (open) => {
    const node = await open()
    await node.begin()
    const ids = Array.from({ length: 1000 }, (_, index) => `user ${index}`)
    const { added, members } = await node.hold(room, { add: ids.map((id) => member(id)) })
    assert.deepEqual(added, ids)
    assert.deepEqual(idsOf(members), ids)
    assert.deepEqual((await node.leave(room, { remove: ids })).removed.toSorted(), ids.toSorted())
  },

  'finds occupied channels by the beginning of their names': async (open) => {
    const [one, other] = [await open(), await open()]
    for (const node of [one, other]) await node.begin()
    await one.hold(news, { subscriptions: 2 })
    await other.hold(news)
    await one.hold(room, { add: [member('a'), member('b')] })
    await one.hold(placeOf('presence-*'))
    await one.hold(placeOf('elsewhere', 'other'))
    await one.hold(placeOf('left'))
    await one.leave(placeOf('left'))
    const { ledger } = other.broker
    const byName = async (prefix: string) =>
      Object.fromEntries([...(await ledger.occupied('app', prefix))].toSorted())
    assert.deepEqual(await byName(''), {
      news: { subscriptions: 3, users: 0 },
      'presence-*': { subscriptions: 1, users: 0 },
      'presence-room': { subscriptions: 1, users: 2 },
    })
    assert.deepEqual(Object.keys(await byName('presence-')), ['presence-*', 'presence-room'])
    assert.deepEqual(Object.keys(await byName('presence-*')), ['presence-*'])
    assert.deepEqual(await byName('nothing'), {})
  },

  'counts right when nodes speak at the same time': async (open) => {
    const nodes = [await open(), await open(), await open()]
    for (const node of nodes) await node.begin()
    const places = Array.from({ length: 20 }, (_, index) => placeOf(`channel-${index}`))
    const all = await Promise.all(
      places.flatMap((place) =>
        nodes.map((node) => node.hold(place, { subscriptions: 2, add: [member('7')] })),
      ),
    )
    assert.equal(all.filter(({ occupied }) => occupied).length, places.length)
    assert.equal(all.filter(({ added }) => added.length > 0).length, places.length)
    const occupied = await nodes[0]?.broker.ledger.occupied('app', '')
    assert.deepEqual(
      [...(occupied?.values() ?? [])],
      places.map(() => ({ subscriptions: 6, users: 1 })),
    )
  },
}
