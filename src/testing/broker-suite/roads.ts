import assert from 'node:assert/strict'
import type { BrokerStatements } from '../broker-suite.ts'
import { oddNames } from './odd-names.ts'

const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index))

/** Messages to whoever listens now. */
export const roadStatements: BrokerStatements = {
  'brings a message to all who subscribed, the sender too': async (open) => {
    const nodes = [await open(), await open(), await open()] as const
    for (const { broker } of nodes) await broker.roads.subscribe(['road'])
    await nodes[0].send('road', 'hello')
    for (const node of nodes) assert.equal(await node.text('road'), 'hello')
  },

  'brings messages of one node in the order in which it sent them': async (open) => {
    const [sender, receiver] = [await open(), await open()]
    for (const { broker } of [sender, receiver]) await broker.roads.subscribe(['road'])
    const sent = numbers(300)
    await sender.send('road', ...sent)
    for (const node of [sender, receiver]) {
      for (const text of sent) assert.equal(await node.text('road'), text)
    }
  },

  'brings everything that is sent once a subscription has resolved': async (open) => {
    const [sender, receiver] = [await open(), await open()]
    for (const road of numbers(100)) {
      await receiver.broker.roads.subscribe([road])
      await sender.send(road, `on ${road}`)
    }
    for (const road of numbers(100)) assert.equal(await receiver.text(road), `on ${road}`)
  },

  'brings nothing more once unsubscribed, and everything again once subscribed anew': async (open) => {
    const [sender, receiver] = [await open(), await open()]
    const { roads } = receiver.broker
    await roads.subscribe(['left', 'kept'])
    await roads.unsubscribe(['left'])
    await sender.send('left', 'lost')
    await sender.send('kept', 'still')
    assert.equal(await receiver.text('kept'), 'still')
    await roads.subscribe(['left'])
    await sender.send('left', 'again')
    assert.equal(await receiver.text('left'), 'again')
  },

  'brings each message once, however often a road was subscribed to': async (open) => {
    const node = await open()
    const { roads } = node.broker
    await roads.subscribe(['road', 'road'])
    await roads.subscribe(['road'])
    await node.send('road', 'first', 'second')
    assert.equal(await node.text('road'), 'first')
    assert.equal(await node.text('road'), 'second')
    await roads.unsubscribe(['road'])
    await node.send('road', 'lost')
    await roads.subscribe(['road'])
    await node.send('road', 'third')
    assert.equal(await node.text('road'), 'third')
  },

  'takes lists of roads of any length, none too': async (open) => {
    const [sender, receiver] = [await open(), await open()]
    const roads = numbers(2000)
    for (const list of [[], roads]) await receiver.broker.roads.subscribe(list)
    await Promise.all(roads.map((road) => sender.send(road, road)))
    for (const road of roads) assert.equal(await receiver.text(road), road)
    for (const list of [[], roads]) await receiver.broker.roads.unsubscribe(list)
    await receiver.broker.roads.unsubscribe(['never subscribed'])
  },

  'brings bytes as they are, none too': async (open) => {
    const [sender, receiver] = [await open(), await open()]
    await receiver.broker.roads.subscribe(['road'])
    const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    const messages = [every, Buffer.alloc(0), Buffer.alloc(300_000, every), Buffer.from('ü\r\nPING\r\n')]
    for (const message of messages) await sender.broker.roads.send('road', message)
    for (const message of messages) assert((await receiver.message('road')).equals(message))
  },

  'takes any text for the name of a road': async (open) => {
    const [sender, receiver] = [await open(), await open()]
    const roads = [...oddNames, '', 'ü'.repeat(300), '😀'.repeat(150)]
    await receiver.broker.roads.subscribe(roads)
    for (const road of roads) await sender.send(road, `on ${road}`)
    for (const road of roads) await sender.send(road, 'last')
    for (const road of roads) {
      assert.deepEqual([await receiver.text(road), await receiver.text(road)], [`on ${road}`, 'last'])
    }
  },

  'keeps the roads of two installations apart': async (open) => {
    const [one, other] = [await open(), await open('other')]
    for (const { broker } of [one, other]) await broker.roads.subscribe(['road'])
    await one.send('road', 'of one')
    assert.equal(await one.text('road'), 'of one')
    await other.send('road', 'of the other')
    assert.equal(await other.text('road'), 'of the other')
  },
}
