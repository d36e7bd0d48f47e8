import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { stale } from '../../server/cluster/broker.ts'
import type { BrokerStatements } from '../broker-suite.ts'
import { type BrokerNode, member, placeOf } from './node.ts'

const room = placeOf('presence-room')
const holding = {
  ...{ subscriptions: 1, add: [member('7')], remove: [], limit: 0 },
  ...{ counted: true, settled: true, keep: 0 },
}

/** Which nodes are alive. */
export const leaseStatements: BrokerStatements = {
  'counts the nodes that are alive': async (open) => {
    const [one, other] = [await open(), await open()]
    assert.deepEqual(await one.begin(), { expired: [], alive: 1 })
    assert.deepEqual(await other.begin(), { expired: [], alive: 2 })
    assert.deepEqual(await one.renew(), { expired: [], alive: 2 })
  },

  'names its memory the same to every node, each time': async (open) => {
    const { ledger } = (await open()).broker
    const answers = [
      await ledger.renew('a.1', 60_000, true),
      await (await open()).broker.ledger.renew('b.1', 60_000, true),
      await ledger.renew('a.1', 60_000, false),
    ]
    const memories = answers.map((answer) => (answer === stale ? stale : answer.memory))
    assert.equal(new Set(memories).size, 1)
    assert.notEqual(memories[0], stale)
  },

  'may be told twice that a node begins': async (open) => {
    const node = await open()
    await node.begin()
    assert.deepEqual(await node.begin(), { expired: [], alive: 1 })
  },

  'is deaf to a node that never began': async (open) => {
    const node = await open()
    const { ledger } = node.broker
    assert.equal(await ledger.renew('nobody.1', 1000, false), stale)
    assert.equal(await ledger.hold('nobody.1', room, holding, 0), stale)
    assert.equal(await ledger.connect('nobody.1', 'app', 1, 0), stale)
    assert.equal(await ledger.sign('nobody.1', 'app', '7', true), stale)
    assert.equal(await ledger.settle('nobody.1', 0), stale)
    assert.equal((await ledger.state(room)).subscriptions, 0)
    assert.equal(await ledger.connections('app'), 0)
    assert.deepEqual(await ledger.online('app', ['7']), new Set())
  },

  'is deaf to a node that has expired, and shows it to the others until it is reaped': async (open) => {
    const [witness, late] = [await open(), await open()]
    await witness.begin()
    await late.begin()
    await late.dies()
    await witness.seesExpired(late)
    const { ledger } = late.broker
    assert.equal(await ledger.renew(late.id, 1000, false), stale)
    assert.equal(await ledger.hold(late.id, room, holding, 0), stale)
    assert.equal(await ledger.connect(late.id, 'app', 1, 0), stale)
    assert.equal(await ledger.sign(late.id, 'app', '7', true), stale)
    assert.deepEqual(await witness.renew(), { expired: [late.id], alive: 1 })
    await witness.reap(late)
    assert.deepEqual(await witness.renew(), { expired: [], alive: 1 })
    assert.equal(await ledger.renew(late.id, 1000, false), stale)
    assert.equal((await ledger.state(room)).subscriptions, 0)
  },

  'lets a node begin again that has expired': async (open) => {
    const [witness, late] = [await open(), await open()]
    await witness.begin()
    await late.begin()
    await late.dies()
    await witness.seesExpired(late)
    assert.equal((await late.begin()).alive, 2)
    assert.deepEqual((await late.hold(room)).subscriptions, 1)
  },

  'takes a node for alive that renews in time': async (open) => {
    const node = await open()
    // A machine that is held up for longer than a lease has not renewed in time.
    while (!(await staysAlive(node, 2500)));
    assert.equal((await node.hold(room)).subscriptions, 1)
  },

  'has nothing of a node that is to be forgotten': async (open) => {
    const [witness, leaver] = [await open(), await open()]
    for (const node of [witness, leaver]) await node.begin()
    await leaver.hold(room, { add: [member('7')], settled: false })
    await leaver.connect('app', 5, 0)
    await leaver.sign('app', '7', true)
    await witness.broker.ledger.watch([room])
    const { ledger } = leaver.broker
    await ledger.forget(leaver.id)
    assert.deepEqual((await witness.notice(room)).removed, ['7'])
    assert.deepEqual(await ledger.state(room), { version: 0, subscriptions: 0, members: [] })
    assert.equal(await ledger.connections('app'), 0)
    assert.deepEqual(await witness.renew(), { expired: [], alive: 1 })
    assert.equal(await ledger.hold(leaver.id, room, holding, 0), stale)
    await ledger.forget(leaver.id)
  },
}

/** Renews often, for longer than a lease lasts; false when some renewal came too late to be in time for sure. */
async function staysAlive(node: BrokerNode, lease: number): Promise<boolean> {
  const end = performance.now() + lease + 500
  let renewedAt = performance.now()
  await node.begin(lease)
  while (performance.now() < end) {
    await sleep(lease / 8)
    const sent = performance.now()
    const answer = await node.broker.ledger.renew(node.id, lease, false)
    if (answer === stale && performance.now() - renewedAt >= lease) return false
    assert.notEqual(answer, stale)
    renewedAt = sent
  }
  return true
}
