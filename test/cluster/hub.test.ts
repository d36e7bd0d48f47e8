import { BrokerHub } from '../../src/testing/broker-hub.ts'
import { nodesSuite } from './nodes-suite.ts'

nodesSuite('a broker in memory', async () => {
  const hub = new BrokerHub()
  const brokers: ReturnType<BrokerHub['broker']>[] = []
  return {
    async way() {
      const broker = hub.broker()
      brokers.push(broker)
      return { options: { broker }, cut: () => broker.cut(), heal: () => broker.heal() }
    },
    async wipe() {
      hub.wipe()
      for (const broker of brokers) broker.heal()
    },
  }
})
