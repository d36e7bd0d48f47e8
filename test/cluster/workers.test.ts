import { beforeAll, describe, expect, it } from 'vitest'
import { ensureBuilt, root } from '../support/built.ts'
import { script } from '../support/script.ts'

beforeAll(ensureBuilt, 60_000)

/** A primary of the application's own, whose worker holds its broker against the suite; it says what was not kept. */
const primary = `
  import cluster from 'node:cluster'
  const dist = ${JSON.stringify(`file://${root}/dist/`)}
  if (cluster.isPrimary) {
    const { setupPrimary } = await import(dist + 'server/adapters/workers/primary.js')
    cluster.setupPrimary({ serialization: process.argv[2] })
    cluster.fork().on('exit', (code) => console.log('ended with', code))
    setupPrimary()
    setupPrimary()
  } else {
    const { createWorkerBroker } = await import(dist + 'server/adapters/workers/worker.js')
    const { brokerSuite } = await import(dist + 'testing/broker-suite.js')
    process.setMaxListeners(1000)
    const suite = brokerSuite((prefix) => createWorkerBroker(prefix))
    const failures = await Promise.all(suite.map(({ title, run }) => run().then(() => [], (error) => [title, error])))
    for (const failure of failures.flat()) console.log(failure)
    console.log(suite.length > 50 ? 'done' : 'nothing done')
    cluster.worker.disconnect()
  }
`

describe('The broker of a worker', () => {
  it.each(['json', 'advanced'])(
    'keeps the suite over a real channel of %s messages',
    async (serialization) => {
      const { code, printed } = await script(primary, [serialization])
      expect(printed).toBe('done\nended with 0\n')
      expect(code).toBe(0)
    },
    60_000,
  )
})
