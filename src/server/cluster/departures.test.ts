import { expect, it, onTestFinished, vi } from 'vitest'
import { pending } from '../../../test/support/pending.ts'
import { BrokerHub } from '../../testing/broker-hub.ts'
import { Deadlines } from './deadlines.ts'
import { Departures } from './departures.ts'

it('has told when all that was taken has been told, not only the last of it', async () => {
  const broker = new BrokerHub().broker()
  vi.spyOn(broker.ledger, 'settle').mockResolvedValue({ departures: [], offline: [] })
  const deadlines = new Deadlines(broker.name, 1_000)
  onTestFinished(() => deadlines.stop())
  const [slow, quick] = [pending<void>(), pending<void>()]
  const tellings = [slow.promise, quick.promise]
  const departures = new Departures({
    ...{ broker, deadlines, ttl: 3_000 },
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    tell: () => tellings.shift(),
  })
  await departures.take('life', 0)
  await departures.take('life', 0)
  const done: string[] = []
  const told = departures.told().then(() => done.push('told'))
  quick.resolve()
  await new Promise((resolve) => setImmediate(resolve))
  expect(done).toEqual([])
  slow.resolve()
  await told
})
