import { afterAll, beforeAll, describe, it } from 'vitest'
import { natsBroker } from '../../src/server/adapters/nats/index.ts'
import { brokerSuite } from '../../src/testing/broker-suite.ts'
import { NatsServer } from '../support/nats.ts'

let server: NatsServer

beforeAll(async () => {
  server = await NatsServer.start()
}, 30_000)

afterAll(() => server.stop())

describe('The NATS broker', () => {
  for (const { title, run } of brokerSuite((prefix) => natsBroker({ url: server.url, prefix }))) {
    it(title, { timeout: 30_000 }, run)
  }
})
