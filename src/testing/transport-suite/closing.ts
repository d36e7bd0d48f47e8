import assert from 'node:assert/strict'
import { clientFrame } from '../client-frame.ts'
import type { Statements } from '../transport-suite.ts'
import type { Wire } from '../wire.ts'

const badEnds: Readonly<Record<string, (wire: Wire) => void>> = {
  'ends without a word': ({ peer }) => peer.end(),
  'ends within a frame': ({ peer }) => peer.end(clientFrame(0x81, 'half').subarray(0, 8)),
  'ends within a message': ({ peer }) => peer.end(clientFrame(0x01, 'half')),
  'breaks off': ({ peer }) => peer.resetAndDestroy(),
  'says much and breaks off': ({ peer }) => {
    peer.write(Buffer.concat(Array.from({ length: 100 }, () => clientFrame(0x8a))))
    peer.resetAndDestroy()
  },
}

/** Only the last thing that was heard counts: how much came through before is up to the network. */
const endings: Statements = Object.fromEntries(
  Object.entries(badEnds).map(([name, endBadly]) => [
    `is closed, once, when the peer ${name}`,
    async (open) => {
      const wire = await open()
      endBadly(wire)
      await wire.closed()
      assert.equal(wire.socket.open, false)
    },
  ]),
)

/** How a connection ends (RFC 6455, 7). */
export const closingStatements: Statements = {
  ...endings,

  'sends its close frame behind what was written, and ends when the peer agrees': async (open) => {
    const wire = await open()
    wire.socket.write(Buffer.from('\x81\x04last', 'latin1'))
    wire.socket.close(4200, 'good bye €')
    assert.equal(wire.socket.open, false)
    assert.equal(String((await wire.frame()).payload), 'last')
    assert.equal(await wire.closeFrame(4200), 'good bye €')
    wire.say(clientFrame(0x88, Buffer.from([0x10, 0x68])))
    await wire.ended
    wire.peer.end()
    await wire.hears('closed')
  },

  'closes once, with what was said first': async (open) => {
    const wire = await open()
    wire.socket.close(4001, 'first')
    wire.socket.close(4002, 'second')
    assert.equal(await wire.closeFrame(4001), 'first')
    wire.peer.end()
    await wire.ended
    await assert.rejects(wire.frame())
  },

  'answers a close with its code, and ends': async (open) => {
    const wire = await open()
    wire.say(clientFrame(0x81, 'before'), clientFrame(0x88, Buffer.from([0x03, 0xe8, 0x62, 0x79, 0x65])))
    wire.say(clientFrame(0x81, 'after'))
    await wire.closeFrame(1000)
    await wire.ended
    assert.equal(wire.socket.open, false)
    wire.peer.end()
    await wire.hears('text before', 'closed')
  },

  'answers a close without a code, and ends': async (open) => {
    const wire = await open()
    wire.say(clientFrame(0x88))
    await wire.closeFrame()
    await wire.ended
  },

  'takes a close with any code that may be sent': async (open) => {
    for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999]) {
      const wire = await open()
      wire.say(clientFrame(0x88, Buffer.from([code >> 8, code & 0xff])))
      await wire.closeFrame(code)
    }
  },

  'is closed when both close at the same time': async (open) => {
    const wire = await open()
    wire.say(clientFrame(0x88, Buffer.from([0x03, 0xe8])))
    wire.socket.close(4100, '')
    await wire.closeFrame(4100)
    await wire.ended
    wire.peer.end()
    await wire.hears('closed')
  },

  'destroys its socket at once when told to': async (open) => {
    const wire = await open()
    wire.socket.terminate()
    wire.socket.terminate()
    assert.equal(wire.socket.open, false)
    await wire.ended
    await wire.hears('closed')
  },

  'may be terminated after it has closed': async (open) => {
    const wire = await open()
    wire.socket.close(4200, '')
    wire.socket.terminate()
    await wire.ended
    await wire.hears('closed')
  },

  'destroys its socket when the peer does not close within five seconds': async (open) => {
    const wires = [await open(), await open()] as const
    const [silent, broken] = wires
    silent.socket.close(4200, '')
    broken.say(clientFrame(0x83))
    const begun = performance.now()
    for (const wire of wires) await wire.closed()
    const elapsed = performance.now() - begun
    assert(elapsed > 4_000 && elapsed < 9_000, `It took ${elapsed} ms`)
  },
}
