import { isUtf8 } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clientFrame, clientHeader } from '../../testing/client-frame.ts'
import { FrameParser, type FrameSink } from './frame-parser.ts'

/** A parser, and what it has found: `text …`, `binary`, `ping …`, `pong`, `closing …`, `violation …`. */
function parser(maxMessageSize = 1000) {
  const found: string[] = []
  const made = new FrameParser(
    {
      text: (message) => found.push(`text ${message}`),
      binary: () => found.push('binary'),
      ping: (payload) => found.push(`ping ${payload.toString('latin1')}`),
      pong: () => found.push('pong'),
      closing: (code) => found.push(`closing ${code}`),
      violation: (code) => found.push(`violation ${code}`),
    },
    maxMessageSize,
  )
  return { found, take: (bytes: Buffer) => made.take(Buffer.from(bytes)), stop: () => made.stop() }
}

/** Hears nothing. */
const deaf: FrameSink = { text() {}, binary() {}, ping() {}, pong() {}, closing() {}, violation() {} }

/** What is found in bytes that come in these pieces. */
function foundIn(pieces: readonly Buffer[], maxMessageSize?: number): string[] {
  const { found, take } = parser(maxMessageSize)
  for (const piece of pieces) take(piece)
  return found
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b)
  return [0, ...sorted].map((start, index) => bytes.subarray(start, sorted[index]))
}

/** How much more memory buffers take while the result of `make` is alive. */
function buffersOf(make: () => unknown): number {
  const before = process.memoryUsage().arrayBuffers
  const made = make()
  const after = process.memoryUsage().arrayBuffers
  expect(made).toBeDefined()
  return after - before
}

// Made here, as Fast-check takes a second of its own for the first of them.
const characters = fc.string({ unit: 'binary', maxLength: 6 })
const mask = fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => Buffer.from(bytes))
const control = fc
  .tuple(fc.constantFrom('ping', 'pong'), fc.uint8Array({ maxLength: 125 }), mask)
  .map(([kind, payload, key]) => ({
    frame: clientFrame(kind === 'ping' ? 0x89 : 0x8a, payload, key),
    found: kind === 'ping' ? `ping ${Buffer.from(payload).toString('latin1')}` : 'pong',
  }))
const pieces = fc.array(
  fc.record({ text: fc.string({ unit: 'grapheme', maxLength: 90 }), key: mask, control }),
  {
    minLength: 1,
    maxLength: 4,
  },
)
/** A message in one or more fragments, each with a control frame behind it. */
const message = fc.tuple(fc.constantFrom(1, 2), pieces).map(([opcode, parts]) => {
  const frames = parts.flatMap(({ text, key, control }, index) => {
    const final = index === parts.length - 1 ? 0x80 : 0
    return [clientFrame(final | (index === 0 ? opcode : 0), text, key), control.frame]
  })
  const whole = opcode === 1 ? `text ${parts.map(({ text }) => text).join('')}` : 'binary'
  const controls = parts.map(({ control }) => control.found)
  return { frames, found: [...controls.slice(0, -1), whole, ...controls.slice(-1)] }
})

describe('FrameParser', () => {
  it('finds the same wherever the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 5 }),
        fc.array(fc.nat(5_000), { maxLength: 40 }),
        (messages, places) => {
          const bytes = Buffer.concat(messages.flatMap(({ frames }) => frames))
          const expected = messages.flatMap(({ found }) => found)
          expect(foundIn([bytes], 10_000)).toEqual(expected)
          expect(foundIn(cut(bytes, places), 10_000)).toEqual(expected)
          expect(
            foundIn(
              Array.from(bytes, (byte) => Buffer.from([byte])),
              10_000,
            ),
          ).toEqual(expected)
        },
      ),
      { numRuns: 100 },
    )
  })

  it('takes for text exactly what is UTF-8', () => {
    const almost = fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      characters.map((text) => Buffer.from(text)),
      fc
        .constantFrom('efbfbd', 'eda080', 'c080', 'f0908080', 'f4908080', 'e282')
        .map((hex) => Buffer.from(hex, 'hex')),
    )
    fc.assert(
      fc.property(fc.array(almost, { maxLength: 4 }), (parts) => {
        const bytes = Buffer.concat(parts)
        const expected = isUtf8(bytes) ? [`text ${bytes}`] : ['violation 1007']
        expect(foundIn([clientFrame(0x81, bytes)])).toEqual(expected)
      }),
      { numRuns: 2_000 },
    )
  })

  it('finds at most one end in any bytes, and nothing behind it', () => {
    const nearlyFrames = fc
      .tuple(fc.nat(255), fc.nat(255), fc.uint8Array({ maxLength: 140 }))
      .map(([first, second, rest]) =>
        Buffer.from([first, second | (rest.length % 4 === 0 ? 0 : 0x80), ...rest]),
      )
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            nearlyFrames,
            message.map(({ frames }) => Buffer.concat(frames)),
          ),
        ),
        (parts) => {
          const found = foundIn(parts)
          const end = found.findIndex((what) => /^(closing|violation)/.test(what))
          expect(end === -1 ? found.length : end + 1).toBe(found.length)
          expect(foundIn(Array.from(Buffer.concat(parts), (byte) => Buffer.from([byte])))).toEqual(found)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('ignores what comes after it was stopped, also within the same bytes', () => {
    const { found, take, stop } = parser()
    take(clientFrame(0x01, 'half'))
    stop()
    take(clientFrame(0x80, 'whole'))
    expect(found).toEqual([])
  })

  it('undoes masks in the very bytes', () => {
    const bytes = clientFrame(0x81, 'plain')
    new FrameParser(deaf, 1000).take(bytes)
    expect(bytes.subarray(6).toString()).toBe('plain')
  })

  it('knows that a frame is too large from its header, however much it announces', () => {
    for (const size of [1001, 65_536, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 62]) {
      expect(foundIn([clientHeader(0x81, size)])).toEqual(['violation 1009'])
    }
  })

  it('sets no memory aside for what is announced and does not come', () => {
    const taken = buffersOf(() =>
      Array.from({ length: 1_000 }, () => {
        const { take, found } = parser(1_000_000)
        take(clientHeader(0x81, 1_000_000))
        take(Buffer.from('ten bytes.'))
        return { take, found }
      }),
    )
    expect(taken).toBeLessThan(2_000_000)
  })

  it('keeps nothing of binary messages', () => {
    const fragment = clientFrame(0x00, Buffer.alloc(100_000))
    const first = clientFrame(0x02)
    const taken = buffersOf(() => {
      const parser = new FrameParser(deaf, 50_000_000)
      parser.take(first)
      for (let part = 0; part < 400; part++) parser.take(fragment)
      return parser
    })
    expect(taken).toBeLessThan(1_000_000)
  })

  it('is not slowed down by a message that comes byte after byte', () => {
    const { found, take } = parser(1_000_000)
    take(clientHeader(0x81, 1_000_000))
    for (let come = 0; come < 1_000_000; come++) take(Buffer.from([0]))
    expect(found).toHaveLength(1)
  })
})
