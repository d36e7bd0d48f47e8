import { onTestFinished } from 'vitest'
import { natsBroker } from '../../src/server/adapters/nats/index.ts'
import { NatsServer } from '../support/nats.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { nodesSuite } from './nodes-suite.ts'

nodesSuite('NATS', async () => {
  const server = await NatsServer.start()
  onTestFinished(() => server.stop())
  return {
    async way() {
      const proxy = await startTcpProxy(server.port)
      const broker = natsBroker({ url: `nats://127.0.0.1:${proxy.port}`, prefix: 'reverb' })
      return { options: { broker }, cut: proxy.cut, heal: proxy.heal }
    },
    async wipe() {
      await server.stop()
      await server.startAgain()
    },
  }
})
