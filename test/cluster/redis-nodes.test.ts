import { onTestFinished } from 'vitest'
import { startRedis } from '../support/redis.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { nodesSuite } from './nodes-suite.ts'

nodesSuite('Redis', async () => {
  const redis = await startRedis()
  onTestFinished(() => redis.kill())
  return {
    async way() {
      const proxy = await startTcpProxy(redis.port)
      const options = { scalingDriver: 'redis', redisUrl: `redis://127.0.0.1:${proxy.port}` } as const
      return { options, cut: proxy.cut, heal: proxy.heal }
    },
    async wipe() {
      await redis.kill()
      await redis.start()
    },
  }
})
