import { fastify } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { BroadcastManager, type BroadcastManagerParts } from '../src/broadcasting/broadcast-manager.ts'
import { silentLogger } from '../src/support/logger.ts'
import { answerWith, startFakeApi } from './support/fake-api.ts'
import { startServer } from './support/server.ts'

// What a broadcast rejects with is a failure of the route that awaited it, whatever another server answered.

const large = { text: 'x'.repeat(100) }

/** What a page gets from a route of Fastify that awaits a broadcast. */
async function askRoute(parts: BroadcastManagerParts) {
  const manager = new BroadcastManager({ driver: 'reverb', logger: silentLogger }, parts)
  const app = fastify()
  app.post('/orders', async () => {
    await manager.on('orders').as('paid').with(large).send()
    return {}
  })
  onTestFinished(async () => {
    await app.close()
    await manager.close()
  })
  return app.inject({ method: 'POST', url: '/orders' })
}

describe('A route that awaits a broadcast', () => {
  it.each([400, 401, 403, 404, 413, 418, 429])(
    'answers 500 when another process answered %i, without its headers',
    async (status) => {
      const api = await startFakeApi([answerWith(status, { error: 'no' }, { 'x-elsewhere': '1' })])
      const env = {
        REVERB_PUBLIC_HOST: '127.0.0.1',
        REVERB_PUBLIC_PORT: String(api.port),
        REVERB_HTTP_TIMEOUT: '1',
      }
      const answer = await askRoute({ env })
      expect(answer.statusCode).toBe(500)
      expect(answer.headers).not.toHaveProperty('x-elsewhere')
    },
  )

  it('answers 500 when the server of its own process refused', async () => {
    const { server } = await startServer({ maxEventSize: 10 })
    const answer = await askRoute({ server, env: {} })
    expect(answer.statusCode).toBe(500)
    expect(answer.json().code).toBe('ERR_BROADCAST_REFUSED')
  })
})
