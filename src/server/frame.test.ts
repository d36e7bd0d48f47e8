import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import * as ws from 'ws'
import { encodeFrame, pingFrame } from './frame.ts'

// @types/ws lacks the Receiver, which ws exports.
const { Receiver } = ws as unknown as { Receiver: new (options: { isServer: boolean }) => Writable }

/** What ws makes of a frame that a server sent. */
async function received(frame: Buffer): Promise<{ text: string; isBinary: boolean }> {
  const receiver = new Receiver({ isServer: false })
  const message = once(receiver, 'message')
  receiver.write(frame)
  const [data, isBinary] = await message
  return { text: String(data), isBinary }
}

describe('encodeFrame', () => {
  it.each([0, 1, 125, 126, 65_535, 65_536, 200_000])(
    'encodes %i bytes as one text message',
    async (length) => {
      const text = 'x'.repeat(length)
      expect(await received(encodeFrame(text))).toEqual({ text, isBinary: false })
    },
  )

  it.each([
    [125, 2],
    [126, 4],
    [65_535, 4],
    [65_536, 10],
  ])('takes for %i bytes the shortest header, of %i', (length, header) => {
    expect(encodeFrame('x'.repeat(length))).toHaveLength(header + length)
  })

  it('counts bytes, not characters', async () => {
    const text = '€'.repeat(42)
    expect(encodeFrame(text)).toHaveLength(4 + 126)
    expect(await received(encodeFrame(text))).toEqual({ text, isBinary: false })
  })

  it('makes valid UTF-8 of half a surrogate pair', async () => {
    expect(await received(encodeFrame('a\ud83d'))).toEqual({ text: 'a\ufffd', isBinary: false })
  })

  it('takes memory of its own, so that a waiting frame keeps no pool alive', () => {
    expect(encodeFrame('x').buffer.byteLength).toBe(3)
  })
})

describe('pingFrame', () => {
  it('is a ping without content', async () => {
    const receiver = new Receiver({ isServer: false })
    const ping = once(receiver, 'ping')
    receiver.write(pingFrame)
    expect((await ping)[0]).toHaveLength(0)
  })
})
