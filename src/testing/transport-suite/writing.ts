import assert from 'node:assert/strict'
import { clientFrame } from '../client-frame.ts'
import type { Statements } from '../transport-suite.ts'

const hello = Buffer.from('\x81\x05hello', 'latin1')

/** What becomes of frames that are written. */
export const writingStatements: Statements = {
  'writes frames in their order and changes none of their bytes': async (open) => {
    const wire = await open()
    const shared = Buffer.concat([hello, Buffer.from('\x89\x00\x81\x01x', 'latin1')])
    const before = Buffer.from(shared)
    for (let round = 0; round < 3; round++) wire.socket.write(shared)
    for (let round = 0; round < 3; round++) {
      assert.deepEqual(await wire.frame(), { first: 0x81, payload: Buffer.from('hello') })
      assert.deepEqual(await wire.frame(), { first: 0x89, payload: Buffer.alloc(0) })
      assert.deepEqual(await wire.frame(), { first: 0x81, payload: Buffer.from('x') })
    }
    assert.deepEqual(shared, before)
  },

  'says how many bytes the kernel has not taken, and brings them all': async (open) => {
    const wire = await open()
    wire.peer.pause()
    const size = 1_000_000
    const large = Buffer.alloc(10 + size, 'x')
    large.writeUInt16BE(0x817f)
    large.writeBigUInt64BE(BigInt(size), 2)
    let written = 0
    for (; wire.socket.queued < 2 * size && written < 100; written++) {
      wire.socket.write(large)
      await new Promise(setImmediate)
    }
    assert(wire.socket.queued >= 2 * size, 'A peer that does not read leaves bytes waiting')
    wire.peer.resume()
    for (let read = 0; read < written; read++) assert.equal((await wire.frame()).payload.length, size)
    wire.say(clientFrame(0x89))
    await wire.frame()
    assert.equal(wire.socket.queued, 0)
  },

  'loses writes after its close frame': async (open) => {
    const wire = await open()
    wire.socket.close(4000, '')
    wire.socket.write(hello)
    await wire.closeFrame(4000)
    wire.say(clientFrame(0x88, Buffer.from([0x0f, 0xa0])))
    await wire.ended
    wire.socket.write(hello)
    await assert.rejects(wire.frame())
  },

  'takes writes after the end of either side without an error': async (open) => {
    const wire = await open()
    wire.peer.end()
    await wire.ended
    wire.socket.write(hello)
    await wire.hears('closed')
    wire.socket.write(hello)
    const other = await open()
    other.socket.terminate()
    other.socket.write(hello)
    await other.hears('closed')
    other.socket.write(hello)
  },

  'takes writes to a peer that has broken off without an error': async (open) => {
    const wire = await open()
    wire.peer.resetAndDestroy()
    while (wire.socket.open) {
      wire.socket.write(hello)
      await new Promise(setImmediate)
    }
    await wire.hears('closed')
  },
}
