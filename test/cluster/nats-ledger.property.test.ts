import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { natsBroker } from '../../src/server/adapters/nats/index.ts'
import { BrokerHub } from '../../src/testing/broker-hub.ts'
import { NatsServer } from '../support/nats.ts'
import { brief, type LedgerStep, LedgerWitness, ledgerStep } from './ledger-steps.ts'

let server: NatsServer
let runs = 0

beforeAll(async () => {
  server = await NatsServer.start()
})

afterAll(() => server.stop())

describe('The ledger in NATS', () => {
  it('answers and tells what the one in memory does, whatever nodes say', async () => {
    const steps = fc.array(ledgerStep, { minLength: 1, maxLength: 80, size: 'max' })
    await fc.assert(fc.asyncProperty(steps, sameOnBoth), { numRuns: 40, interruptAfterTimeLimit: 60_000 })
  }, 120_000)
})

async function sameOnBoth(steps: readonly LedgerStep[]): Promise<void> {
  const prefix = `run-${runs++}`
  const model = new LedgerWitness(new BrokerHub().broker())
  const real = new LedgerWitness(natsBroker({ url: server.url, prefix }))
  try {
    for (const witness of [model, real]) await witness.begin()
    for (const [at, step] of steps.entries()) {
      const [expected, answer] = [await model.take(step), await real.take(step)]
      expect(answer, `step ${at}`).toEqual(expected)
      if (step.isBrief) await sleep(5 * brief)
    }
    expect(await real.told()).toEqual(await model.told())
  } finally {
    for (const { broker } of [model, real]) await broker.close()
  }
}
