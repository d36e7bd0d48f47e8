import { Agent } from 'node:http'
import { describe, expect, it } from 'vitest'
import { Api, apiApp, apiOf } from '../support/api.ts'
import { objectOf, send } from '../support/http.ts'
import { appPath, mountServer, startServer } from '../support/server.ts'

describe('a path', () => {
  it.each([
    ['/apps/app-id/events', 'POST'],
    ['/apps/app-id/batch_events', 'POST'],
    ['/apps/app-id/channels', 'GET'],
    ['/apps/app-id/channels/news', 'GET'],
    ['/apps/app-id/channels/presence-x/users', 'GET'],
    ['/apps/app-id/connections', 'GET'],
    ['/apps/app-id/users/7/terminate_connections', 'POST'],
    ['/apps/app-id/users/a/b/unsubscribe', 'POST'],
    ['/users/7/terminate_connections', 'POST'],
    ['/up', 'GET'],
    ['/ready', 'GET'],
  ])('C129 %s answers 405 to any method but %s, and names it', async (path, allowed) => {
    const { port } = await startServer()
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const answer = await send({ port, method, path })
      if (method === allowed) {
        expect(answer.status).not.toBe(405)
        continue
      }
      expect([method, answer.status, objectOf(answer)]).toEqual([
        method,
        405,
        { code: 405, error: expect.any(String) },
      ])
      expect(answer.headers.allow?.split(', ')).toContain(allowed)
    }
  })

  it.each([
    '/',
    '/apps',
    '/apps/',
    '/apps/app-id',
    '/apps/app-id/',
    '/apps/app-id/nothing',
    '/apps/app-id/channels/news/nothing',
    '/apps/app-id/channels/news/users/7',
    '/apps/app-id/events/x',
    '/apps/app-id/users',
    '/apps/app-id/users/7',
    '/apps/app-id/users/7/terminate',
    '/users/7',
    '/users/7/unsubscribe',
    '/connections',
    '/APPS/app-id/channels',
    '/nothing',
    '/upx',
    '/up/x',
    '//evil.example/apps/app-id/channels',
    '/%',
    '/apps/%E0%A4%A/channels',
    '/../apps/app-id/channels',
    '/__proto__',
  ])('C129 C147 %s is unknown: 404 with JSON', async (path) => {
    const { port } = await startServer()
    for (const method of ['GET', 'POST']) {
      const answer = await send({ port, method, path })
      expect([method, answer.status, objectOf(answer)]).toEqual([
        method,
        404,
        { code: 404, error: expect.stringMatching(/\w/) },
      ])
    }
  })

  it('C129 of an unknown app gets 404, signed or not', async () => {
    const running = await startServer()
    const stranger = new Api({ port: running.port, app: { ...apiApp, id: 'unknown' } })
    for (const path of ['/channels', '/channels/news']) expect((await stranger.get(path)).status).toBe(404)
    expect((await stranger.post('/events', {})).status).toBe(404)
    const unsigned = await send({ port: running.port, path: '/apps/__proto__/channels' })
    expect(unsigned.status).toBe(404)
  })

  it('C129 of a disabled app gets 403, signed or not', async () => {
    const running = await startServer({ apps: [{ ...apiApp, enabled: false }] })
    expect((await apiOf(running).get('/channels')).status).toBe(403)
    const unsigned = await send({ port: running.port, path: '/apps/app-id/channels' })
    expect([unsigned.status, objectOf(unsigned)]).toEqual([403, { code: 403, error: expect.any(String) }])
  })

  it('C123 of an app gets 401 without a signature', async () => {
    const { port } = await startServer()
    const answer = await send({ port, path: '/apps/app-id/channels' })
    expect([answer.status, objectOf(answer)]).toEqual([401, { code: 401, error: expect.any(String) }])
  })

  it('of an app finds its percent-encoded id', async () => {
    const { port } = await startServer({ apps: [{ ...apiApp, id: 'a b' }] })
    const api = new Api({ port, app: { ...apiApp, id: 'a%20b' } })
    expect((await api.get('/channels')).status).toBe(200)
  })

  it('answers HEAD as GET, without a body', async () => {
    const { port } = await startServer()
    const answer = await send({ port, method: 'HEAD', path: '/up' })
    expect([answer.status, answer.text]).toEqual([200, ''])
  })
})

describe('GET /up and /ready', () => {
  it('C150 answer 200 without a signature and say nothing about apps', async () => {
    const { port } = await startServer()
    const up = await send({ port, path: '/up' })
    expect([up.status, objectOf(up)]).toEqual([200, { health: 'OK' }])
    const ready = await send({ port, path: '/ready' })
    expect([ready.status, objectOf(ready)]).toEqual([200, expect.any(Object)])
    expect(`${up.text}${ready.text}`).not.toMatch(/app-id|app-key/)
  })

  it('ignore a query', async () => {
    const { port } = await startServer()
    expect((await send({ port, path: '/up?x=1' })).status).toBe(200)
  })

  it('C174 /ready answers 503 while the server drains, and newcomers get 4100; /up goes on', async () => {
    const running = await mountServer('/reverb')
    const { server, port } = running
    const reluctant = await running.connect({}, `/reverb${appPath}`)
    // Without an answer to the close frame the draining goes on.
    reluctant.pause()
    const closed = server.close()
    const ready = await send({ port, path: '/reverb/ready' })
    expect([ready.status, objectOf(ready)]).toEqual([503, { code: 503, error: expect.any(String) }])
    expect((await send({ port, path: '/reverb/up' })).status).toBe(200)
    const newcomer = await running.open(`/reverb${appPath}`)
    expect(await newcomer.next('pusher:error')).toMatchObject({ data: { code: 4100 } })
    expect(await newcomer.closed).toMatchObject({ code: 4100 })
    reluctant.terminate()
    await closed
  })

  it('stand below the path of the server', async () => {
    const { port } = await startServer({ path: '/reverb' })
    expect((await send({ port, path: '/reverb/up' })).status).toBe(200)
    expect((await send({ port, path: '/up' })).status).toBe(404)
  })
})

describe('an answer', () => {
  it('lets the connection go on to the next request', async () => {
    const { port } = await startServer()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (const [method, path, status] of [
      ['GET', '/up', 200],
      ['POST', '/apps/app-id/events', 401],
      ['GET', '/nothing', 404],
      ['DELETE', '/up', 405],
      ['GET', '/up', 200],
    ] as const) {
      const body = method === 'POST' ? '{}' : ''
      expect((await send({ port, agent, method, path, body })).status).toBe(status)
    }
    agent.destroy()
  })
})
