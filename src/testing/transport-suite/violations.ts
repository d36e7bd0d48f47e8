import assert from 'node:assert/strict'
import { clientFrame, clientHeader } from '../client-frame.ts'
import type { Statements } from '../transport-suite.ts'

const violations: readonly (readonly [name: string, code: number, ...frames: Buffer[]])[] = [
  ['a frame without a mask', 1002, Buffer.from([0x81, 0x02, 0x68, 0x69])],
  ['a first reserved bit', 1002, clientFrame(0xc1, 'x')],
  ['a second reserved bit', 1002, clientFrame(0xa1, 'x')],
  ['a third reserved bit', 1002, clientFrame(0x91, 'x')],
  ['a reserved bit of a ping', 1002, clientFrame(0xc9, 'x')],
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map(
    (opcode) => [`the reserved opcode ${opcode}`, 1002, clientFrame(0x80 | opcode)] as const,
  ),
  ['a fragmented ping', 1002, clientFrame(0x09, 'x')],
  ['a fragmented close', 1002, clientFrame(0x08)],
  ['a ping of 126 bytes', 1002, clientHeader(0x89, 126)],
  ['a pong of 65 536 bytes', 1002, clientHeader(0x8a, 65_536)],
  ['a continuation of nothing', 1002, clientFrame(0x80, 'x')],
  ['a continuation of a message that has ended', 1002, clientFrame(0x82), clientFrame(0x00, 'x')],
  ['a message within another', 1002, clientFrame(0x01, 'x'), clientFrame(0x81, 'y')],
  ['a binary message within a text', 1002, clientFrame(0x01), clientFrame(0x02)],
  ['a message of 2^32 bytes', 1009, clientHeader(0x81, 2 ** 32)],
  ['a message of 2^53 + 2 bytes', 1009, clientHeader(0x81, 2 ** 53 + 2)],
  ['a text that is not UTF-8', 1007, clientFrame(0x81, Buffer.from('a\xffb', 'latin1'))],
  ['a text with half a character', 1007, clientFrame(0x81, Buffer.from('€').subarray(0, 2))],
  ['a text with a surrogate', 1007, clientFrame(0x81, Buffer.from([0xed, 0xa0, 0x80]))],
  ['a text with an overlong slash', 1007, clientFrame(0x81, Buffer.from([0xc0, 0xaf]))],
  ['a text above U+10FFFF', 1007, clientFrame(0x81, Buffer.from([0xf4, 0x90, 0x80, 0x80]))],
  ['a text that mixes U+FFFD with what is none', 1007, clientFrame(0x81, Buffer.from('efbfbdff', 'hex'))],
  [
    'fragments that are not UTF-8 together',
    1007,
    clientFrame(0x01, 'a'),
    clientFrame(0x80, Buffer.from([0x80])),
  ],
  ['a close with one byte', 1002, clientFrame(0x88, 'x')],
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2999, 5000, 65_535].map(
    (code) => [`a close with code ${code}`, 1002, clientFrame(0x88, closing(code))] as const,
  ),
  ['a close whose reason is not UTF-8', 1007, clientFrame(0x88, closing(1000, Buffer.from([0xff])))],
]

/** What breaks the protocol ends the connection, and is told the code first. */
export const violationStatements: Statements = Object.fromEntries(
  violations.map(([name, code, ...frames]) => [
    `closes with ${code} on ${name}, and hears nothing of what follows`,
    async (open) => {
      const wire = await open()
      wire.say(clientFrame(0x81, 'before'), ...frames, clientFrame(0x81, 'after'), clientFrame(0x89))
      await wire.closeFrame(code)
      await wire.ended
      assert.equal(wire.socket.open, false)
      wire.peer.end()
      await wire.closed()
      assert.equal(wire.heard[0], 'text before')
      assert(!wire.heard.includes('text after'))
    },
  ]),
)

/** The payload of a close frame. */
function closing(code: number, reason = Buffer.alloc(0)): Buffer {
  return Buffer.concat([Buffer.from([code >> 8, code & 0xff]), reason])
}
