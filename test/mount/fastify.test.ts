import { execFile } from 'node:child_process'
import dns from 'node:dns'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import websocket from '@fastify/websocket'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { WebSocket } from 'ws'
import type { ReverbServerOptions } from '../../src/server/index.ts'
import { ProtocolClient } from '../../src/testing/index.ts'
import { Api, apiApp, apiOf } from '../support/api.ts'
import { skippingClock } from '../support/clock.ts'
import { eventually } from '../support/eventually.ts'
import { connectUnder, createReverb } from '../support/host.ts'
import { objectOf, send } from '../support/http.ts'
import { createPusher, reached } from '../support/official-clients.ts'
import { appPath, patient } from '../support/server.ts'

const execute = promisify(execFile)

const event = { name: 'order.paid', channels: ['news'], data: '{"id":42}' }

afterEach(() => {
  vi.restoreAllMocks()
})

/** An app that ends with the test. */
function createApp(): FastifyInstance {
  const app = Fastify()
  onTestFinished(() => app.close())
  return app
}

/** Listens on a free port of one address. */
async function listen(app: FastifyInstance): Promise<number> {
  return Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port)
}

/** Registers a server as the README does. */
async function mount(app: FastifyInstance, options: ReverbServerOptions = {}, prefix = '/reverb') {
  const server = createReverb(options)
  await app.register(server.asFastifyPlugin('app-key'), { prefix })
  return server
}

/** Connects, publishes over the API, receives. */
async function expectToWork(port: number, prefix = '/reverb', host = '127.0.0.1'): Promise<void> {
  const client = await ProtocolClient.connect(`ws://${host}:${port}${prefix}${appPath}`, patient)
  onTestFinished(() => client.terminate())
  await client.join('news')
  const api = new Api({ port, app: apiApp, prefix, host: host.replace(/[[\]]/g, '') })
  const { status, body } = await api.post('/events', event)
  expect([status, body]).toEqual([200, {}])
  expect(await client.next()).toStrictEqual({ event: 'order.paid', channel: 'news', data: '{"id":42}' })
}

describe('asFastifyPlugin', () => {
  it('serves under the prefix and leaves routes alone, whether they come before or after', async () => {
    const app = createApp()
    app.get('/reports', async () => 'reports')
    await mount(app)
    app.get('/reverb-stats', async () => 'stats')
    app.get('/:anything', async () => 'anything')
    app.post('/orders', async (request) => request.body)
    const port = await listen(app)
    await expectToWork(port)
    expect(objectOf(await send({ port, path: '/reverb/up' }))).toEqual({ health: 'OK' })
    expect((await send({ port, path: '/reports' })).text).toBe('reports')
    expect((await send({ port, path: '/reverb-stats' })).text).toBe('stats')
    expect((await send({ port, path: '/reverbx' })).text).toBe('anything')
    expect((await send({ port, path: '/nothing/here' })).status).toBe(404)
    const headers = { 'Content-Type': 'application/json' }
    const posted = await send({ port, method: 'POST', path: '/orders', headers, body: '{"id":1}' })
    expect(posted.text).toBe('{"id":1}')
  })

  it.each(['', '/', '/reverb/', '/a/b'])('serves under the prefix %j', async (prefix) => {
    const app = createApp()
    app.get('/reports', async () => 'reports')
    const server = createReverb()
    await app.register(server.asFastifyPlugin(), prefix === '' ? {} : { prefix })
    const port = await listen(app)
    await expectToWork(port, prefix.replace(/\/$/, ''))
    expect((await send({ port, path: '/reports' })).text).toBe('reports')
  })

  it('takes only what is its own when it is mounted at the root', async () => {
    const app = createApp()
    app.get('/', async () => 'home')
    app.get('/*', async () => 'anything')
    app.setNotFoundHandler(async () => 'not found')
    await app.register(createReverb().asFastifyPlugin())
    app.get('/reports', async () => 'reports')
    const port = await listen(app)
    await expectToWork(port, '')
    for (const [path, expected] of [
      ['/', 'home'],
      ['/reports', 'reports'],
      ['/upload', 'anything'],
      ['/application/x', 'anything'],
    ] as const) {
      expect((await send({ port, path })).text).toBe(expected)
    }
    expect((await send({ port, method: 'POST', path: '/nothing' })).text).toBe('not found')
  })

  it('serves under the prefixes of all plugins around it', async () => {
    const app = createApp()
    await app.register(async (child) => void (await mount(child)), { prefix: '/api' })
    await expectToWork(await listen(app), '/api/reverb')
  })

  it('C129 C147 answers what is unknown, or not allowed, with JSON of its own', async () => {
    const app = createApp()
    await mount(app)
    const port = await listen(app)
    for (const [method, path, status] of [
      ['GET', '/reverb/', 404],
      ['GET', '/reverb/nothing', 404],
      ['POST', '/reverb/up', 405],
      ['OPTIONS', '/reverb/apps/app-id/events', 405],
      ['GET', '/reverb/apps/app-id/channels', 401],
      ['GET', '/reverb/apps/unknown/channels', 404],
    ] as const) {
      const answer = await send({ port, method, path })
      expect([path, answer.status, objectOf(answer)]).toEqual([
        path,
        status,
        { code: status, error: expect.any(String) },
      ])
    }
  })

  it('C128 verifies signatures over the path with and without the prefix', async () => {
    const app = createApp()
    await mount(app)
    const api = apiOf({ port: await listen(app) }, '/reverb')
    for (const signedPath of ['/apps/app-id/events', '/reverb/apps/app-id/events']) {
      expect((await api.call('POST', '/events', { body: event, signedPath })).status).toBe(200)
    }
  })

  it('C151 gets the raw body whatever parsers the app has', async () => {
    const app = createApp()
    const parsed = vi.fn()
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'string' }, (_, body, done) => {
      parsed(body)
      done(null, body)
    })
    app.addContentTypeParser('application/json', { parseAs: 'string' }, (_, body, done) => {
      parsed(body)
      done(null, JSON.parse(String(body)))
    })
    await mount(app)
    app.addContentTypeParser('text/plain', { parseAs: 'string' }, (_, body, done) => {
      parsed(body)
      done(null, body)
    })
    app.post('/orders', async (request) => request.body)
    const port = await listen(app)
    const api = apiOf({ port }, '/reverb')
    for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded', undefined]) {
      const headers: Record<string, string> = type === undefined ? {} : { 'Content-Type': type }
      expect((await api.call('POST', '/events', { body: event, headers })).status).toBe(200)
    }
    expect(parsed).not.toHaveBeenCalled()
    const headers = { 'Content-Type': 'application/json' }
    expect((await send({ port, method: 'POST', path: '/orders', headers, body: '{"id":1}' })).text).toBe(
      '{"id":1}',
    )
    expect(parsed).toHaveBeenCalledTimes(1)
  })

  it('C151 says so when the body was read by a hook, and only to requests that had one', async () => {
    const app = createApp()
    app.addHook('onRequest', async ({ raw }) => {
      for await (const _ of raw) {
        // Only to have it read.
      }
    })
    await mount(app)
    const api = apiOf({ port: await listen(app) }, '/reverb')
    expect((await api.post('/events', event)).body).toEqual({
      code: 500,
      error: expect.stringMatching(/The body was already read.*before body parsers/),
    })
    expect((await api.get('/channels')).status).toBe(200)
    expect((await api.call('POST', '/users/7/terminate_connections')).status).toBe(200)
  })

  it('C151 takes the bytes that a hook of the app has read and left behind', async () => {
    const app = createApp()
    app.addHook('onRequest', async ({ raw }) => {
      const parts: Buffer[] = []
      for await (const part of raw) parts.push(part)
      Object.assign(raw, { rawBody: Buffer.concat(parts) })
    })
    await mount(app, { maxRequestSize: 1000 })
    const port = await listen(app)
    await expectToWork(port)
    const api = apiOf({ port }, '/reverb')
    expect((await api.call('POST', '/events', { body: event, sign: () => [] })).status).toBe(401)
    const padded = JSON.stringify(event).padEnd(1001)
    expect((await api.call('POST', '/events', { body: padded })).status).toBe(413)
  })

  it('C151 gets the raw body in the midst of plugins that read or change bodies', async () => {
    const app = createApp()
    const seen = vi.fn()
    app.addHook('preParsing', async (request, _reply, payload) => {
      seen('preParsing', request.url)
      return payload
    })
    app.addHook('preValidation', async (request) => seen('preValidation', request.url))
    app.addHook('preHandler', async (request) => seen('preHandler', request.url))
    app.addContentTypeParser('*', (_request, payload, done) => {
      seen('parser')
      payload.resume()
      done(null, {})
    })
    await mount(app)
    await expectToWork(await listen(app))
    expect(seen).not.toHaveBeenCalled()
  })

  it('C145 takes at the root the one path of the Python SDK that names no app', async () => {
    const app = createApp()
    app.get('/users/:id', async ({ params }) => params)
    app.post('/users/:id/orders', async ({ params }) => params)
    await app.register(createReverb().asFastifyPlugin())
    const port = await listen(app)
    const api = apiOf({ port })
    const call = { base: '', body: '{}', signedPath: '/users/u 1/terminate_connections' }
    expect((await api.call('POST', '/users/u%201/terminate_connections', call)).text).toBe('{}')
    expect((await send({ port, path: '/users/7' })).text).toBe('{"id":"7"}')
    expect((await send({ port, method: 'POST', path: '/users/7/orders' })).text).toBe('{"id":"7"}')
  })

  it('C136 has its own limit of a body, not that of the app', async () => {
    const app = Fastify({ bodyLimit: 10 })
    onTestFinished(() => app.close())
    await mount(app, { maxRequestSize: 1000 })
    const api = apiOf({ port: await listen(app) }, '/reverb')
    expect((await api.post('/events', event)).status).toBe(200)
    expect((await api.post('/events', { ...event, data: 'x'.repeat(1000) })).status).toBe(413)
  })

  it('runs the hooks of the app, and none that belong to other plugins', async () => {
    const app = createApp()
    const seen = vi.fn()
    app.addHook('onRequest', async (request) => seen('app', request.url.split('?')[0]))
    await app.register(async (child) => child.addHook('onRequest', async () => seen('other')))
    await mount(app)
    const port = await listen(app)
    expect((await send({ port, path: '/reverb/up' })).status).toBe(200)
    expect(seen.mock.calls).toEqual([['app', '/reverb/up']])
  })

  it.each(['before', 'after'])('C17 goes together with @fastify/websocket, registered %s', async (order) => {
    const app = createApp()
    const addOther = async () => {
      await app.register(websocket)
      app.get('/other', { websocket: true }, (socket) => socket.send('hello from /other'))
    }
    if (order === 'before') await addOther()
    await mount(app)
    if (order === 'after') await addOther()
    const port = await listen(app)
    await expectToWork(port)
    const other = new WebSocket(`ws://127.0.0.1:${port}/other`)
    onTestFinished(() => other.terminate())
    const greeting = await new Promise((resolve) => other.on('message', (data) => resolve(String(data))))
    expect(greeting).toBe('hello from /other')
    await expectToWork(port)
  })

  it('fails where another server has the prefix, also one that is attached', async () => {
    const app = createApp()
    await mount(app)
    await expect(mount(app)).rejects.toMatchObject({
      code: 'ERR_BROADCAST_CONFIGURATION',
      message: expect.stringContaining('The path "/reverb" is taken on this HTTP server'),
    })
    const other = createApp()
    createReverb().attach(other.server, { path: '/reverb' })
    await expect(mount(other, {}, '/reverb/other')).rejects.toThrow('overlaps with "/reverb"')
  })

  it('serves under a prefix within that of another server', async () => {
    const app = createApp()
    await mount(app)
    await mount(app, {}, '/reverb/other')
    const port = await listen(app)
    await expectToWork(port)
    await expectToWork(port, '/reverb/other')
  })

  it('fails for a key that no app has', async () => {
    const app = createApp()
    const server = createReverb()
    const register = async () => app.register(server.asFastifyPlugin('unknown'), { prefix: '/reverb' })
    await expect(register()).rejects.toMatchObject({
      code: 'ERR_BROADCAST_UNKNOWN_APP',
      message: expect.stringMatching(/"unknown".*app-key/),
    })
  })

  it('serves only the app whose key it is given', async () => {
    const other = { id: '2', key: 'other-key', secret: 'other-secret' }
    const app = createApp()
    await mount(app, { apps: [other, apiApp] })
    const port = await listen(app)
    await expectToWork(port)
    const refused = await ProtocolClient.open(`ws://127.0.0.1:${port}/reverb/app/other-key?protocol=7`)
    expect(await refused.next()).toMatchObject({ event: 'pusher:error', data: { code: 4001 } })
    expect(await refused.closed).toMatchObject({ code: 4001 })
    expect((await new Api({ port, app: other, prefix: '/reverb' }).get('/channels')).status).toBe(404)
  })

  it('serves every address that the app listens on', async () => {
    const { lookup } = dns
    // What a machine has where localhost is both.
    const both = [
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ]
    vi.spyOn(dns, 'lookup').mockImplementation(((
      host: string,
      options: unknown,
      done: (...args: unknown[]) => void,
    ) =>
      typeof options === 'object' && options !== null && 'all' in options && host === 'localhost'
        ? done(null, both)
        : Reflect.apply(lookup, dns, [host, options, done])) as typeof lookup)
    const app = createApp()
    await mount(app)
    await app.listen({ host: 'localhost', port: 0 })
    const addresses = app.addresses().filter((address) => typeof address === 'object')
    expect(addresses.map(({ address }) => address).sort()).toEqual(['127.0.0.1', '::1'])
    for (const { address, port, family } of addresses) {
      await expectToWork(port, '/reverb', family === 'IPv6' ? `[${address}]` : address)
    }
  })

  it('serves nothing when the server is told to serve nothing', async () => {
    const app = createApp()
    app.get('/reports', async () => 'reports')
    const server = await mount(app, { serve: false })
    expect(server.mounted).toBe(true)
    const port = await listen(app)
    expect((await send({ port, path: '/reverb/up' })).status).toBe(404)
    expect((await send({ port, path: '/reports' })).text).toBe('reports')
    await expect(connectUnder(port, '/reverb')).rejects.toThrow(/404/)
  })

  it('fails the boot of an app whose server was closed before', async () => {
    const app = createApp()
    const server = createReverb()
    app.register(server.asFastifyPlugin(), { prefix: '/reverb' })
    await server.close()
    await expect(app.ready()).rejects.toThrow('This server is closed; make a new one')
  })

  it('answers requests that are injected', async () => {
    const app = createApp()
    await mount(app)
    const answer = await app.inject('/reverb/up')
    expect([answer.statusCode, answer.json()]).toEqual([200, { health: 'OK' }])
  })

  it('C174 ends with the app: every client gets 4200, at once', async () => {
    const app = createApp()
    await mount(app)
    const port = await listen(app)
    const clients = await Promise.all(Array.from({ length: 5 }, () => connectUnder(port, '/reverb')))
    skippingClock()
    const started = performance.now()
    await app.close()
    // By a clock that does not go on while the process is held up.
    expect(performance.now() - started).toBeLessThan(2_000)
    for (const client of clients) {
      expect(await client.next('pusher:error')).toMatchObject({ data: { code: 4200 } })
      expect(await client.closed).toMatchObject({ code: 4200 })
    }
  })

  it('C179 leaves nothing open that would keep the process alive', async () => {
    const script = fileURLToPath(new URL('ends-by-itself.ts', import.meta.url))
    // Killed after the time-out, it would have no exit code 0.
    const { stdout } = await execute(process.execPath, ['--import', 'tsx', script], { timeout: 45_000 })
    expect(stdout).toBe('closed with 4200\n')
  }, 60_000)

  it('C174 tells pusher-js to come back when the app ends', async () => {
    const app = createApp()
    await mount(app)
    const pusher = createPusher(await listen(app), { wsPath: '/reverb' })
    await reached(pusher, 'connected')
    const states: string[] = []
    pusher.connection.bind('state_change', ({ current }: { current: string }) => states.push(current))
    await app.close()
    await eventually(() => states).toContain('connecting')
    expect(states).not.toContain('disconnected')
  })
})
