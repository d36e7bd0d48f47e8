import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Envelope, readEnvelope, writeEnvelope } from './envelope.ts'

const short = (max: number) => fc.string({ maxLength: max, unit: 'grapheme-ascii' })
const envelopes: fc.Arbitrary<Envelope> = fc.record({
  kind: fc.constantFrom('event', 'control'),
  sender: fc
    .string({ minLength: 1, maxLength: 60, unit: 'grapheme' })
    .filter((text) => Buffer.byteLength(text) < 256),
  except: short(40),
  body: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
})

describe('an envelope', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(envelopes, (envelope) => {
        expect(readEnvelope(writeEnvelope(envelope))).toEqual({ ...envelope, position: 0 })
      }),
    )
  })

  it('carries the position that a broker has written over its first bytes', () => {
    const bytes = writeEnvelope({ kind: 'event', sender: 'a', except: '', body: Buffer.of(1) })
    bytes.writeBigUInt64BE(1_764_000_000_000_000n)
    expect(readEnvelope(bytes)?.position).toBe(1_764_000_000_000_000)
  })

  it('is none when it is cut off within its header, of another layout or kind, or any other bytes', () => {
    const bytes = writeEnvelope({ kind: 'control', sender: 'node', except: '1.2', body: Buffer.alloc(0) })
    for (let end = 0; end < bytes.length; end++) expect(readEnvelope(bytes.subarray(0, end))).toBeUndefined()
    for (const at of [8, 9]) expect(readEnvelope(Buffer.from(bytes).fill(7, at, at + 1))).toBeUndefined()
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (any) => void readEnvelope(Buffer.from(any))))
  })
})
