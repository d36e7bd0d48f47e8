import { onTestFinished } from 'vitest'
import { Link } from '../../src/server/cluster/link.ts'
import { Metrics } from '../../src/server/metrics.ts'
import type { BrokerHub } from '../../src/testing/broker-hub.ts'
import { eventually } from './eventually.ts'

/** The link of a node that has joined the others, with its broker; nobody listens to what it reports. */
export async function joinedLink(hub: BrokerHub, nodeId = 'node') {
  const broker = hub.broker()
  const logger = { debug() {}, info() {}, warn() {}, error() {} }
  const link = new Link({ broker, nodeId, ttl: 10_000, metrics: new Metrics(), logger })
  onTestFinished(() => link.close())
  const nothing = { message() {}, changed() {}, lost() {}, recover: async () => {}, believe() {} }
  link.start({ ...nothing, settled: async () => {} })
  await eventually(() => link.trouble).toBeUndefined()
  return { link, broker }
}
