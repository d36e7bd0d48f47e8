import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { AppOptions, ReverbServerOptions } from '../../src/server/index.ts'
import { clientFrame } from '../../src/testing/client-frame.ts'
import { payloadOf } from '../../src/testing/index.ts'
import { upgradedSocket, upgradeRequest } from '../support/raw-socket.ts'
import { refusalOf } from '../support/refusal.ts'
import { appPath, credentials, mountServer, startServer } from '../support/server.ts'

/** The id that the server gives to a connection which is dropped at once; bare sockets are cheap. */
function socketIdFrom(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(upgradeRequest()))
    socket.on('data', (bytes) => {
      said += bytes
      const [, socketId] = /"socket_id\\":\\"(\d+\.\d+)\\"/.exec(said) ?? []
      if (socketId === undefined) return
      socket.destroy()
      resolve(socketId)
    })
    socket.on('error', reject)
  })
}

const app: AppOptions = { id: 'app-id', ...credentials }

describe('connection_established', () => {
  it('C1 is the first message after a handshake on /app/{key}', async () => {
    const client = await (await startServer()).open()
    expect((await client.next()).event).toBe('pusher:connection_established')
    await client.silence()
  })

  it('C2 carries a socket id and the activity timeout in a string, and no channel', async () => {
    const client = await (await startServer({ activityTimeout: 77 })).open()
    const message = await client.next()
    expect(message).toEqual({ event: 'pusher:connection_established', data: expect.any(String) })
    expect(payloadOf(message)).toEqual({
      socket_id: expect.stringMatching(/^\d+\.\d+$/),
      activity_timeout: 77,
    })
  })

  it('C2 tells 120 seconds unless told otherwise', async () => {
    const client = await (await startServer()).open()
    expect(payloadOf(await client.next())).toMatchObject({ activity_timeout: 120 })
  })

  it('C3 gives 10 000 connections 10 000 distinct socket ids', { timeout: 60_000 }, async () => {
    const { port } = await startServer()
    const socketIds = new Set<string>()
    for (let round = 0; round < 50; round++) {
      const given = await Promise.all(Array.from({ length: 200 }, () => socketIdFrom(port)))
      for (const socketId of given) socketIds.add(socketId)
    }
    expect(socketIds.size).toBe(10_000)
  })
})

describe('protocol versions', () => {
  it.each(['?protocol=5', '?client=java-client&protocol=6', '?protocol=7', '', '?client=js'])(
    'C4 accepts /app/{key}%s',
    async (query) => {
      const client = await (await startServer()).open(`/app/app-key${query}`)
      await client.next('pusher:connection_established')
    },
  )

  it.each(['4', '8', 'abc', '7.5', '-7'])('C4 refuses protocol %s with 4007', async (protocol) => {
    const client = await (await startServer()).open(`/app/app-key?protocol=${protocol}`)
    expect(await refusalOf(client)).toBe(4007)
  })

  it('C5 refuses a missing protocol with 4008 where it is asked for', async () => {
    const running = await startServer({ apps: [{ ...app, strictProtocol: true }] })
    expect(await refusalOf(await running.open('/app/app-key'))).toBe(4008)
    await (await running.open()).next('pusher:connection_established')
  })
})

describe('refusals', () => {
  it('C6 refuses an unknown key after the handshake with 4001', async () => {
    const running = await startServer()
    expect(await refusalOf(await running.open('/app/nobody?protocol=7'))).toBe(4001)
  })

  it.each(['__proto__', 'constructor', '%00', '%', '%ff', 'app-key%2F'])(
    'C6 refuses the key %s with 4001',
    async (key) => {
      const running = await startServer()
      expect(await refusalOf(await running.open(`/app/${key}?protocol=7`))).toBe(4001)
    },
  )

  it('C7 refuses a disabled app with 4003', async () => {
    const running = await startServer({ apps: [{ ...app, enabled: false }] })
    expect(await refusalOf(await running.open())).toBe(4003)
  })

  it.each([
    '/app',
    '/app/',
    '/app?protocol=7',
    '/app/app-key/more',
    '/app/app-key/more/',
    '/app/other/app/app-key',
  ])('C8 refuses %s with 4005', async (path) => {
    const running = await startServer()
    expect(await refusalOf(await running.open(path))).toBe(4005)
  })

  it('C9 refuses the third connection of two with 4004 and accepts one after one has left', async () => {
    const running = await startServer({ maxConnections: 2 })
    const first = await running.connect()
    await running.connect()
    expect(await refusalOf(await running.open())).toBe(4004)
    expect(await refusalOf(await running.open())).toBe(4004)
    await first.close()
    await running.connect()
    expect(await refusalOf(await running.open())).toBe(4004)
  })

  it('C9 counts the connections of each app by themselves', async () => {
    const other = { id: 'other-id', key: 'other-key', secret: 'other-secret' }
    const running = await startServer({ apps: [app, other], maxConnections: 1 })
    await running.connect()
    await running.connect({}, '/app/other-key')
    expect(await refusalOf(await running.open())).toBe(4004)
  })

  it('C10 refuses another origin with 4009 and accepts none', async () => {
    const running = await startServer({ allowedOrigins: ['shop.example.com'] })
    const headers = { origin: 'https://elsewhere.example.com' }
    expect(await refusalOf(await running.open(appPath, { headers }))).toBe(4009)
    await running.connect({ headers: { origin: 'https://shop.example.com' } })
    await running.connect()
  })

  it.each([
    ['https://a.example.com', true],
    ['http://a.b.example.com:8443', true],
    ['https://example.com.evil.org', false],
    ['https://a.example.com.evil.org', false],
    ['https://evil-example.com', false],
    ['null', false],
    ['garbage', false],
  ])('C11 *.example.com as allowed origin: %s gets in: %s', async (origin, getsIn) => {
    const running = await startServer({ allowedOrigins: ['*.example.com'] })
    const client = await running.open(appPath, { headers: { origin } })
    if (getsIn) await client.next('pusher:connection_established')
    else expect(await refusalOf(client)).toBe(4009)
  })

  it('C12 refuses a plain connection to an app that wants TLS with 4000', async () => {
    const running = await startServer({ apps: [{ ...app, requireTls: true }] })
    expect(await refusalOf(await running.open())).toBe(4000)
    const headers = { 'x-forwarded-proto': 'https' }
    expect(await refusalOf(await running.open(appPath, { headers }))).toBe(4000)
  })

  it('C12 believes X-Forwarded-Proto of a trusted proxy', async () => {
    const running = await startServer({ apps: [{ ...app, requireTls: true }], trustProxy: 1 })
    await running.connect({ headers: { 'x-forwarded-proto': 'https' } })
    expect(await refusalOf(await running.open(appPath, { headers: { 'x-forwarded-proto': 'http' } }))).toBe(
      4000,
    )
    expect(await refusalOf(await running.open())).toBe(4000)
  })

  const refusals: [name: string, path: string, options: ReverbServerOptions, origin?: string][] = [
    ['an unknown key', '/app/nobody', {}],
    ['an unknown key of 1000 characters', `/app/${'k'.repeat(1000)}`, {}],
    ['a disabled app', appPath, { apps: [{ ...app, enabled: false }] }],
    ['no key', '/app', {}],
    ['an unknown version', '/app/app-key?protocol=8', {}],
    [`a version of 1000 characters`, `/app/app-key?protocol=${'é'.repeat(500)}`, {}],
    ['no version', '/app/app-key', { apps: [{ ...app, strictProtocol: true }] }],
    ['another origin', appPath, { allowedOrigins: ['shop.test'] }, 'https://elsewhere.test'],
    [
      'an origin of 1000 characters',
      appPath,
      { allowedOrigins: ['shop.test'] },
      `https://${'o'.repeat(1000)}`,
    ],
    ['no TLS', appPath, { apps: [{ ...app, requireTls: true }] }],
  ]

  it.each(refusals)('C13 C14 C15 %s: an error and a close in the range of closes', async (...refusal) => {
    const [, path, options, origin] = refusal
    const running = await startServer(options)
    const client = await running.open(path, origin === undefined ? {} : { headers: { origin } })
    const code = await refusalOf(client)
    expect(code).toBeGreaterThanOrEqual(4000)
    expect(code).toBeLessThan(4300)
    expect(running.server.counters).toMatchObject({ connectionsRefused: 1, connectionsAccepted: 0 })
  })

  it('C15 closes with 4200 and a short reason when the server ends', async () => {
    const running = await startServer()
    const client = await running.connect()
    const ending = running.server.close()
    expect(await refusalOf(client)).toBe(4200)
    await ending
    await expect(running.open()).rejects.toThrow('ECONNREFUSED')
  })

  it('C15 while it ends, refuses newcomers with 4100 and handles nothing that still arrives', async () => {
    const running = await startServer()
    const lingering = await upgradedSocket(running.port)
    const ending = running.server.close()
    lingering.write(clientFrame(0x81, '{"event":"pusher:subscribe","data":{"channel":"news"}}'))
    expect(await refusalOf(await running.open())).toBe(4100)
    expect(await running.publish('news')).toBe(0)
    lingering.destroy()
    await ending
  })
})

describe('handshake', () => {
  it('C16 confirms the subprotocol that a client offers', async () => {
    const running = await startServer()
    const socket = new WebSocket(running.url(), ['pusher-channels-protocol-7', 'other'])
    onTestFinished(() => socket.terminate())
    await once(socket, 'open')
    expect(socket.protocol).toBe('pusher-channels-protocol-7')
  })

  it('C16 confirms none to a client that offers none', async () => {
    const running = await startServer()
    const socket = new WebSocket(running.url())
    onTestFinished(() => socket.terminate())
    const [response] = await once(socket, 'upgrade')
    expect(response.headers).not.toHaveProperty('sec-websocket-protocol')
  })

  it('C16 agrees on no compression', async () => {
    const running = await startServer()
    const socket = new WebSocket(running.url(), { perMessageDeflate: true })
    onTestFinished(() => socket.terminate())
    await once(socket, 'open')
    expect(socket.extensions).toBe('')
  })
})

describe('mount', () => {
  it.each(['before', 'after'])(
    'C17 leaves the upgrades of a WebSocket server that was there %s the mount to it',
    async (order) => {
      const http = createServer()
      const chat = () => new WebSocketServer({ server: http, path: '/chat' }).on('connection', greet)
      const greet = (socket: WebSocket) => socket.send('{"event":"hello from the host"}')
      if (order === 'before') chat()
      const running = await mountServer('/reverb', {}, http)
      if (order === 'after') chat()
      const guest = await running.open('/chat')
      expect(await guest.next()).toEqual({ event: 'hello from the host' })
      await running.connect({}, `/reverb${appPath}`)
    },
  )

  it.each(['/app/app-key', '/reverb-stats/app/app-key', '/reverbapp/app-key', '/reverb/apps', '/'])(
    'C17 does not take an upgrade of %s',
    async (path) => {
      const http = createServer()
      const running = await mountServer('/reverb', {}, http)
      const taken = once(http, 'upgrade').then(([, socket]) => socket.end('HTTP/1.1 418 Teapot\r\n\r\n'))
      await expect(running.open(path)).rejects.toThrow('Unexpected server response: 418')
      await taken
    },
  )

  it.each([
    '/ws/app/app-key',
    '/ws//app/app-key',
    '/ws/app//app-key',
    '/ws/app/app-key/',
    '//ws/app/app-key?protocol=7',
  ])('C18 accepts %s below the mount /ws', async (path) => {
    const running = await mountServer('/ws')
    await (await running.open(path)).next('pusher:connection_established')
  })

  it('C18 serves a path of its own when it stands alone', async () => {
    const running = await startServer({ path: '/ws' })
    await running.connect({}, `/ws${appPath}`)
    await expect(running.open(appPath)).rejects.toThrow('Unexpected server response: 404')
  })
})
