import { randomUUID } from 'node:crypto'
import type { Broker } from '../server/cluster/broker.ts'
import type { Awaitable } from '../support/awaitable.ts'
import { connectingStatements } from './broker-suite/connecting.ts'
import { departureStatements } from './broker-suite/departures.ts'
import { holdingStatements } from './broker-suite/holding.ts'
import { keepingStatements } from './broker-suite/keeping.ts'
import { leaseStatements } from './broker-suite/leases.ts'
import { limitStatements } from './broker-suite/limits.ts'
import { BrokerNode } from './broker-suite/node.ts'
import { reapingStatements } from './broker-suite/reaping.ts'
import { roadStatements } from './broker-suite/roads.ts'
import { storeStatements } from './broker-suite/store.ts'
import { userStatements } from './broker-suite/users.ts'
import { watchingStatements } from './broker-suite/watching.ts'

/** A broker that is not open yet; all that are made with one prefix are of one installation. */
export type CreateBroker = (prefix: string) => Awaitable<Broker>

/** Opens the broker of one node, which is closed with the test; of another installation when that is named. */
export type OpenNode = (installation?: string) => Promise<BrokerNode>

/** Statements about every broker, by their sentences. */
export type BrokerStatements = Readonly<Record<string, (open: OpenNode) => Promise<void>>>

/** One statement that every broker keeps. */
export interface BrokerTest {
  /** A sentence, such as "counts what each node has". */
  readonly title: string
  /** Rejects when the broker does not keep it. Takes real time: some seconds at most, where something has to expire. */
  run(): Promise<void>
}

/**
 * What every broker must keep, for any test runner: `for (const { title, run } of brokerSuite(create)) test(title, run)`.
 * Each run takes a prefix of its own, of letters, digits and hyphens, so that the runs may share a server.
 */
export function brokerSuite(create: CreateBroker): BrokerTest[] {
  const statements: BrokerStatements = {
    ...connectingStatements,
    ...roadStatements,
    ...holdingStatements,
    ...limitStatements,
    ...watchingStatements,
    ...leaseStatements,
    ...reapingStatements,
    ...departureStatements,
    ...keepingStatements,
    ...userStatements,
    ...storeStatements,
  }
  return Object.entries(statements).map(([title, statement]) => ({
    title,
    async run() {
      const prefix = `suite-${randomUUID()}`
      const nodes: BrokerNode[] = []
      const open: OpenNode = async (installation = 'one') => {
        const broker = await create(`${prefix}-${installation}`)
        const node = new BrokerNode(broker, `node${nodes.length + 1}.1`)
        nodes.push(node)
        await node.connected()
        return node
      }
      try {
        await statement(open)
      } finally {
        for (const { broker } of nodes) await broker.close()
      }
    },
  }))
}
