import assert from 'node:assert/strict'
import { clientFrame } from '../client-frame.ts'
import type { Statements } from '../transport-suite.ts'
import type { WireOptions } from '../wire.ts'

const malformed: Readonly<Record<string, WireOptions>> = {
  'another method': { method: 'POST' },
  'another protocol': { headers: { upgrade: 'h2c' } },
  'no version': { headers: { 'sec-websocket-version': undefined } },
  'version 12': { headers: { 'sec-websocket-version': '12' } },
  'no key': { headers: { 'sec-websocket-key': undefined } },
  'an empty key': { headers: { 'sec-websocket-key': '' } },
  'a key of 15 bytes': { headers: { 'sec-websocket-key': Buffer.alloc(15).toString('base64') } },
  'a key of 17 bytes': { headers: { 'sec-websocket-key': Buffer.alloc(17).toString('base64') } },
  'a key that is not base64': { headers: { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub2*jZQ==' } },
  'an empty subprotocol': { headers: { 'sec-websocket-protocol': 'a,,b' } },
  'a subprotocol twice': { headers: { 'sec-websocket-protocol': 'a, a' } },
  'a subprotocol that is no token': { headers: { 'sec-websocket-protocol': 'a b' } },
}

const refusals: Statements = Object.fromEntries(
  Object.entries(malformed).map(([name, options]) => [
    `refuses a handshake with ${name}, opens nothing and hangs up`,
    async (open) => {
      const wire = await open(options)
      assert.match(wire.response, /^HTTP\/1\.1 4\d\d /)
      await wire.ended
      assert.equal(wire.opened, false)
    },
  ]),
)

/** How an upgrade begins (RFC 6455, 4). */
export const handshakeStatements: Statements = {
  ...refusals,

  'answers the example of RFC 6455': async (open) => {
    const { response, socket } = await open()
    assert.match(response, /^HTTP\/1\.1 101 /)
    assert.match(response, /\r\nUpgrade: websocket\r\n/i)
    assert.match(response, /\r\nConnection: Upgrade\r\n/i)
    assert.match(response, /\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/i)
    assert.equal(socket.open, true)
    assert.equal(socket.queued, 0)
  },

  'says which version it understands': async (open) => {
    const { response } = await open({ headers: { 'sec-websocket-version': '7' } })
    assert.match(response, /\r\nSec-WebSocket-Version: 13\b/i)
  },

  'takes the names of the handshake in any case': async (open) => {
    const { response } = await open({ headers: { upgrade: 'WebSocket', connection: 'keep-alive, UPGRADE' } })
    assert.match(response, /^HTTP\/1\.1 101 /)
  },

  'confirms the first subprotocol that is offered': async (open) => {
    const { response } = await open({ headers: { 'sec-websocket-protocol': 'second-to-none, other' } })
    assert.match(response, /\r\nSec-WebSocket-Protocol: second-to-none\r\n/i)
  },

  'confirms no subprotocol when none is offered': async (open) => {
    assert.doesNotMatch((await open()).response, /sec-websocket-protocol/i)
  },

  'agrees on no extension': async (open) => {
    const { response } = await open({ headers: { 'sec-websocket-extensions': 'permessage-deflate' } })
    assert.match(response, /^HTTP\/1\.1 101 /)
    assert.doesNotMatch(response, /sec-websocket-extensions/i)
  },

  'reads what came in one packet with the handshake, and what follows': async (open) => {
    const half = clientFrame(0x81, 'cut')
    const wire = await open({ behind: Buffer.concat([clientFrame(0x81, 'early'), half.subarray(0, 7)]) })
    wire.say(half.subarray(7), clientFrame(0x81, 'late'))
    await wire.hears('text early', 'text cut', 'text late')
  },

  'sends what is written while it opens behind its answer': async (open) => {
    const wire = await open({ opened: (socket) => socket.write(Buffer.from('\x81\x02hi', 'latin1')) })
    assert.equal(String((await wire.frame()).payload), 'hi')
  },

  'may be closed while it opens': async (open) => {
    const wire = await open({ opened: (socket) => socket.close(4001, 'no') })
    assert.equal(await wire.closeFrame(4001), 'no')
    wire.say(clientFrame(0x88, Buffer.from([0x0f, 0xa1])))
    await wire.ended
    wire.peer.end()
    await wire.hears('closed')
  },

  'may be terminated while it opens': async (open) => {
    const wire = await open({ opened: (socket) => socket.terminate() })
    await wire.ended
    await wire.hears('closed')
  },
}
