import assert from 'node:assert/strict'
import type { BrokerStatements } from '../broker-suite.ts'
import { placeOf } from './node.ts'

/** Opening, resetting and closing. */
export const connectingStatements: BrokerStatements = {
  'says what it is and where': async (open) => {
    const { broker } = await open()
    assert.match(broker.name, /^[a-z]+$/)
    assert.notEqual(broker.address, '')
  },

  'connects anew when it is reset, and has forgotten its subscriptions, but nothing of the ledger': async (
    open,
  ) => {
    const [node, other] = [await open(), await open()]
    const place = placeOf('news')
    await node.begin()
    await node.hold(place)
    await node.broker.roads.subscribe(['road'])
    await node.broker.ledger.watch([place])
    node.broker.reset()
    await node.connected()
    await other.begin()
    await other.send('road', 'lost')
    await other.hold(place)
    await node.broker.roads.subscribe(['road'])
    await node.broker.ledger.watch([place])
    await other.send('road', 'found')
    const { version, subscriptions } = await other.hold(place, { subscriptions: 2 })
    assert.equal(await node.text('road'), 'found')
    assert.equal((await node.notice(place)).version, version)
    assert.equal(subscriptions, 3)
  },

  'rejects what was asked before a reset, or has answered it': async (open) => {
    const { broker } = await open()
    const asked = Array.from({ length: 10 }, () => broker.ledger.state(placeOf('news')))
    broker.reset()
    await Promise.allSettled(asked)
  },

  'rejects everything at once after it was closed': async (open) => {
    const { broker } = await open()
    await broker.close()
    await assert.rejects(broker.roads.subscribe(['road']))
    await assert.rejects(broker.roads.send('road', Buffer.alloc(1)))
    await assert.rejects(broker.ledger.renew('node', 1000, true))
    await assert.rejects(broker.ledger.state(placeOf('news')))
    await assert.rejects(broker.store.last(placeOf('news'), 'road'))
  },

  'may be closed twice': async (open) => {
    const { broker } = await open()
    await broker.close()
    await broker.close()
  },
}
