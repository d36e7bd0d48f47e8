import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { makeApp } from '../../../test/support/parts.ts'
import { BrokerHub } from '../../testing/broker-hub.ts'
import { Metrics } from '../metrics.ts'
import { ConnectionCounts } from './connection-counts.ts'
import { Link } from './link.ts'

const hub = new BrokerHub()
const logger = { debug() {}, info() {}, warn() {}, error() {} }

/** The counts of a node that has joined, and what it asks of the ledger. */
async function begin(nodeId: string) {
  const broker = hub.broker()
  const link = new Link({ broker, nodeId, ttl: 10_000, metrics: new Metrics(), logger })
  onTestFinished(() => link.close())
  const nothing = { message() {}, changed() {}, lost() {}, recover: async () => {}, believe() {} }
  link.start({ ...nothing, settled: async () => {} })
  await vi.waitFor(() => expect(link.trouble).toBeUndefined(), 10_000)
  const asked = vi.spyOn(broker.ledger, 'connect')
  const count = (appId: string) => link.ask(() => broker.ledger.connections(appId))
  return { counts: new ConnectionCounts(link, broker.ledger), asked, count, broker }
}

let node: Awaited<ReturnType<typeof begin>>

beforeEach(async () => {
  node = await begin('one')
})

describe('ConnectionCounts', () => {
  it('asks for all that come while an answer is awaited at once, and admits the first who find room', async () => {
    const { counts, asked, count } = node
    const app = makeApp({ maxConnections: 60 })
    const answers = await Promise.all(Array.from({ length: 100 }, () => counts.connect(app)))
    expect(answers).toEqual(answers.map((_, at) => at < 60))
    expect(asked.mock.calls.length).toBeLessThanOrEqual(3)
    expect(await count(app.id)).toBe(60)
    counts.disconnect(app)
    expect(await counts.connect(app)).toBe(true)
    expect(await counts.connect(app)).toBe(false)
  })

  it('leaves to other nodes what it has no connections for', async () => {
    const other = await begin('two')
    const app = makeApp({ maxConnections: 3 })
    const answers = [node, other, node, other].map(({ counts }) => counts.connect(app))
    expect((await Promise.all(answers)).filter((admitted) => admitted)).toHaveLength(3)
  })

  it('says nothing again of an app that has no connections any more', async () => {
    const { counts, asked, count } = node
    const [gone, here] = [makeApp({ id: 'gone' }), makeApp({ id: 'here' })]
    for (const app of [gone, here]) counts.connect(app)
    counts.disconnect(gone)
    await vi.waitFor(async () => expect([await count('gone'), await count('here')]).toEqual([0, 1]))
    asked.mockClear()
    await counts.recover()
    expect(asked.mock.calls.map(([, appId]) => appId)).toEqual(['here'])
  })
})
