import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { eventually } from '../../../test/support/eventually.ts'
import { joinedLink } from '../../../test/support/joined-link.ts'
import { makeApp } from '../../../test/support/parts.ts'
import { BrokerHub } from '../../testing/broker-hub.ts'
import { settleTime } from '../adapter.ts'
import { ConnectionCounts } from './connection-counts.ts'

const hub = new BrokerHub()

/** The counts of a node that has joined, and what it asks of the ledger. */
async function begin(nodeId: string) {
  const { link, broker } = await joinedLink(hub, nodeId)
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

  it('says once more that an app has no connections, which the ledger may have forgotten, but not for ever', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const { counts, asked, count } = node
    const [gone, here] = [makeApp({ id: 'gone' }), makeApp({ id: 'here' })]
    for (const app of [gone, here]) counts.connect(app)
    counts.disconnect(gone)
    await eventually(async () => [await count('gone'), await count('here')]).toEqual([0, 1])
    const saidAgain = async () => {
      asked.mockClear()
      await counts.recover()
      return asked.mock.calls.map(([, appId, connections]) => [appId, connections])
    }
    expect(await saidAgain()).toEqual([
      ['gone', 0],
      ['here', 1],
    ])
    vi.advanceTimersByTime(settleTime)
    expect(await saidAgain()).toEqual([['here', 1]])
  })
})
