import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Holding } from '../../src/server/cluster/broker.ts'
import { type BrokerNode, idsOf, member, placeOf } from '../../src/testing/broker-suite/node.ts'
import { NatsServer } from '../support/nats.ts'
import { connectLate } from '../support/nats-late.ts'
import { openNode } from '../support/nats-node.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

let server: NatsServer

beforeAll(async () => {
  server = await NatsServer.start()
}, 30_000)

afterAll(() => server.stop())

const room = placeOf('presence-room')
const ada = member('ada')
const gone = { subscriptions: 0, remove: ['ada'] }
const quiet = { counted: false, settled: false }

async function begin(node: BrokerNode): Promise<void> {
  await node.connected()
  await node.begin()
}

/** What is asked fails, and the node is back and alive. */
async function losesConnection(node: BrokerNode, asked: readonly Promise<unknown>[]): Promise<void> {
  const answers = Promise.allSettled(asked)
  node.broker.reset()
  expect((await answers).map(({ status }) => status)).toEqual(asked.map(() => 'rejected'))
  await node.connected()
  await node.renew()
}

async function membersOf({ broker }: BrokerNode) {
  const { subscriptions, members } = await broker.ledger.state(room)
  return { subscriptions, members: idsOf(members) }
}

/** A node that has begun on a connection on which requests can be late. */
async function openLate(prefix: string) {
  const { connection, ...late } = await connectLate(server)
  const { node } = openNode({ connection, prefix })
  await begin(node)
  return { node, ...late }
}

describe('What a node asked of a NATS connection that it has lost', () => {
  it.each<readonly [string, Partial<Holding>, Partial<Holding>, readonly string[]]>([
    ['adds nobody', {}, { add: [ada] }, []],
    ['removes nobody', { add: [ada] }, gone, ['ada']],
    ['ends no subscription that nobody hears of', quiet, { ...quiet, subscriptions: 0 }, []],
  ])('%s when the node is back', async (title, before, late, members) => {
    const proxy = await startTcpProxy(server.port)
    const { node } = openNode({ url: `nats://127.0.0.1:${proxy.port}`, prefix: title })
    await begin(node)
    await node.hold(room, before)
    const detained = proxy.detain()
    const asked = node.hold(room, late)
    asked.catch(() => {})
    await detained.caught
    await losesConnection(node, [asked])
    await node.hold(room, before)
    await detained.release()
    expect(await membersOf(node)).toEqual({ subscriptions: 1, members })
  })
  it.each<readonly [string, readonly Partial<Holding>[]]>([
    ['occupies no place', []],
    ['occupies no place that was left since', [{ add: [ada] }, gone]],
  ])('%s when the node is back', async (_title, back) => {
    const { node, keepBack, release } = await openLate(`late-${back.length}`)
    const caught = keepBack(`late-${back.length}.l.place.app.presence-room`)
    const asked = node.hold(room, { add: [ada] })
    await Promise.race([caught, asked])
    await losesConnection(node, [asked])
    for (const each of back) await node.hold(room, { ...quiet, ...each })
    await release()
    expect(await membersOf(node)).toEqual({ subscriptions: 0, members: [] })
  })

  it('signs nobody in or out, and counts no connections', async () => {
    const { node, keepBack, release } = await openLate('late')
    await node.sign('app', 'grace', true)
    await node.connect('more', 5, 0)
    const subjects = ['user.app.ada', 'user.app.grace', 'app.app.=', 'app.more.=']
    const caught = keepBack(...subjects.map((subject) => `late.l.${subject}`))
    const asked = [
      node.sign('app', 'ada', true),
      node.sign('app', 'grace', false),
      node.connect('app', 5, 0),
      node.connect('more', 0, 0),
    ]
    await Promise.race([caught, ...asked])
    await losesConnection(node, asked)
    await release()
    const { ledger } = node.broker
    expect(await ledger.online('app', ['ada', 'grace'])).toEqual(new Set(['grace']))
    expect([await ledger.connections('app'), await ledger.connections('more')]).toEqual([0, 5])
  })

  it('has nothing of it left behind when it dies where it is back', async () => {
    const { node, keepBack, release } = await openLate('traces')
    const { node: witness } = openNode({ url: server.url, prefix: 'traces', id: 'witness.1' })
    await begin(witness)
    await node.hold(room, { add: [ada] })
    const caught = keepBack('$JS.API.STREAM.PURGE.traces_ledger')
    const asked = node.hold(room, gone)
    await Promise.race([caught, asked])
    await losesConnection(node, [asked])
    await node.hold(room, { add: [ada] })
    await release()
    await node.dies()
    await witness.seesExpired(node)
    await witness.reap(node)
    expect(await membersOf(witness)).toEqual({ subscriptions: 0, members: [] })
  })
})
