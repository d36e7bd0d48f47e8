import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { natsBroker } from '../../src/server/adapters/nats/index.ts'
import { member, placeOf } from '../../src/testing/broker-suite/node.ts'
import { brokerSuite } from '../../src/testing/broker-suite.ts'
import { Api, apiApp } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'
import { NatsCluster } from '../support/nats-cluster.ts'
import { openNode } from '../support/nats-node.ts'
import { startServer } from '../support/server.ts'

const replicas = 3

/** Tests at a time: streams with replicas take a second to be made, most of which nobody does anything. */
const atOnce = 12

const room = 'presence-room'
const place = placeOf(room)

let cluster: NatsCluster

beforeAll(async () => {
  cluster = await NatsCluster.start()
}, 60_000)

afterAll(() => cluster.stop())

/** Elections take up to ten seconds. */
const soon = <T>(read: () => T | Promise<T>) => eventually(read, 40_000)

describe('The NATS broker, its nodes at three servers that replicate', () => {
  let opened = 0
  const suite = brokerSuite((prefix) =>
    natsBroker({ url: cluster.urlFrom(opened++ % 3), prefix, replicas }),
  ).map(({ title, run }) => ({ title, run, result: Promise.resolve() }))

  beforeAll(async () => {
    const left = suite.values()
    const runThem = async () => {
      for (const test of left) {
        test.result = test.run()
        await test.result.catch(() => {})
      }
    }
    await Promise.all(Array.from({ length: atOnce }, runThem))
  }, 120_000)

  for (const test of suite) it(test.title, () => test.result)
})

describe('Three NATS servers', () => {
  it('forget nothing when one of them is killed', { timeout: 90_000 }, async () => {
    const open = (index: number) =>
      openNode({ url: cluster.urlFrom(index), replicas, prefix: 'killed', id: `node${index}.1` })
    const opened = [open(0), open(1), open(2)] as const
    for (const { node } of opened) {
      await node.connected()
      await node.begin()
    }
    const [{ node: first }, ...others] = opened
    await first.hold(place, { add: [member('ada')] })
    await first.connect('app', 5, 0)
    await first.sign('app', 'ada', true)
    const { ledger, store } = first.broker
    await store.keep(place, { event: 'news', data: '"hello"', ttl: 600 }, 'road', Buffer.alloc(8))
    const state = await ledger.state(place)
    const killed = await cluster.leaderOf('killed_ledger')
    await killed.kill()
    await opened[cluster.servers.indexOf(killed)]?.lost()
    for (const { node } of opened) {
      const { ledger, store } = node.broker
      await soon(() => ledger.state(place)).toEqual(state)
      await soon(() => ledger.connections('app')).toBe(5)
      await soon(() => ledger.online('app', ['ada'])).toEqual(new Set(['ada']))
      await soon(async () => (await store.last(place, 'road'))?.data).toBe('"hello"')
      await soon(() => node.renew()).toMatchObject({ alive: 3 })
    }
    await first.broker.roads.subscribe(['road'])
    for (const { node } of others) {
      await node.send('road', node.id)
      expect(await first.text('road')).toBe(node.id)
    }
    await killed.startAgain()
    await cluster.ready()
  })

  it('are of no use without the one that keeps the only replica, until it is back', {
    timeout: 90_000,
  }, async () => {
    const nodes = await Promise.all(
      [0, 1, 2].map((index) =>
        startServer({
          ...{ scalingDriver: 'nats', scalingPrefix: 'single', nodeTtl: 4, drain: 0 },
          nats: { url: cluster.urlFrom(index) },
        }),
      ),
    )
    const troubles = () => nodes.map(({ server }) => server.trouble)
    const none = nodes.map(() => undefined)
    await soon(troubles).toEqual(none)
    const ids = nodes.map((_node, index) => String(index))
    for (const [index, node] of nodes.entries()) {
      const client = await node.connect()
      await client.join(room, { user_id: ids[index] })
    }
    const killed = await cluster.leaderOf('single_ledger')
    await killed.kill()
    const red = expect.stringMatching(/^nats at .* cannot be reached: ./)
    await soon(troubles).toEqual(nodes.map(() => red))
    await killed.startAgain()
    await soon(troubles).toEqual(none)
    for (const { port } of nodes) {
      const api = new Api({ port, app: apiApp })
      const members = async () => (await api.read(`/channels/${room}/users`))['users']
      await soon(members).toEqual(expect.arrayContaining(ids.map((id) => ({ id }))))
    }
  })
})
