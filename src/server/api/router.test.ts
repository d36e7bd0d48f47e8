import { createServer } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Api, apiApp } from '../../../test/support/api.ts'
import { FakeRelay } from '../../../test/support/fake-relay.ts'
import { objectOf, send } from '../../../test/support/http.ts'
import { Parts } from '../../../test/support/parts.ts'
import { signUser } from '../../protocol/signature.ts'
import type { Relay } from '../adapter.ts'
import type { AppOptions } from '../apps/app-options.ts'
import { Grace } from '../grace.ts'
import { listen } from '../standalone.ts'
import { createChannels } from './channels.ts'
import { createEvents } from './events.ts'
import { createApi } from './router.ts'
import { createUsers } from './users.ts'

interface Given {
  app?: Partial<AppOptions>
  /** @default a server that stands alone */
  relay?: Relay
  /** Why the server is not ready. */
  trouble?: string
  /** Restricts the mount to another app than the one there is. */
  elsewhere?: boolean
  /** What publishing fails with. */
  failure?: unknown
  /** Whether there is still somebody to publish to. */
  open?: boolean
}

/** The HTTP API on a port of its own. */
async function serve({ app = {}, relay, trouble, elsewhere = false, open = true, failure }: Given = {}) {
  const parts = new Parts({ app, ...(relay && { relay }) })
  const { registry, metrics, lines } = parts
  const note = (line: string) => void lines.push(line)
  const known = (name: string) => (name === parts.app.id || name === parts.app.key ? parts.app : undefined)
  const api = createApi({
    apps: { findById: known, findByKey: known },
    events: createEvents({
      registry,
      open: () => open,
      publish: (event) => {
        if (failure !== undefined) throw failure
        return parts.publish(event)
      },
    }),
    channels: createChannels(parts),
    users: createUsers(parts.revoke),
    bodies: new Grace(1_000),
    metrics,
    logger: { debug: note, info: note, warn: note, error: note },
    trouble: () => trouble,
  })
  const server = createServer((request, response) => {
    const path = request.url?.split('?', 1)[0] ?? ''
    void api(request, response, { path, only: elsewhere ? 'elsewhere' : undefined })
  })
  const { port } = await listen(server, '127.0.0.1', 0)
  onTestFinished(() => void server.close())
  const ask = (method: string, path: string) => send({ port, method, path })
  return { parts, ask, signed: new Api({ port, app: apiApp }) }
}

const event = { name: 'a', channels: ['news'], data: '{}' }

describe('the HTTP API', () => {
  it('C150 says that it is up, without a signature', async () => {
    const { ask } = await serve()
    const answer = await ask('GET', '/up')
    expect([answer.status, objectOf(answer)]).toEqual([200, { health: 'OK' }])
  })

  it('is ready unless the server says why it is not', async () => {
    const answer = await (await serve()).ask('GET', '/ready')
    expect([answer.status, objectOf(answer)]).toEqual([200, { ready: true }])
    const { ask } = await serve({ trouble: 'The server is shutting down' })
    const refusal = await ask('GET', '/ready')
    expect(refusal.status).toBe(503)
    expect(objectOf(refusal)).toEqual({ error: 'The server is shutting down', code: 503 })
    expect((await ask('GET', '/up')).status).toBe(200)
  })

  it('asks for an upgrade where WebSockets are', async () => {
    const answer = await (await serve()).ask('GET', '/app/app-key')
    expect(answer.status).toBe(426)
    expect(answer.headers.upgrade).toBe('websocket')
    expect(objectOf(answer)).toMatchObject({ code: 426 })
  })

  it('answers HEAD like GET, without a body', async () => {
    const answer = await (await serve()).ask('HEAD', '/up')
    expect([answer.status, answer.text]).toEqual([200, ''])
    expect(answer.headers['content-length']).toBe('15')
  })

  it.each([
    '/',
    '/apps',
    '/apps/app-id',
    '/apps/app-id/events/x',
    '/apps/app-id/event',
    '/up/x',
    '/apps/%E0%A4/events',
    '/apps/app-id/channels/%',
    '/__proto__',
  ])('C129 has nothing at %s', async (path) => {
    const { parts, ask } = await serve()
    for (const method of ['GET', 'POST']) {
      const answer = await ask(method, path)
      expect(answer.status).toBe(404)
      expect(objectOf(answer)).toEqual({ error: expect.any(String), code: 404 })
    }
    expect(parts.metrics).toMatchObject({ apiRequests: 2, apiRequestsRefused: 2, apiFailures: 0 })
  })

  it.each([
    ['GET', '/apps/app-id/events', 'POST'],
    ['GET', '/apps/app-id/batch_events', 'POST'],
    ['POST', '/apps/app-id/channels', 'GET'],
    ['DELETE', '/apps/app-id/channels/news', 'GET'],
    ['PUT', '/apps/app-id/events', 'POST'],
    ['OPTIONS', '/apps/app-id/channels/presence-x/users', 'GET'],
    ['POST', '/up', 'GET'],
  ])('C129 does not allow %s of %s', async (method, path, allowed) => {
    const answer = await (await serve()).ask(method, path)
    expect([answer.status, answer.headers.allow]).toEqual([405, allowed])
    expect(objectOf(answer)).toMatchObject({ code: 405 })
  })

  it('C129 knows no other app', async () => {
    const answer = await (await serve()).ask('GET', '/apps/other/channels')
    expect(answer.status).toBe(404)
  })

  it('C129 knows no app but that of its mount', async () => {
    expect((await (await serve({ elsewhere: true })).signed.get('/channels')).status).toBe(404)
  })

  it('C129 refuses a disabled app before it looks at signatures', async () => {
    expect(
      (await (await serve({ app: { enabled: false } })).ask('GET', '/apps/app-id/channels')).status,
    ).toBe(403)
  })

  it('hands a signed request to its handler, path and query decoded', async () => {
    const { parts, signed } = await serve()
    const client = parts.connect()
    client.subscribe('a,b=c')
    const answer = await signed.call('GET', '/channels/a%2Cb%3Dc', {
      query: [['info', 'subscription_count']],
      signedPath: '/apps/app-id/channels/a,b=c',
    })
    expect([answer.status, answer.body]).toEqual([200, { occupied: true, subscription_count: 1 }])
  })

  it('C123 refuses what is not signed', async () => {
    const { parts, ask } = await serve()
    expect((await ask('GET', '/apps/app-id/channels')).status).toBe(401)
    expect(parts.metrics.apiRequestsRefused).toBe(1)
  })

  it('C136 refuses a body above the limit of the app', async () => {
    const { signed } = await serve({ app: { maxRequestSize: 10 } })
    expect((await signed.post('/events', event)).status).toBe(413)
  })

  it('publishes what is signed', async () => {
    const { parts, signed } = await serve()
    const client = parts.connect()
    client.subscribe('news')
    await client.heard()
    const answer = await signed.post('/events', event)
    expect([answer.status, answer.body]).toEqual([200, {}])
    expect(await client.heard()).toEqual(['a'])
  })

  it('refuses with 503 to publish when nobody is left, once what is wrong in itself has been said', async () => {
    const { signed, parts } = await serve({ open: false, trouble: 'The server is shutting down' })
    const batch = [{ name: 'a', channel: 'news', data: '1' }]
    for (const [path, body] of [
      ['/events', event],
      ['/batch_events', { batch }],
    ] as const) {
      expect((await signed.post(path, body)).body).toEqual({
        code: 503,
        error: 'The server is shutting down',
      })
      expect((await signed.post(path, {})).status).toBe(400)
    }
    expect((await signed.get('/channels')).status).toBe(200)
    expect(parts.metrics.eventsPublished).toBe(0)
  })

  describe('while the other nodes cannot be reached', () => {
    const outOfReach = 'the other nodes of this server cannot be reached; try again later'
    const start = async () => {
      const relay = new FakeRelay()
      relay.reached = false
      const { parts, signed } = await serve({ relay })
      const client = parts.connect()
      const user_data = '{"id":"7"}'
      const auth = signUser(parts.app, client.connection.socketId, user_data)
      client.say({ event: 'pusher:signin', data: { auth, user_data } })
      client.subscribe('news')
      await client.heard()
      return { client, signed }
    }

    it.each([
      ['/events', event],
      ['/batch_events', { batch: [{ name: 'a', channel: 'news', data: '1' }] }],
    ])('answers 503 to POST %s, and nobody gets the event', async (path, body) => {
      const { client, signed } = await start()
      expect((await signed.post(path, body)).body).toEqual({
        code: 503,
        error: `The event on news was not delivered here, and perhaps nowhere: ${outOfReach}`,
      })
      expect(await client.heard()).toEqual([])
    })

    it.each([
      ['/users/7/terminate_connections', {}, 'pusher:error'],
      ['/users/7/unsubscribe', { channel: 'news' }, 'pusher:subscription_error'],
    ])('answers 503 to POST %s, which is done on this node', async (path, body, told) => {
      const { client, signed } = await start()
      expect((await signed.post(path, body)).body).toEqual({
        code: 503,
        error: `Only the connections of this node were reached: ${outOfReach}`,
      })
      expect(await client.heard()).toEqual([told])
    })
  })

  it.each([new Error('redis://user:sesame@10.0.0.7 is down'), 'sesame', null])(
    'answers 500 without telling what failed (%s), which is logged without the query',
    async (failure) => {
      const { parts, signed } = await serve({ failure })
      const answer = await signed.post('/events', event)
      expect(answer.status).toBe(500)
      expect(answer.body).toEqual({ error: 'The server failed to answer this request', code: 500 })
      expect(parts.lines).toEqual([
        `POST /apps/app-id/events failed: ${failure instanceof Error ? failure.message : failure}`,
      ])
      expect(parts.metrics.apiFailures).toBe(1)
    },
  )
})
