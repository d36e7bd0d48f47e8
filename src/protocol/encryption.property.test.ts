import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyText } from '../../test/support/anything.ts'
import { makeMasterKey, open, parseMasterKey, seal, sharedSecret } from './encryption.ts'

const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 })
const plaintext = fc.string({ unit: 'binary', maxLength: 300 })

describe('A master key', () => {
  it('is 32 bytes in Base64, and is read back as those bytes', () => {
    fc.assert(
      fc.property(bytes, (key) => {
        expect(parseMasterKey(Buffer.from(key).toString('base64'))).toEqual(Buffer.from(key))
      }),
    )
    expect(parseMasterKey(makeMasterKey())).toHaveLength(32)
  })

  it('is no other text', () => {
    const others = fc.oneof(
      anyText(),
      fc.uint8Array({ maxLength: 64 }).map((given) => Buffer.from(given).toString('base64')),
      fc.tuple(bytes, anyText(2)).map(([key, odd]) => Buffer.from(key).toString('base64') + odd),
    )
    fc.assert(
      fc.property(others, (text) => {
        const decoded = Buffer.from(text, 'base64')
        fc.pre(decoded.length !== 32 || decoded.toString('base64') !== text)
        expect(parseMasterKey(text)).toBeUndefined()
      }),
    )
  })
})

describe('A sealed text', () => {
  it('is opened with the same secret, whatever it says', () => {
    fc.assert(
      fc.property(bytes, anyText(), plaintext, (key, channel, text) => {
        const secret = sharedSecret(channel, key)
        expect(open(secret, seal(secret, text))).toBe(text)
      }),
    )
  })

  it('looks different each time', () => {
    fc.assert(
      fc.property(bytes, plaintext, (key, text) => {
        expect(seal(key, text)).not.toBe(seal(key, text))
      }),
    )
  })

  it('is not opened with the secret of another channel or of another master key', () => {
    const names = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(bytes, bytes, names, names, plaintext, (key, otherKey, channel, other, text) => {
        fc.pre(channel !== other && !Buffer.from(key).equals(otherKey))
        const sealed = seal(sharedSecret(channel, key), text)
        expect(open(sharedSecret(other, key), sealed)).toBeUndefined()
        expect(open(sharedSecret(channel, otherKey), sealed)).toBeUndefined()
      }),
    )
  })

  it('is not opened with any bit of it turned', () => {
    fc.assert(
      fc.property(bytes, plaintext, fc.boolean(), fc.nat(), fc.nat(7), (key, text, inNonce, at, bit) => {
        const parts = JSON.parse(seal(key, text)) as { nonce: string; ciphertext: string }
        const name = inNonce ? 'nonce' : 'ciphertext'
        const turned = Buffer.from(parts[name], 'base64')
        const index = at % turned.length
        turned.writeUInt8(turned.readUInt8(index) ^ (1 << bit), index)
        const altered = JSON.stringify({ ...parts, [name]: turned.toString('base64') })
        expect(open(key, altered)).toBeUndefined()
      }),
    )
  })

  it('is not opened when it is anything else, and nothing is thrown', () => {
    const nearly = fc
      .record({ nonce: fc.anything(), ciphertext: fc.anything() }, { requiredKeys: [] })
      .map((parts) =>
        JSON.stringify(parts, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
      )
    fc.assert(
      fc.property(bytes, fc.oneof(anyText(), fc.json(), nearly), (key, text) => {
        expect(open(key, text)).toBeUndefined()
      }),
    )
  })
})
