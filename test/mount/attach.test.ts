import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type Server, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { ProtocolClient } from '../../src/testing/index.ts'
import { Api, apiApp, apiOf } from '../support/api.ts'
import { createCertificate } from '../support/certificate.ts'
import { answerPath, answersTo, connectUnder, createReverb, handshake, listen } from '../support/host.ts'
import { objectOf, send } from '../support/http.ts'
import { createPusher, reached } from '../support/official-clients.ts'
import { turn } from '../support/parts.ts'
import { appPath } from '../support/server.ts'

const event = { name: 'order.paid', channels: ['news'], data: '{"id":42}' }

/** A request after which the server ends the connection. */
const lastRequest = 'GET /last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'

/** The first thing another WebSocket server says. */
async function greetingAt(url: string): Promise<string> {
  const socket = new WebSocket(url)
  onTestFinished(() => socket.terminate())
  const [data] = await once(socket, 'message')
  return String(data)
}

/** A WebSocket server of the app at /other; it answers 400 to every other upgrade, as `ws` does. */
function addOther(http: Server): void {
  const other = new WebSocketServer({ server: http, path: '/other' })
  other.on('connection', (socket) => socket.send('hello from /other'))
  onTestFinished(() => other.close())
}

describe('attach', () => {
  it('serves WebSocket and the HTTP API under the path', async () => {
    const http = createServer(answerPath)
    createReverb().attach(http, { path: '/reverb' })
    const port = await listen(http)
    const client = await connectUnder(port, '/reverb')
    await client.join('news')
    const { status } = await apiOf({ port }, '/reverb').post('/events', event)
    expect(status).toBe(200)
    expect(await client.next('order.paid')).toMatchObject({ data: '{"id":42}' })
    expect(objectOf(await send({ port, path: '/reverb/up' }))).toEqual({ health: 'OK' })
  })

  it('may come after the server listens, and after requests were answered', async () => {
    const http = createServer(answerPath)
    const port = await listen(http)
    expect((await send({ port, path: '/reverb/up' })).text).toBe('GET /reverb/up')
    createReverb().attach(http, { path: '/reverb' })
    expect(objectOf(await send({ port, path: '/reverb/up' }))).toEqual({ health: 'OK' })
    await connectUnder(port, '/reverb')
  })

  it.each([
    '/reports',
    '/reverb-stats',
    '/reverbx',
    '/reverb.html',
    '/',
    '/app/app-key',
    '/apps/app-id/events',
    '/up',
    '/x/reverb/up',
  ])('leaves %s to the app', async (path) => {
    const http = createServer(answerPath)
    createReverb().attach(http, { path: '/reverb' })
    const port = await listen(http)
    for (const method of ['GET', 'POST']) {
      const { status, text } = await send({ port, method, path: `${path}?q=/reverb/up` })
      expect([status, text]).toEqual([200, `${method} ${path}?q=/reverb/up`])
    }
  })

  it('takes only what is its own when it is mounted at the root', async () => {
    const http = createServer(answerPath)
    createReverb().attach(http, { path: '' })
    const port = await listen(http)
    for (const path of ['/', '/reports', '/apps.html', '/application', '/upload', '/reverb']) {
      expect((await send({ port, path })).text).toBe(`GET ${path}`)
    }
    expect(objectOf(await send({ port, path: '/up' }))).toEqual({ health: 'OK' })
    expect((await send({ port, path: '/apps/app-id/channels' })).status).toBe(401)
    await connectUnder(port, '')
  })

  it('C145 takes at the root the one path of the Python SDK that names no app, and leaves other users alone', async () => {
    const http = createServer(answerPath)
    createReverb().attach(http, { path: '' })
    const port = await listen(http)
    const api = apiOf({ port })
    const signed = { base: '', body: '{}' }
    for (const id of ['7', 'a/b']) {
      const { status, text } = await api.call('POST', `/users/${id}/terminate_connections`, signed)
      expect([status, text]).toEqual([200, '{}'])
    }
    for (const path of [
      '/users',
      '/users/7',
      '/users/7/terminate_connections',
      '/users/7?auth_signature=x',
    ]) {
      expect((await send({ port, method: 'POST', path })).text).toBe(`POST ${path}`)
    }
  })

  it('C151 gets the raw body although other listeners of the server read it too', async () => {
    const http = createServer(async (incoming, response) => response.end(await text(incoming)))
    createReverb().attach(http, { path: '/reverb' })
    const port = await listen(http)
    const api = apiOf({ port }, '/reverb')
    expect((await api.post('/events', event)).text).toBe('{}')
    expect((await send({ port, method: 'POST', path: '/orders', body: '{"id":1}' })).text).toBe('{"id":1}')
  })

  it('C151 says so when somebody has read the body before', async () => {
    const http = createServer(answerPath)
    createReverb().attach(http, { path: '/reverb' })
    const claimed = http.emit.bind(http)
    // Whatever stands in front of everything else, tracing for example.
    http.emit = ((name: string, ...args: unknown[]) => {
      const [incoming] = args
      if (name !== 'request') return claimed(name, ...args)
      void text(incoming as IncomingMessage).then(() => claimed(name, ...args))
      return true
    }) as typeof http.emit
    const port = await listen(http)
    const api = apiOf({ port }, '/reverb')
    const { status, body } = await api.post('/events', event)
    expect([status, body]).toEqual([500, { code: 500, error: expect.stringMatching(/already read/) }])
    expect((await api.get('/channels')).status).toBe(200)
  })

  it('C129 answers 404 to what is unknown under the path', async () => {
    const http = createServer(answerPath)
    createReverb().attach(http, { path: '/reverb' })
    const port = await listen(http)
    for (const path of ['/reverb', '/reverb/', '/reverb?x=1', '/reverb/nothing']) {
      const answer = await send({ port, path })
      expect([path, answer.status, objectOf(answer)]).toEqual([
        path,
        404,
        { code: 404, error: expect.any(String) },
      ])
    }
  })

  it('shows requests under the path to no other listener, whenever that was added', async () => {
    const seen = vi.fn()
    const listener = (incoming: IncomingMessage, response: ServerResponse) => {
      seen(incoming.url)
      if (!response.headersSent) response.end('app')
    }
    const http = createServer(listener)
    http.on('request', listener)
    createReverb().attach(http, { path: '/reverb' })
    http.on('request', listener)
    http.prependListener('request', listener)
    const port = await listen(http)
    http.on('request', listener)
    http.on('checkContinue', listener)
    const api = apiOf({ port }, '/reverb')

    expect((await api.post('/events', event)).status).toBe(200)
    expect(
      (await api.call('POST', '/events', { body: event, headers: { Expect: '100-continue' } })).status,
    ).toBe(200)
    expect((await send({ port, path: '/reverb/up' })).status).toBe(200)
    expect((await send({ port, path: '/reverb/nothing' })).status).toBe(404)
    await connectUnder(port, '/reverb')
    expect(seen).not.toHaveBeenCalled()

    expect((await send({ port, path: '/reports' })).text).toBe('app')
    expect(seen).toHaveBeenCalledTimes(5)
    const expecting = await send({
      port,
      path: '/reports',
      method: 'POST',
      headers: { Expect: '100-continue' },
    })
    expect(expecting.text).toBe('app')
  })

  it('C18 tolerates repeated slashes and one behind the key', async () => {
    const http = createServer(answerPath)
    createReverb().attach(http, { path: '/ws' })
    const port = await listen(http)
    for (const path of [
      '/ws/app/app-key',
      '/ws//app/app-key',
      '/ws/app/app-key/',
      '//ws/app//app-key',
      '/ws/t/x/app/app-key',
    ]) {
      await connectUnder(port, path, {}, '?protocol=7')
    }
    const pusher = createPusher(port, { wsPath: '/ws' })
    await reached(pusher, 'connected')
  })

  it('C128 verifies signatures over the path with and without the prefix', async () => {
    const http = createServer(answerPath)
    createReverb().attach(http, { path: '/a/b' })
    const api = apiOf({ port: await listen(http) }, '/a/b')
    for (const signedPath of ['/apps/app-id/events', '/a/b/apps/app-id/events']) {
      expect((await api.call('POST', '/events', { body: event, signedPath })).status).toBe(200)
    }
    expect(
      (await api.call('POST', '/events', { body: event, signedPath: '/b/apps/app-id/events' })).status,
    ).toBe(401)
  })

  it('serves only the app whose key it is given, and knows no unknown key', async () => {
    const other = { id: '2', key: 'other-key', secret: 'other-secret' }
    const http = createServer(answerPath)
    const server = createReverb({ apps: [apiApp, other] })
    expect(() => server.attach(http, { path: '/reverb', key: 'unknown' })).toThrow(
      /"unknown".*app-key, other-key/,
    )
    server.attach(http, { path: '/reverb', key: 'other-key' })
    server.attach(http, { path: '/all' })
    const port = await listen(http)

    await connectUnder(port, '/reverb', {}, '/app/other-key?protocol=7')
    const refused = await ProtocolClient.open(`ws://127.0.0.1:${port}/reverb${appPath}`)
    expect(await refused.next()).toMatchObject({ event: 'pusher:error', data: { code: 4001 } })
    expect(await refused.closed).toMatchObject({ code: 4001 })
    await connectUnder(port, '/all')

    const status = async (prefix: string, app: typeof other) =>
      (await new Api({ port, app, prefix }).get('/channels')).status
    expect(await status('/reverb', other)).toBe(200)
    expect(await status('/reverb', apiApp)).toBe(404)
    expect(await status('/all', apiApp)).toBe(200)
  })

  it('keeps two servers on one HTTP server apart', async () => {
    const http = createServer(answerPath)
    const [one, two] = [createReverb(), createReverb()]
    one.attach(http, { path: '/reverb' })
    two.attach(http, { path: '/reverb2' })
    const port = await listen(http)
    const [first, second] = [await connectUnder(port, '/reverb'), await connectUnder(port, '/reverb2')]
    await first.join('news')
    await second.join('news')
    await one.publish({ channels: ['news'], event: 'x', data: '1' })
    expect(await first.rest()).toHaveLength(1)
    await second.silence()
    await two.close()
    expect((await second.next('pusher:error')).data).toMatchObject({ code: 4200 })
    await first.silence()
    expect((await send({ port, path: '/reports' })).text).toBe('GET /reports')
  })

  it.each([
    ['/reverb', '/reverb'],
    ['/reverb', '/reverb/'],
    ['', ''],
    ['/reverb', '/reverb/app'],
    ['/reverb/app', '/reverb'],
    ['/reverb', '/reverb/other'],
    ['/reverb/other', '/reverb'],
    ['', '/app'],
    ['/apps', ''],
    ['', '/t/app'],
  ])('refuses a second server where one takes from the other: %j and %j', async (first, second) => {
    const http = createServer(answerPath)
    const [one, two] = [createReverb(), createReverb()]
    one.attach(http, { path: first })
    const attach = () => two.attach(http, { path: second })
    expect(attach).toThrow(/is taken on this HTTP server: choose another path/)
    expect(two.mounted).toBe(false)
    await one.close()
    attach()
    await connectUnder(await listen(http), second.replace(/\/$/, ''))
  })

  it('refuses the path of its own mount, too', () => {
    const http = createServer(answerPath)
    const server = createReverb()
    server.attach(http, { path: '/reverb' })
    expect(() => server.attach(http, { path: '/reverb' })).toThrow('The path "/reverb" is taken')
  })

  it('serves beside one another what only looks alike', async () => {
    const http = createServer(answerPath)
    const paths = ['/reverb', '/reverb-app', '', '/shop/reverb', '/application', '/t']
    for (const path of paths) createReverb().attach(http, { path })
    const port = await listen(http)
    for (const path of paths) {
      const client = await connectUnder(port, path)
      await client.join('news')
      expect((await apiOf({ port }, path).post('/events', event)).status).toBe(200)
      expect(await client.rest()).toHaveLength(1)
    }
  })

  it('C19 serves TLS on an https server', async () => {
    const { cert, key } = createCertificate()
    const https = createTlsServer({ cert, key }, answerPath)
    createReverb().attach(https, { path: '/reverb' })
    const port = await listen(https)
    const client = await connectUnder(port, '/reverb', { ca: cert })
    await client.join('news')
    const api = new Api({ port, app: apiApp, prefix: '/reverb', ca: cert })
    expect((await api.post('/events', event)).status).toBe(200)
    expect(await client.rest()).toHaveLength(1)
    expect((await send({ port, path: '/reports', ca: cert })).text).toBe('GET /reports')
  })

  it('is as if it were not there when the server is told to serve nothing', async () => {
    const http = createServer((incoming, response) => {
      response.writeHead(incoming.url === '/reports' ? 200 : 404, { Connection: 'close' }).end('the app')
    })
    const server = createReverb({ serve: false })
    server.attach(http, { path: '/reverb' })
    expect(server.mounted).toBe(true)
    const port = await listen(http)
    for (const [path, status] of [
      ['/reports', 200],
      ['/reverb/up', 404],
      ['/reverb/apps/app-id/channels', 404],
    ] as const) {
      expect(await send({ port, path })).toMatchObject({ status, text: 'the app' })
    }
    expect(await answersTo(port, handshake('/reverb/app/app-key'))).toMatch(/^HTTP\/1\.1 404 .*the app/s)
  })

  it('lets go of the HTTP server when it is closed', async () => {
    const http = createServer(answerPath)
    const server = createReverb()
    server.attach(http, { path: '/reverb' })
    const port = await listen(http)
    const client = await connectUnder(port, '/reverb')
    await server.close()
    expect(await client.closed).toMatchObject({ code: 4200 })
    expect((await send({ port, path: '/reports' })).text).toBe('GET /reports')
    expect((await send({ port, path: '/reverb/x' })).text).toBe('GET /reverb/x')
    expect(await answersTo(port, handshake('/reverb/app/app-key') + lastRequest)).toContain(
      'GET /reverb/app/app-key',
    )
  })
})

describe('an upgrade that is not ours', () => {
  it.each(['before', 'after'])(
    'C17 goes to a WebSocket server of the app that was added %s',
    async (order) => {
      const http = createServer(answerPath)
      if (order === 'before') addOther(http)
      createReverb().attach(http, { path: '/reverb' })
      if (order === 'after') addOther(http)
      const port = await listen(http)
      expect(await greetingAt(`ws://127.0.0.1:${port}/other`)).toBe('hello from /other')
      const client = await connectUnder(port, '/reverb')
      await client.silence()
      expect(await answersTo(port, handshake('/nothing'))).toMatch(/^HTTP\/1\.1 400 (?!.*HTTP\/1\.1)/s)
      expect(await answersTo(port, handshake('/reverb/nothing'))).toMatch(/^HTTP\/1\.1 400 (?!.*HTTP\/1\.1)/s)
      await client.silence()
    },
  )

  it.each(['before', 'after'])(
    'C17 goes to a listener that wraps the others, as socket.io does, added %s',
    async (order) => {
      const http = createServer(answerPath)
      const upgraded = vi.fn()
      const add = () => {
        const listeners = http.listeners('request')
        http.removeAllListeners('request')
        http.on('request', (incoming, response) => {
          if (incoming.url?.startsWith('/socket.io/')) response.end('socket.io')
          else for (const listener of listeners) listener.call(http, incoming, response)
        })
        http.on('upgrade', (incoming: IncomingMessage, socket: Duplex) => {
          upgraded(incoming.url)
          if (incoming.url?.startsWith('/socket.io/'))
            socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\nsocket.io')
          else socket.end()
        })
      }
      if (order === 'before') add()
      createReverb().attach(http, { path: '/reverb' })
      if (order === 'after') add()
      const port = await listen(http)
      const client = await connectUnder(port, '/reverb')
      await client.silence()
      expect(upgraded).not.toHaveBeenCalled()
      expect(await answersTo(port, handshake('/socket.io/?EIO=4'))).toMatch(/socket\.io$/)
      expect((await send({ port, path: '/socket.io/' })).text).toBe('socket.io')
      expect((await send({ port, path: '/reports' })).text).toBe('GET /reports')
      expect((await send({ port, path: '/reverb/up' })).status).toBe(200)
    },
  )

  it.each(['websocket', 'h2c', 'TLS/1.0'])(
    'C17 to %s goes on as an ordinary request without other listeners, and more may follow',
    async (protocol) => {
      const http = createServer(({ method, url, headers, socket }, response) => {
        response.end(`${method} ${url} ${headers.upgrade} ${socket.remotePort}`)
      })
      createReverb().attach(http, { path: '/reverb' })
      const port = await listen(http)
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      onTestFinished(() => agent.destroy())
      const ask = async (path: string, headers: Record<string, string>) =>
        (await send({ port, path, headers, agent })).text.split(' ')
      const plain = await ask('/plain', {})
      for (const connection of ['Upgrade', 'keep-alive, Upgrade']) {
        const upgrade = await ask('/other', { Upgrade: protocol, Connection: connection })
        expect(upgrade).toEqual(['GET', '/other', protocol, plain[3]])
        expect(await ask('/plain', {})).toEqual(plain)
      }
    },
  )

  it('C17 keeps its body', async () => {
    const http = createServer(async (incoming, response) => {
      response.end(`got ${await text(incoming)}`)
    })
    createReverb().attach(http, { path: '/reverb' })
    const port = await listen(http)
    const headers = {
      Connection: 'Upgrade, HTTP2-Settings',
      Upgrade: 'h2c',
      'HTTP2-Settings': 'AAMAAABkAAQCAAAAAAIAAAAA',
    }
    expect((await send({ port, method: 'POST', path: '/reports', headers, body: 'all of it' })).text).toBe(
      'got all of it',
    )
    const api = apiOf({ port }, '/reverb')
    expect((await api.call('POST', '/events', { body: event, headers })).status).toBe(200)
  })

  it('leaves alone a request that somebody has answered meanwhile, and never rejects', async () => {
    const rejected = vi.fn()
    process.on('unhandledRejection', rejected)
    onTestFinished(() => void process.off('unhandledRejection', rejected))
    const http = createServer()
    createReverb().attach(http, { path: '/reverb' })
    const emit = http.emit.bind(http)
    // As a hook does that answers by itself and lets the request go on.
    http.emit = (name: string, ...args: unknown[]) => {
      const [, response] = args
      if (name === 'request' && response instanceof ServerResponse) response.end('first')
      return emit(name, ...args)
    }
    const port = await listen(http)
    expect((await send({ port, path: '/reverb/up' })).text).toBe('first')
    await turn()
    expect(rejected).not.toHaveBeenCalled()
  })

  it('C17 does not inherit the keep-alive timeout of the answer before it', async () => {
    const http = createServer(({ url }, response) => {
      if (url === '/other') setTimeout(() => response.end('late'), 2_500)
      else response.end(url)
    })
    http.keepAliveTimeout = 500
    createReverb().attach(http, { path: '/reverb' })
    const port = await listen(http)
    const plain = 'GET /plain HTTP/1.1\r\nHost: localhost\r\n\r\n'
    expect(await answersTo(port, plain + handshake('/other') + lastRequest)).toMatch(/plain.*late.*\/last/s)
  })

  it('says what it takes when it is given a Fastify app', () => {
    const app = { server: createServer() } as unknown as Server
    expect(() => createReverb().attach(app)).toThrow(/fastify\.server/)
  })

  it('C17 waits for the answers of requests before it on the same connection', async () => {
    const held: (() => void)[] = []
    const http = createServer(({ url }, response) => {
      if (url === '/slow') held.push(() => response.end('slow'))
      else response.end(url)
      if (held.length === 2) for (const answer of held.reverse()) answer()
    })
    createReverb().attach(http, { path: '/reverb' })
    const port = await listen(http)
    const slow = 'GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n'
    const said = await answersTo(port, slow + slow + handshake('/other') + lastRequest)
    expect(said).toMatch(/slow.*slow.*\/other.*\/last/s)
  })

  it('C17 under the mount is our request when it wants no WebSocket, whoever else listens', async () => {
    const http = createServer(answerPath)
    addOther(http)
    createReverb().attach(http, { path: '/reverb' })
    const port = await listen(http)
    const headers = { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c' }
    expect((await send({ port, path: '/reverb/up', headers })).text).toBe('{"health":"OK"}')
    const api = apiOf({ port }, '/reverb')
    expect((await api.call('POST', '/events', { body: event, headers })).status).toBe(200)
  })

  it('C17 may be answered late and in parts, or not be waited for', async () => {
    const http = createServer(async (_, response) => {
      response.write('one ')
      await turn()
      response.end('two')
    })
    createReverb().attach(http, { path: '/reverb' })
    const port = await listen(http)
    expect(await answersTo(port, handshake('/other') + lastRequest)).toMatch(/one .*two.*one .*two/s)

    const headers = { Connection: 'Upgrade', Upgrade: 'x' }
    const sent = request({ host: '127.0.0.1', port, path: '/other', headers, agent: false })
    sent.on('error', () => {})
    sent.end()
    await once(sent, 'response')
    sent.destroy()
    expect(await answersTo(port, handshake('/other') + lastRequest)).toMatch(/one .*two/s)
  })

  it('C17 keeps to TLS', async () => {
    const { cert, key } = createCertificate()
    const https = createTlsServer({ cert, key }, answerPath)
    createReverb().attach(https, { path: '/reverb' })
    const port = await listen(https)
    const headers = { Connection: 'Upgrade', Upgrade: 'h2c' }
    const answer = await send({ port, method: 'POST', path: '/other', headers, body: 'x', ca: cert })
    expect(answer.text).toBe('POST /other')
  })

  it('is refused with 400 under our path when it is no good handshake', async () => {
    const http = createServer(answerPath)
    createReverb().attach(http, { path: '/reverb' })
    const port = await listen(http)
    for (const headers of [
      { 'Sec-WebSocket-Key': 'x' },
      { 'Sec-WebSocket-Version': '1' },
      { Upgrade: 'h2c' },
    ]) {
      const said = await answersTo(port, handshake('/reverb/app/app-key', headers))
      expect(said).toMatch(/^HTTP\/1\.1 4\d\d /)
      expect(said.match(/HTTP\/1\.1/g)).toHaveLength(1)
    }
    await connectUnder(port, '/reverb')
  })
})
