import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyText } from '../../test/support/anything.ts'
import {
  channelString,
  isSignedBy,
  sign,
  signChannel,
  signUser,
  userString,
  verifyAuth,
} from './signature.ts'

const key = fc.string({ unit: fc.constantFrom(...'abcxyz0189-'), minLength: 1, maxLength: 20 })
const secret = fc.string({ minLength: 1, maxLength: 40 })
const credentials = fc.record({ key, secret })
const socketId = fc.tuple(fc.nat(), fc.nat()).map((parts) => parts.join('.'))
/** Whole characters only: halves of surrogate pairs are one and the same in UTF-8. */
const text = fc.string({ unit: 'binary', maxLength: 60 })
const data = fc.option(text, { nil: undefined })

/** A text with one character of it exchanged, left out or put in. */
function altered(given: string): fc.Arbitrary<string> {
  return fc
    .tuple(fc.nat(given.length), fc.nat(1), fc.string({ maxLength: 1 }))
    .map(([at, removed, added]) => given.slice(0, at) + added + given.slice(at + removed))
    .filter((other) => other !== given)
}

describe('A signature', () => {
  it('is believed by whoever has the secret, among others too', () => {
    fc.assert(
      fc.property(secret, fc.array(secret, { maxLength: 2 }), text, (own, others, signed) => {
        const signature = sign(own, signed)
        expect(isSignedBy([...others, own], signed, signature)).toBe(true)
        expect(isSignedBy(others, signed, signature)).toBe(others.includes(own))
      }),
    )
  })

  it('is of those very bytes, as text or not', () => {
    fc.assert(
      fc.property(secret, text, (own, signed) => {
        expect(sign(own, Buffer.from(signed))).toBe(sign(own, signed))
      }),
    )
  })

  it('is refused, and nothing is thrown, when it is any other text', () => {
    fc.assert(
      fc.property(secret, text, anyText(), (own, signed, other) => {
        expect(isSignedBy([own], signed, other)).toBe(false)
      }),
    )
  })

  it('is refused with any character changed, in it or in what was signed', () => {
    const changed = fc.tuple(secret, text).chain(([own, signed]) => {
      const signature = sign(own, signed)
      return fc.tuple(fc.constant({ own, signed, signature }), altered(signature), altered(signed))
    })
    fc.assert(
      fc.property(changed, ([{ own, signed, signature }, otherSignature, otherText]) => {
        expect(isSignedBy([own], signed, otherSignature)).toBe(false)
        expect(isSignedBy([own], otherText, signature)).toBe(false)
      }),
    )
  })
})

describe('The auth of a channel', () => {
  it('is verified for what it was made for', () => {
    fc.assert(
      fc.property(credentials, socketId, text, data, (own, socket, channel, channelData) => {
        const auth = signChannel(own, socket, channel, channelData)
        const signed = channelString(socket, channel, channelData)
        expect(verifyAuth(auth, own.key, [own.secret], signed)).toBe(true)
      }),
    )
  })

  it('is refused for another key, secret, socket, channel or data', () => {
    const both = fc.tuple(credentials, socketId, text, data)
    fc.assert(
      fc.property(both, both, fc.nat(30), (mine, yours, mask) => {
        // Some of what follows is mine, some is yours.
        const pick = <T>(bit: number, one: T, other: T) => ((mask & (1 << bit)) === 0 ? one : other)
        const [own, socket, channel, channelData] = mine
        const auth = signChannel(own, socket, channel, channelData)
        const otherKey = pick(0, own.key, yours[0].key)
        const otherSecret = pick(1, own.secret, yours[0].secret)
        const signed = channelString(socket, channel, channelData)
        const otherSigned = channelString(
          pick(2, socket, yours[1]),
          pick(3, channel, yours[2]),
          pick(4, channelData, yours[3]),
        )
        const same = otherKey === own.key && otherSecret === own.secret && otherSigned === signed
        expect(verifyAuth(auth, otherKey, [otherSecret], otherSigned)).toBe(same)
      }),
      { numRuns: 300 },
    )
  })

  it('is refused, and nothing is thrown, when it is any text', () => {
    fc.assert(
      fc.property(credentials, anyText(), anyText(), (own, auth, signed) => {
        expect(verifyAuth(auth, own.key, [own.secret], signed)).toBe(false)
        expect(verifyAuth(`${own.key}:${auth}`, own.key, [own.secret], signed)).toBe(false)
      }),
    )
  })

  it('cannot be taken for that of a user, nor the other way round', () => {
    fc.assert(
      fc.property(
        credentials,
        socketId,
        text,
        fc.constantFrom(...'_-=@,.;aZ0'),
        (own, socket, rest, first) => {
          // A channel name never begins with a colon: that is what keeps the two apart.
          const channel = first + rest
          expect(
            verifyAuth(signUser(own, socket, rest), own.key, [own.secret], channelString(socket, channel)),
          ).toBe(false)
          expect(
            verifyAuth(signChannel(own, socket, channel), own.key, [own.secret], userString(socket, rest)),
          ).toBe(false)
        },
      ),
    )
  })
})
