import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { describe, expect, it } from 'vitest'
import { Api, apiApp, apiOf } from '../support/api.ts'
import { stoppedClock } from '../support/clock.ts'
import { startServer } from '../support/server.ts'

const event = { name: 'order.paid', channels: ['news'], data: '{"id":42}' }

describe('REVERB_API_RATE', () => {
  it('refuses what is over it with 429, Retry-After and JSON, and delivers none of it', async () => {
    const skip = stoppedClock()
    const running = await startServer({ apiRate: 3 })
    const client = await running.connect()
    await client.join('news')
    const api = apiOf(running)
    for (let sent = 0; sent < 3; sent++) expect((await api.post('/events', event)).status).toBe(200)
    const { status, headers, body } = await api.post('/events', event)
    expect([status, headers['retry-after'], body]).toEqual([
      429,
      '1',
      { code: 429, error: expect.stringMatching(/3 requests a second/) },
    ])
    expect(await client.rest()).toHaveLength(3)
    skip(1)
    expect((await api.get('/channels')).status).toBe(200)
  })

  it('says in whole seconds when to come back', async () => {
    const skip = stoppedClock()
    const api = apiOf(await startServer({ apiRate: 0.1 }))
    const retryAfter = async () => (await api.get('/channels')).headers['retry-after']
    expect([await retryAfter(), await retryAfter()]).toEqual([undefined, '10'])
    skip(7.5)
    expect(await retryAfter()).toBe('3')
    skip(2.5)
    expect(await retryAfter()).toBeUndefined()
  })

  it('counts each app for itself, and only what is signed', async () => {
    stoppedClock()
    const other = { id: '2', key: 'other-key', secret: 'other-secret' }
    const running = await startServer({ apps: [{ ...apiApp, apiRate: 1 }, other] })
    const stranger = new Api({ port: running.port, app: { ...apiApp, secret: 'wrong' } })
    for (let sent = 0; sent < 3; sent++) expect((await stranger.get('/channels')).status).toBe(401)
    expect((await apiOf(running).get('/channels')).status).toBe(200)
    expect((await apiOf(running).get('/channels')).status).toBe(429)
    for (let sent = 0; sent < 3; sent++) {
      expect((await new Api({ port: running.port, app: other }).get('/channels')).status).toBe(200)
    }
  })

  it('refuses before the body is there', async () => {
    stoppedClock()
    const running = await startServer({ apiRate: 1 })
    const api = apiOf(running)
    await api.get('/channels')
    const query = api.parameters('POST', '/events', { body: event }).map((pair) => pair.join('='))
    const sent = request({
      port: running.port,
      method: 'POST',
      path: `/apps/app-id/events?${query.join('&')}`,
      headers: { 'Content-Length': 1000 },
      agent: false,
    })
    sent.on('error', () => {})
    sent.flushHeaders()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    expect(response.statusCode).toBe(429)
    sent.destroy()
  })

  it('is off unless it is set', async () => {
    stoppedClock()
    const api = apiOf(await startServer())
    const answers = await Promise.all(Array.from({ length: 200 }, () => api.get('/channels')))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  })
})
