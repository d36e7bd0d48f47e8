import assert from 'node:assert/strict'
import type { Departure } from '../../server/cluster/broker.ts'
import type { BrokerStatements } from '../broker-suite.ts'
import { type BrokerNode, eventually, member, placeOf } from './node.ts'

const room = placeOf('presence-room')
const user: Departure = { ...room, userId: '7' }
const vacated: Departure = { ...room, userId: undefined }

/** Departures that may be taken back for a while. */
export const departureStatements: BrokerStatements = {
  'hands a departure out when it is old enough, once': async (open) => {
    const nodes = [await open(), await open()] as const
    for (const node of nodes) await node.begin()
    await nodes[0].hold(room, { add: [member('7')] })
    await nodes[0].leave(room, { remove: ['7'] })
    assert.deepEqual(await handedOut(nodes[1], 60_000), [])
    const found: Departure[] = []
    await eventually(async () => {
      for (const departures of await Promise.all(nodes.map((node) => handedOut(node, 100)))) {
        found.push(...departures)
      }
      return found.length >= 2
    })
    assert.deepEqual(new Set(found), new Set([user, vacated]))
    assert.deepEqual([found.length, await handedOut(nodes[0])], [2, []])
  },

  'hands out nothing that was taken back': async (open) => {
    const [one, other] = [await open(), await open()]
    for (const node of [one, other]) await node.begin()
    await one.hold(room, { add: [member('7')] })
    await one.leave(room, { remove: ['7'] })
    const { added, back, occupied } = await other.hold(room, { add: [member('7'), member('8')] })
    assert.deepEqual([added, back, occupied], [['7', '8'], ['7'], false])
    assert.deepEqual(await handedOut(one), [])
  },

  'has nobody depart who leaves and comes back with another info at once': async (open) => {
    const [one, other] = [await open(), await open()]
    for (const node of [one, other]) await node.begin()
    await other.broker.ledger.watch([room])
    await one.hold(room, { add: [member('7')] })
    await other.notice(room)
    const anew = { id: '7', info: '{"anew":true}' }
    const { added, removed, back } = await one.hold(room, { remove: ['7'], add: [anew] })
    assert.deepEqual([added, removed, back], [['7'], ['7'], ['7']])
    const notice = await other.notice(room)
    assert.deepEqual([notice.added, notice.removed], [[anew], ['7']])
    assert.deepEqual((await other.broker.ledger.state(room)).members, [anew])
    assert.deepEqual(await handedOut(one), [])
  },

  'takes back each by itself': async (open) => {
    const node = await open()
    await node.begin()
    await node.hold(room, { add: [member('7')] })
    await node.leave(room, { remove: ['7'] })
    const { back, occupied } = await node.hold(room, { add: [member('8')] })
    assert.deepEqual([back, occupied], [[], false])
    assert.deepEqual(await handedOut(node), [user])
  },

  'takes nothing back that was handed out': async (open) => {
    const node = await open()
    await node.begin()
    for (let times = 0; times < 2; times++) {
      const { added, back, occupied } = await node.hold(room, { add: [member('7')] })
      assert.deepEqual([added, back, occupied], [['7'], [], true])
      await node.leave(room, { remove: ['7'] })
      assert.deepEqual(new Set(await handedOut(node)), new Set([user, vacated]))
    }
  },

  'has the user depart whom all have left, not the place where others are': async (open) => {
    const [one, other] = [await open(), await open()]
    for (const node of [one, other]) await node.begin()
    for (const node of [one, other]) await node.hold(room, { add: [member('7')] })
    await one.leave(room, { remove: ['7'] })
    assert.deepEqual(await handedOut(one), [])
    await other.hold(room, { remove: ['7'] })
    assert.deepEqual(await handedOut(one), [user])
    await other.leave(room)
    assert.deepEqual(await handedOut(one), [vacated])
  },

  'has nothing depart when that is not wanted': async (open) => {
    const node = await open()
    await node.begin()
    await node.hold(room, { add: [member('7')], settled: false })
    await node.leave(room, { remove: ['7'], settled: false })
    assert.deepEqual(await handedOut(node), [])
    assert.deepEqual((await node.hold(room, { add: [member('7')] })).back, [])
  },

  'keeps the departures of installations apart': async (open) => {
    const [node, stranger] = [await open(), await open('other')]
    for (const each of [node, stranger]) await each.begin()
    await node.hold(room, { add: [member('7')] })
    await node.leave(room, { remove: ['7'] })
    assert.deepEqual(await handedOut(stranger), [])
    assert.deepEqual((await stranger.hold(room, { add: [member('7')] })).back, [])
  },
}

/** What is handed out to the node now. */
async function handedOut(node: BrokerNode, grace?: number): Promise<readonly Departure[]> {
  return (await node.settle(grace)).departures
}
