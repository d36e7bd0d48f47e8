import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { bystander } from '../support/bystander.ts'
import { eventually } from '../support/eventually.ts'
import { ended, everythingFrom, rawSocket, upgradeRequest } from '../support/raw-socket.ts'
import { appPath, startServer } from '../support/server.ts'

const refused: [name: string, request: string, status: RegExp][] = [
  ['garbage', '\x16\x03\x01\x02\x00\x01\x00garbage\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['no method', `${appPath}\r\n\r\n`, /^HTTP\/1\.1 400 /],
  ['no key', upgradeRequest({ 'sec-websocket-key': undefined }), /^HTTP\/1\.1 400 /],
  ['an empty key', upgradeRequest({ 'sec-websocket-key': '' }), /^HTTP\/1\.1 400 /],
  ['a short key', upgradeRequest({ 'sec-websocket-key': 'abc' }), /^HTTP\/1\.1 400 /],
  ['no version', upgradeRequest({ 'sec-websocket-version': undefined }), /^HTTP\/1\.1 4(00|26) /],
  ['version 12', upgradeRequest({ 'sec-websocket-version': '12' }), /^HTTP\/1\.1 4(00|26) /],
  ['POST', upgradeRequest({}, `POST ${appPath} HTTP/1.1`), /^HTTP\/1\.1 4(00|05) /],
  ['another protocol', upgradeRequest({ upgrade: 'h2c' }), /^HTTP\/1\.1 4\d\d /],
  ['a broken subprotocol', upgradeRequest({ 'sec-websocket-protocol': 'a,,b' }), /^HTTP\/1\.1 400 /],
  ['headers of 40 KB', upgradeRequest({ 'x-padding': 'x'.repeat(40_000) }), /^HTTP\/1\.1 431 /],
  [
    '3 000 headers',
    upgradeRequest(Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`x-${i}`, '1']))),
    /^HTTP\/1\.1 (431|101) /,
  ],
  ['a path of 40 KB', upgradeRequest({}, `GET /app/${'x'.repeat(40_000)} HTTP/1.1`), /^HTTP\/1\.1 4(31|14) /],
  ['another path', upgradeRequest({}, 'GET /elsewhere HTTP/1.1'), /^HTTP\/1\.1 404 /],
  ['a path without a slash', upgradeRequest({}, 'GET app/app-key HTTP/1.1'), /^HTTP\/1\.1 4(00|04) /],
  ['a path of dots', upgradeRequest({}, 'GET /app/../up HTTP/1.1'), /^HTTP\/1\.1 (101|4\d\d) /],
  ['HTTP/0.9', `GET ${appPath}\r\n\r\n`, /^HTTP\/1\.1 4\d\d /],
]

describe('a handshake', () => {
  it.each(refused)('with %s is answered and harms nobody', async (_, request, status) => {
    const running = await startServer()
    const witness = await bystander(running)
    const socket = await rawSocket(running.port)
    const everything = everythingFrom(socket)
    socket.write(request)
    socket.once('data', () => socket.end())
    expect(await everything).toMatch(status)
    await witness.unharmed()
  })

  it.each([
    ['half a request line', 'GET /app/app'],
    ['half the headers', upgradeRequest().slice(0, -20)],
    ['nothing at all', ''],
  ])('that ends after %s leaves nothing behind', async (_, bytes) => {
    const running = await startServer()
    const witness = await bystander(running)
    for (let round = 0; round < 20; round++) {
      const socket = await rawSocket(running.port)
      if (bytes !== '') socket.write(bytes)
      if (round % 2 === 0) socket.end()
      else socket.resetAndDestroy()
      socket.resume()
      await ended(socket)
    }
    await witness.unharmed()
    expect(running.server.counters).toMatchObject({ connectionsAccepted: 1 })
  })

  it('that is cut off at once leaves nothing behind', async () => {
    const running = await startServer()
    const witness = await bystander(running)
    for (let round = 0; round < 50; round++) {
      const socket = await rawSocket(running.port)
      socket.write(upgradeRequest())
      if (round % 2 === 0) socket.destroy()
      else socket.resetAndDestroy()
    }
    await witness.unharmed()
    await eventually(() => {
      const { connectionsAccepted = 0, connectionsClosed = 0 } = running.server.counters
      return connectionsAccepted - connectionsClosed
    }).toBe(1)
  })

  it('of byte after byte is completed', async () => {
    const running = await startServer()
    const socket = await rawSocket(running.port)
    socket.setNoDelay(true)
    for (const character of upgradeRequest()) {
      socket.write(character)
      await new Promise((resolve) => setImmediate(resolve))
    }
    const [answer] = await once(socket, 'data')
    expect(String(answer)).toMatch(/^HTTP\/1\.1 101 /)
  })

  it('with messages in the same packet is completed, and they are answered in order', async () => {
    const running = await startServer()
    const socket = await rawSocket(running.port)
    const ping = Buffer.from('{"event":"pusher:ping"}')
    const frame = Buffer.concat([Buffer.from([0x81, 0x80 | ping.length, 0, 0, 0, 0]), ping])
    socket.write(Buffer.concat([Buffer.from(upgradeRequest()), frame, frame]))
    let said = ''
    socket.on('data', (bytes) => {
      said += bytes
    })
    await eventually(() => said.match(/pusher:(connection_established|pong)/g)).toEqual([
      'pusher:connection_established',
      'pusher:pong',
      'pusher:pong',
    ])
  })
})
