import assert from 'node:assert/strict'
import type { Place } from '../../server/cluster/broker.ts'
import type { BrokerStatements } from '../broker-suite.ts'
import { type BrokerNode, eventually, placeOf } from './node.ts'
import { oddNames } from './odd-names.ts'

const prices = placeOf('cache-prices')
const roadOf = ({ appId, channel }: Place) => `${appId} ${channel}`

/** The last event of each cache channel. */
export const storeStatements: BrokerStatements = {
  'has the last event that was kept, for every node': async (open) => {
    const [one, other] = [await open(), await open()]
    assert.equal(await last(other), undefined)
    const first = await keep(one, 'first')
    const second = await keep(other, 'second')
    const third = await keep(one, 'third')
    assert(0 < first && first < second && second < third)
    const kept = await last(other)
    assert(kept !== undefined)
    const { ttl, ...event } = kept
    assert.deepEqual(event, { event: 'event', data: 'third', position: third })
    assert(ttl > 50 && ttl <= 60, `It is kept for ${ttl} s`)
  },

  'sends what it keeps with its position': async (open) => {
    const [one, other] = [await open(), await open()]
    for (const { broker } of [one, other]) await broker.roads.subscribe([roadOf(prices)])
    const position = await keep(one, 'ü\0')
    for (const node of [one, other]) {
      const message = await node.message(roadOf(prices))
      assert.equal(message.readBigUInt64BE(), BigInt(position))
      assert.equal(message.toString('utf8', 8), 'sent ü\0')
    }
  },

  'sends and keeps in the order of the positions, whoever keeps': async (open) => {
    const nodes = [await open(), await open()] as const
    const listener = await open()
    await listener.broker.roads.subscribe([roadOf(prices)])
    const texts = Array.from({ length: 40 }, (_, index) => String(index))
    const positions = await Promise.all(
      nodes.flatMap((node, which) => texts.map((text) => keep(node, `${which} ${text}`))),
    )
    const heard: number[] = []
    for (const _ of positions) {
      heard.push(Number((await listener.message(roadOf(prices))).readBigUInt64BE()))
    }
    assert.deepEqual(
      heard,
      positions.toSorted((a, b) => a - b),
    )
    assert.equal(new Set(positions).size, positions.length)
    assert.equal((await last(listener))?.position, heard.at(-1))
  },

  'forgets an event when its time is over, not where it was in the order': async (open) => {
    const node = await open()
    const first = await keep(node, 'short', prices, 2)
    assert.equal((await last(node))?.data, 'short')
    await eventually(async () => (await last(node)) === undefined)
    assert((await keep(node, 'later')) > first)
    assert.equal((await last(node))?.data, 'later')
  },

  'gives each event its own time': async (open) => {
    const node = await open()
    await keep(node, 'short', placeOf('cache-short'), 1)
    await keep(node, 'first', prices, 1)
    await keep(node, 'second', prices, 60)
    await eventually(async () => (await last(node, placeOf('cache-short'))) === undefined)
    assert.equal((await last(node))?.data, 'second')
  },

  'keeps any text, of any place': async (open) => {
    const [one, other] = [await open(), await open()]
    const places = oddNames.flatMap((name) => [placeOf(name), placeOf(name, name)])
    for (const place of places) await keep(one, `ü\0\r\n"😀" of ${roadOf(place)}`, place)
    for (const place of places) {
      assert.equal((await last(other, place))?.data, `ü\0\r\n"😀" of ${roadOf(place)}`)
    }
  },

  'keeps the events of installations apart': async (open) => {
    const [node, stranger] = [await open(), await open('other')]
    await stranger.broker.roads.subscribe([roadOf(prices)])
    await keep(node, 'here')
    assert.equal(await last(stranger), undefined)
    await keep(stranger, 'there')
    assert.equal((await stranger.message(roadOf(prices))).toString('utf8', 8), 'sent there')
    assert.equal((await last(node))?.data, 'here')
  },
}

/** Keeps an event and sends a message that says so. */
function keep({ broker }: BrokerNode, data: string, place = prices, ttl = 60): Promise<number> {
  const message = Buffer.concat([Buffer.alloc(8), Buffer.from(`sent ${data}`)])
  return broker.store.keep(place, { event: 'event', data, ttl }, roadOf(place), message)
}

function last({ broker }: BrokerNode, place = prices) {
  return broker.store.last(place, roadOf(place))
}
