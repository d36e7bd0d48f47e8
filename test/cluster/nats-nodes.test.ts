import { onTestFinished } from 'vitest'
import { NatsServer } from '../support/nats.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { nodesSuite } from './nodes-suite.ts'

nodesSuite('NATS', async () => {
  const server = await NatsServer.start()
  onTestFinished(() => server.stop())
  return {
    async way() {
      const proxy = await startTcpProxy(server.port)
      const options = { scalingDriver: 'nats', natsUrl: `nats://127.0.0.1:${proxy.port}` } as const
      return { options, cut: proxy.cut, heal: proxy.heal }
    },
    async wipe() {
      await server.stop()
      await server.startAgain()
    },
  }
})
