import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { redisBroker } from '../../src/server/adapters/redis/index.ts'
import { BrokerHub } from '../../src/testing/broker-hub.ts'
import { type Redis, startRedis } from '../support/redis.ts'
import { brief, type LedgerStep, LedgerWitness, ledgerStep } from './ledger-steps.ts'

let redis: Redis
let runs = 0

beforeAll(async () => {
  redis = await startRedis()
})

afterAll(() => redis.kill())

describe('The ledger in Redis', () => {
  it('answers and tells what the one in memory does, whatever nodes say', async () => {
    const steps = fc.array(ledgerStep, { minLength: 1, maxLength: 80, size: 'max' })
    await fc.assert(fc.asyncProperty(steps, sameOnBoth), { numRuns: 100, interruptAfterTimeLimit: 60_000 })
  }, 120_000)
})

async function sameOnBoth(steps: readonly LedgerStep[]): Promise<void> {
  const prefix = `run-${runs++}`
  const model = new LedgerWitness(new BrokerHub().broker())
  const real = new LedgerWitness(redisBroker({ url: redis.url, prefix }))
  try {
    for (const witness of [model, real]) await witness.begin()
    for (const [at, step] of steps.entries()) {
      const [expected, answer] = [await model.take(step), await real.take(step)]
      expect(answer, `step ${at}`).toEqual(expected)
      if (step.isBrief) await sleep(brief)
    }
    expect(await real.told()).toEqual(await model.told())
  } finally {
    for (const { broker } of [model, real]) await broker.close()
  }
}
