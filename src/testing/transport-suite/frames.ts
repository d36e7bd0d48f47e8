import assert from 'node:assert/strict'
import { clientFrame, clientHeader } from '../client-frame.ts'
import type { Statements } from '../transport-suite.ts'

const roomy = { maxMessageSize: 100_000 }

const sizes: Statements = Object.fromEntries(
  [0, 1, 125, 126, 127, 65_535, 65_536, 70_001].map((size) => [
    `hands over a text of ${size} bytes`,
    async (open) => {
      const wire = await open(roomy)
      const text = 'abcdefg'.repeat(size).slice(0, size)
      wire.say(clientFrame(0x81, text))
      await wire.hears(`text ${text}`)
    },
  ]),
)

/** What is made of frames that come in (RFC 6455, 5). */
export const frameStatements: Statements = {
  ...sizes,

  'hands over a text that arrives byte after byte': async (open) => {
    const wire = await open()
    wire.peer.setNoDelay()
    const bytes = Buffer.concat([clientFrame(0x81, 'héllo, wörld €😀'), clientFrame(0x8a), clientFrame(0x81)])
    for (const byte of bytes) {
      wire.say(Buffer.from([byte]))
      await new Promise(setImmediate)
    }
    await wire.hears('text héllo, wörld €😀', 'control', 'text ')
  },

  'hands over texts that arrive at once, in their order': async (open) => {
    const wire = await open()
    const texts = Array.from({ length: 300 }, (_, index) => `number ${index}`)
    wire.say(...texts.map((text) => clientFrame(0x81, text)))
    await wire.hears(...texts.map((text) => `text ${text}`))
  },

  'undoes every mask': async (open) => {
    const wire = await open()
    const masks = ['00000000', 'ffffffff', '80000000', '00000080', '01020304', 'fedcba98']
    wire.say(...masks.map((mask) => clientFrame(0x81, 'some text', Buffer.from(mask, 'hex'))))
    await wire.hears(...masks.map(() => 'text some text'))
  },

  'makes one message of fragments, with control frames between them': async (open) => {
    const wire = await open()
    wire.say(clientFrame(0x01, 'one '), clientFrame(0x89, 'a'), clientFrame(0x00, 'two '))
    wire.say(clientFrame(0x00), clientFrame(0x8a, 'b'), clientFrame(0x80, 'three'), clientFrame(0x81, 'next'))
    await wire.hears('control', 'control', 'text one two three', 'text next')
    assert.deepEqual(await wire.frame(), { first: 0x8a, payload: Buffer.from('a') })
  },

  'takes a character that is cut between fragments': async (open) => {
    const wire = await open()
    const bytes = Buffer.from('a😀')
    wire.say(clientFrame(0x01, bytes.subarray(0, 2)), clientFrame(0x00, bytes.subarray(2, 4)))
    wire.say(clientFrame(0x80, bytes.subarray(4)))
    await wire.hears('text a😀')
  },

  'takes U+FFFD for a character like others': async (open) => {
    const wire = await open()
    wire.say(clientFrame(0x81, 'a\ufffdb'))
    await wire.hears('text a\ufffdb')
  },

  'reports a binary message, whole or in fragments, once': async (open) => {
    const wire = await open()
    const bytes = Buffer.from([0xff, 0x00, 0xfe])
    wire.say(clientFrame(0x82, bytes), clientFrame(0x02, bytes), clientFrame(0x80, bytes), clientFrame(0x82))
    wire.say(clientFrame(0x81, 'text'))
    await wire.hears('binary', 'binary', 'binary', 'text text')
  },

  'answers a ping with its payload, and reports it': async (open) => {
    const wire = await open()
    const longest = 'p'.repeat(125)
    wire.say(clientFrame(0x89), clientFrame(0x89, 'ping'), clientFrame(0x89, longest))
    for (const payload of ['', 'ping', longest]) {
      assert.deepEqual(await wire.frame(), { first: 0x8a, payload: Buffer.from(payload) })
    }
    await wire.hears('control', 'control', 'control')
  },

  'reports a pong, and answers nothing': async (open) => {
    const wire = await open()
    wire.say(clientFrame(0x8a, 'unasked'), clientFrame(0x89, 'asked'))
    assert.equal(String((await wire.frame()).payload), 'asked')
    await wire.hears('control', 'control')
  },

  'keeps little for a peer that pings and pings and does not read': async (open) => {
    const wire = await open()
    wire.peer.pause()
    const pings = Buffer.concat(Array.from({ length: 500 }, () => clientFrame(0x89, 'p'.repeat(125))))
    let most = 0
    for (let round = 0; round < 400 && wire.socket.open; round++) {
      if (!wire.peer.write(pings)) await new Promise((resolve) => setTimeout(resolve, 1))
      most = Math.max(most, wire.socket.queued)
    }
    assert(most < 1_000_000, `${most} bytes of pongs wait`)
  },

  'takes a message of the greatest size, whole or in fragments': async (open) => {
    const wire = await open({ maxMessageSize: 300 })
    const third = 'x'.repeat(100)
    wire.say(clientFrame(0x81, third.repeat(3)))
    wire.say(clientFrame(0x01, third), clientFrame(0x00, third), clientFrame(0x80, third))
    wire.say(clientFrame(0x82, third.repeat(3)))
    await wire.hears(`text ${third.repeat(3)}`, `text ${third.repeat(3)}`, 'binary')
  },

  'closes with 1009 when a larger message is announced, before it comes': async (open) => {
    const wire = await open({ maxMessageSize: 300 })
    wire.say(clientHeader(0x81, 301))
    await wire.closeFrame(1009)
    await wire.ended
  },

  'closes with 1009 when fragments grow too large together': async (open) => {
    const wire = await open({ maxMessageSize: 300 })
    wire.say(clientFrame(0x01, 'x'.repeat(200)), clientFrame(0x00, 'x'.repeat(100)), clientHeader(0x80, 1))
    await wire.closeFrame(1009)
    await wire.ended
  },

  'counts binary fragments too': async (open) => {
    const wire = await open({ maxMessageSize: 300 })
    wire.say(clientFrame(0x02, 'x'.repeat(200)), clientFrame(0x80, 'x'.repeat(101)))
    await wire.closeFrame(1009)
    await wire.ended
  },
}
