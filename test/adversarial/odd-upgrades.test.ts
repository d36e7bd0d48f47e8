import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { clientFrame } from '../../src/testing/client-frame.ts'
import { bystander } from '../support/bystander.ts'
import { clipped } from '../support/clipped.ts'
import { eventually } from '../support/eventually.ts'
import { ended, everythingFrom, rawSocket, upgradeRequest } from '../support/raw-socket.ts'
import { appPath, startServer, type TestServer } from '../support/server.ts'
import { expectNoUnhandledRejections } from '../support/unhandled.ts'

// Handshakes that keep to HTTP and WebSocket, more or less, and are odd in what they ask for.

expectNoUnhandledRejections()

const established = /^HTTP\/1\.1 101 .*pusher:connection_established/s

/** What the server says to these bytes until it has established a connection or refused one. */
async function answerTo({ port }: TestServer, bytes: string | Buffer): Promise<string> {
  const socket = await rawSocket(port)
  let said = ''
  socket.on('data', (part) => {
    said += part
  })
  socket.write(bytes)
  await eventually(() => said).toMatch(/pusher:connection_established|"code":\d+|^HTTP\/1\.1 4/)
  socket.destroy()
  return said
}

describe('an upgrade with odd headers', () => {
  it.each<[what: string, headers: Record<string, string>]>([
    ['a long list of connection options', { connection: `keep-alive, ${'x, '.repeat(500)}Upgrade` }],
    ['capitals', { connection: 'UPGRADE', upgrade: 'WEBSOCKET' }],
    ['a client that says it is a browser of 1999', { 'user-agent': '\x80\xff'.repeat(100) }],
    ['extensions that nobody knows', { 'sec-websocket-extensions': 'x-a; b="c", permessage-deflate; d=1' }],
    [
      'compression with odd windows',
      { 'sec-websocket-extensions': 'permessage-deflate; server_max_window_bits=99' },
    ],
    ['extensions that are no list', { 'sec-websocket-extensions': ';;;,,,"' }],
    [
      'a hundred subprotocols',
      { 'sec-websocket-protocol': Array.from({ length: 100 }, (_, i) => `p${i}`).join() },
    ],
    ['the origin null', { origin: 'null' }],
    ['an origin that is no address', { origin: 'http://[::1' }],
    ['an origin of 10 KB', { origin: `http://${'x'.repeat(10_000)}.example` }],
    ['forwarded for nobody', { 'x-forwarded-for': ',,, ,', 'x-forwarded-proto': ',' }],
    ['forwarded for very many', { 'x-forwarded-for': '1.2.3.4,'.repeat(1_000) }],
    [
      'forwarded for no address',
      { 'x-forwarded-for': '__proto__', 'x-forwarded-host': '//\\', forwarded: 'for=' },
    ],
    ['a body that is announced', { 'content-length': '5' }],
    ['a body in chunks', { 'transfer-encoding': 'chunked' }],
    ['cookies of 10 KB', { cookie: 'a=b;'.repeat(2_500) }],
  ])('%s is established or refused, and harms nobody', async (_, headers) => {
    const running = await startServer({ trustProxy: 2, connectRate: 1_000 })
    const witness = await bystander(running)
    const answer = await answerTo(running, Buffer.from(upgradeRequest(headers), 'latin1'))
    expect(answer).toMatch(/^HTTP\/1\.1 (101|4\d\d) /)
    await witness.unharmed()
    await eventually(() => running.server.counters['connections']).toBe(1)
    expect(running.server.counters).toMatchObject({ handlerFailures: 0 })
  })

  it.each(['null', 'http://[::1', '://', 'evil.example', 'https://good.example.evil', '\x80', ' '])(
    'the origin %j is refused where only some may connect',
    async (origin) => {
      const running = await startServer({ allowedOrigins: ['good.example'] })
      const witness = await bystander(running)
      const socket = await rawSocket(running.port)
      const everything = everythingFrom(socket)
      socket.write(Buffer.from(upgradeRequest({ origin }), 'latin1'))
      socket.once('data', () => socket.end())
      expect(await everything).toMatch(/"code":4009|^HTTP\/1\.1 400 /)
      await witness.unharmed()
    },
  )
})

describe('an upgrade of an odd path', () => {
  const ordinary = 'protocol=7&client=js&version=8.6.0'

  const paths: [path: string, answer: string][] = [
    [`/app/app-key?${'a=b&'.repeat(2_000)}protocol=7`, '101'],
    ['/app/app-key?protocol=7&protocol=8', '101'],
    ['/app/app-key?protocol=8&protocol=7', '4007'],
    ['/app/app-key?protocol[]=7', '101'],
    ['/app/app-key?protocol=', '4007'],
    ['/app/app-key?protocol=%', '4007'],
    ['/app/app-key?protocol=%00', '4007'],
    ['/app/app-key?protocol=7%0A', '4007'],
    ['/app/app-key?protocol=1e1', '4007'],
    [`/app/app-key?protocol=${'7'.repeat(5_000)}`, '4007'],
    ['/app/app-key?__proto__=1&constructor=2&protocol=7', '101'],
    ['/app/app-key?client=__proto__&version=%FF%FE', '101'],
    ['/app/app-key??protocol=7', '101'],
    ['/app/app-key?', '101'],
    [`/app/__proto__?${ordinary}`, '4001'],
    [`/app/constructor?${ordinary}`, '4001'],
    [`/app/%00?${ordinary}`, '4001'],
    [`/app/%E0%A4%A?${ordinary}`, '4001'],
    [`/app/app%2Dkey?${ordinary}`, '101'],
    [`/app/app%252Dkey?${ordinary}`, '4001'],
    [`/app/app-key%2F?${ordinary}`, '4001'],
    [`/app/app-key%3Fprotocol=7`, '4001'],
    [`/app/APP-KEY?${ordinary}`, '4001'],
    [`/app/${'x'.repeat(4_000)}?${ordinary}`, '4001'],
    [`/app/app-key/more?${ordinary}`, '4005'],
    [`/app//?${ordinary}`, '4005'],
    [`/app?${ordinary}`, '4005'],
    [`////app////app-key////?${ordinary}`, '101'],
    [`/t/session/app/app-key?${ordinary}`, '101'],
    [`/t/%00/app/app-key?${ordinary}`, '101'],
    [`/t//app/app-key?${ordinary}`, '404'],
    [`/application/app-key?${ordinary}`, '404'],
    [`/APP/app-key?${ordinary}`, '404'],
  ]
  it.each(paths.map(([path, answer]) => [clipped(path), answer, path] as const))(
    '%s gets %s',
    async (_, expected, path) => {
      const running = await startServer()
      const witness = await bystander(running)
      const answer = await answerTo(running, upgradeRequest({}, `GET ${path} HTTP/1.1`))
      if (expected === '101') expect(answer).toMatch(established)
      else if (expected === '404') expect(answer).toMatch(/^HTTP\/1\.1 404 /)
      else expect(answer).toContain(`"code":${expected}`)
      await witness.unharmed()
    },
  )

  it('in the form for proxies is taken for what it is', async () => {
    const running = await startServer()
    const witness = await bystander(running)
    const answer = await answerTo(
      running,
      upgradeRequest({}, `GET http://127.0.0.1:${running.port}${appPath} HTTP/1.1`),
    )
    expect(answer).toMatch(/^HTTP\/1\.1 (101|4\d\d) /)
    await witness.unharmed()
  })
})

describe('bytes around an upgrade', () => {
  it('of a second upgrade are no handshake any more', async () => {
    const running = await startServer()
    const witness = await bystander(running)
    const socket = await rawSocket(running.port)
    const everything = everythingFrom(socket)
    socket.write(upgradeRequest() + upgradeRequest())
    expect((await everything).match(/HTTP\/1\.1/g)).toHaveLength(1)
    await witness.unharmed()
  })

  it('of a request before it do not keep it from being established', async () => {
    const running = await startServer()
    const witness = await bystander(running)
    const socket = await rawSocket(running.port)
    socket.write('GET /up HTTP/1.1\r\nhost: x\r\n\r\n')
    const [answer] = await once(socket, 'data')
    expect(String(answer)).toMatch(/^HTTP\/1\.1 200 /)
    let said = ''
    socket.on('data', (part) => {
      said += part
    })
    socket.write(upgradeRequest())
    await eventually(() => said).toMatch(established)
    await witness.unharmed()
  })

  it('of unanswered requests before it harm nobody else', async () => {
    const running = await startServer()
    const witness = await bystander(running)
    const socket = await rawSocket(running.port)
    socket.resume()
    socket.write('GET /up HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(100) + upgradeRequest())
    await eventually(() => running.server.counters['connectionsAccepted']).toBe(2)
    socket.destroy()
    await eventually(() => running.server.counters['connections']).toBe(1)
    await witness.unharmed()
  })

  it('of 1 000 messages behind it count like any others', async () => {
    const running = await startServer()
    const witness = await bystander(running)
    const socket = await rawSocket(running.port)
    const junk = Buffer.concat(Array.from({ length: 1_000 }, () => clientFrame(0x81, '{')))
    socket.write(Buffer.concat([Buffer.from(upgradeRequest()), junk]))
    socket.resume()
    await eventually(() => running.server.counters['messagesRefused']).toBe(1_000)
    await witness.unharmed()
  })

  it('of handshakes that stop half-way hold nobody up', async () => {
    const running = await startServer()
    const witness = await bystander(running)
    const halves = await Promise.all(Array.from({ length: 100 }, () => rawSocket(running.port)))
    for (const socket of halves) socket.write(upgradeRequest().slice(0, -10))
    await witness.unharmed()
    const client = await running.connect()
    await client.silence()
    for (const socket of halves) socket.resetAndDestroy()
    await Promise.all(halves.map(ended))
    await witness.unharmed()
    expect(running.server.counters).toMatchObject({ connectionsAccepted: 2 })
  })

  it('that come with the end of the connection are read before it', async () => {
    const running = await startServer()
    const witness = await bystander(running)
    const socket = await rawSocket(running.port)
    const heard = once(socket, 'data')
    socket.end(Buffer.concat([Buffer.from(upgradeRequest()), clientFrame(0x81, '{"event":"pusher:ping"}')]))
    expect(String(await heard)).toMatch(/^HTTP\/1\.1 101 /)
    await eventually(() => running.server.counters['connections']).toBe(1)
    await witness.unharmed()
  })
})
