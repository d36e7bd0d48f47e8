import assert from 'node:assert/strict'
import type { BrokerStatements } from '../broker-suite.ts'
import { type BrokerNode, eventually } from './node.ts'
import { oddNames } from './odd-names.ts'

/** Connections and signed-in users of the apps. */
export const userStatements: BrokerStatements = {
  'counts the connections of all nodes': async (open) => {
    const [one, other] = [await open(), await open()]
    for (const node of [one, other]) await node.begin()
    assert.equal(await one.connect('app', 3, 0), 3)
    assert.equal(await one.connect('app', 3, 0), 3)
    assert.equal(await other.connect('app', 4, 0), 4)
    assert.equal(await other.connect('other', 9, 0), 9)
    assert.equal(await one.broker.ledger.connections('app'), 7)
    assert.equal(await one.connect('app', 0, 0), 0)
    assert.equal(await other.broker.ledger.connections('app'), 4)
    assert.equal(await other.broker.ledger.connections('unheard of'), 0)
  },

  'has as many connections as there may be, never fewer than before': async (open) => {
    const [one, other] = [await open(), await open()]
    for (const node of [one, other]) await node.begin()
    assert.equal(await one.connect('app', 3, 5), 3)
    assert.equal(await other.connect('app', 4, 5), 2)
    assert.equal(await other.connect('app', 3, 5), 2)
    assert.equal(await one.broker.ledger.connections('app'), 5)
    assert.equal(await one.connect('app', 3, 1), 3)
    assert.equal(await one.connect('app', 2, 1), 2)
    assert.equal(await one.connect('app', 3, 1), 2)
    assert.equal(await one.broker.ledger.connections('app'), 4)
  },

  'has no connection too many when nodes speak at the same time': async (open) => {
    const nodes = [await open(), await open(), await open(), await open()]
    for (const node of nodes) await node.begin()
    const answers = await Promise.all(nodes.map((node) => node.connect('app', 2, 5)))
    assert.deepEqual(answers.toSorted(), [0, 1, 2, 2])
    assert.equal(await nodes[0]?.broker.ledger.connections('app'), 5)
  },

  'says when a user comes online, on any node': async (open) => {
    const [one, other] = [await open(), await open()]
    for (const node of [one, other]) await node.begin()
    const answers = [
      await one.sign('app', '7', true),
      await one.sign('app', '7', true),
      await other.sign('app', '7', true),
      await one.sign('app', '7', false),
      await one.sign('app', '7', true),
      await one.sign('other', '7', true),
    ]
    assert.deepEqual(answers, [true, false, false, false, false, true])
  },

  'has a user go offline when that is settled, once': async (open) => {
    const [one, other] = [await open(), await open()]
    for (const node of [one, other]) await node.begin()
    for (const node of [one, other]) await node.sign('app', '7', true)
    await one.sign('app', '7', false)
    assert.deepEqual(await offlineOf(one), [])
    await other.sign('app', '7', false)
    await other.sign('app', '7', false)
    assert.deepEqual(await offlineOf(one, 60_000), [])
    const { ledger } = one.broker
    assert.deepEqual(await ledger.online('app', ['7']), new Set(['7']))
    const found: unknown[] = []
    await eventually(async () => {
      for (const offline of await Promise.all([one, other].map((node) => offlineOf(node, 100)))) {
        found.push(...offline)
      }
      return found.length > 0
    })
    assert.deepEqual(found, [{ appId: 'app', userId: '7' }])
    assert.deepEqual(await ledger.online('app', ['7']), new Set())
    assert.equal(await other.sign('app', '7', true), true)
  },

  'has a user never leave who comes back in time': async (open) => {
    const [one, other] = [await open(), await open()]
    for (const node of [one, other]) await node.begin()
    await one.sign('app', '7', true)
    await one.sign('app', '7', false)
    assert.equal(await other.sign('app', '7', true), false)
    assert.deepEqual(await offlineOf(one), [])
    assert.deepEqual(await one.broker.ledger.online('app', ['7']), new Set(['7']))
  },

  'says which users are online, whatever their names': async (open) => {
    const node = await open()
    await node.begin()
    for (const name of oddNames) await node.sign('app', name, true)
    await node.sign('other', 'elsewhere', true)
    const { ledger } = node.broker
    assert.deepEqual(await ledger.online('app', ['nobody', ...oddNames, 'elsewhere']), new Set(oddNames))
    assert.deepEqual(await ledger.online('app', []), new Set())
    for (const name of oddNames) await node.sign('app', name, false)
    const offline = await offlineOf(node)
    assert.deepEqual(new Set(offline.map(({ userId }) => userId)), new Set(oddNames))
  },

  'keeps connections and users of installations apart': async (open) => {
    const [node, stranger] = [await open(), await open('other')]
    for (const each of [node, stranger]) await each.begin()
    await node.connect('app', 5, 5)
    await node.sign('app', '7', true)
    assert.equal(await stranger.connect('app', 5, 5), 5)
    assert.deepEqual(await stranger.broker.ledger.online('app', ['7']), new Set())
    assert.equal(await stranger.sign('app', '7', true), true)
    await stranger.sign('app', '7', false)
    assert.deepEqual(await offlineOf(node), [])
  },
}

/** Those whom the node is told to be offline now. */
async function offlineOf(node: BrokerNode, grace?: number) {
  return (await node.settle(grace)).offline
}
