import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyText } from '../../test/support/anything.ts'
import { kindOf, parseChannelName, parseSocketId, userChannel } from './names.ts'

const alphabet = 'abcxyzABCXYZ0189_-=@,.;'
const prefixes = [
  '',
  'private-',
  'private-encrypted-',
  'private-cache-',
  'private-encrypted-cache-',
  'presence-',
  'presence-cache-',
  'cache-',
]

const legal = fc
  .tuple(
    fc.constantFrom(...prefixes),
    fc.string({ unit: fc.constantFrom(...alphabet), minLength: 1, maxLength: 170 }),
  )
  .map((parts) => parts.join(''))
/** A legal name with one character that may be anything put into it, at the ends too. */
const nearlyLegal = fc
  .tuple(legal, anyText(1), fc.nat(200))
  .map(([name, odd, at]) => name.slice(0, at) + odd + name.slice(at))

describe('A channel name', () => {
  it('of the alphabet and of allowed length is vouched for as it stands', () => {
    fc.assert(
      fc.property(legal, (name) => {
        expect(parseChannelName(name)).toBe(name)
      }),
    )
  })

  it.each([
    ['anything', anyText(250)],
    ['one odd character', nearlyLegal],
  ])('is vouched for if and only if all of it is of the alphabet, with %s in it', (_, texts) => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 250 }), (text, maxLength) => {
        fc.pre(!text.startsWith('#server-to-user-'))
        const allowed = text !== '' && text.length <= maxLength && !/[^\w\-=@,.;]/.test(text)
        expect(parseChannelName(text, maxLength)).toBe(allowed ? text : undefined)
      }),
      { numRuns: 500 },
    )
  })

  it('of a user is vouched for whatever stands in the id, up to 128 characters', () => {
    fc.assert(
      fc.property(anyText(300), (id) => {
        const name = userChannel(id)
        const characters = [...id].length
        const expected = characters >= 1 && characters <= 128 ? name : undefined
        expect(parseChannelName(name)).toBe(expected)
        expect(kindOf(name)).toEqual({ access: 'user', encrypted: false, cached: false })
      }),
    )
  })

  it('is parsed the same a second time', () => {
    fc.assert(
      fc.property(fc.oneof(legal, nearlyLegal), (name) => {
        const parsed = parseChannelName(name)
        if (parsed !== undefined) expect(parseChannelName(parsed)).toBe(parsed)
      }),
    )
  })

  it('has a kind that every part of the name agrees with', () => {
    fc.assert(
      fc.property(fc.oneof(legal, anyText()), (name) => {
        const { access, encrypted, cached } = kindOf(name)
        expect(access === 'private').toBe(name.startsWith('private-'))
        expect(access === 'presence').toBe(name.startsWith('presence-'))
        expect(access === 'user').toBe(name.startsWith('#server-to-user-'))
        expect(encrypted).toBe(name.startsWith('private-encrypted-'))
        expect(cached).toBe(/^(?:private-(?:encrypted-)?|presence-)?cache-/.test(name))
      }),
    )
  })
})

describe('A socket id', () => {
  it('is digits, a dot, digits, and nothing else', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (one, two) => {
        expect(parseSocketId(`${one}.${two}`)).toBe(`${one}.${two}`)
      }),
    )
    const nearly = fc.tuple(fc.nat(), anyText(3), fc.nat(), anyText(3)).map((parts) => parts.join(''))
    fc.assert(
      fc.property(nearly, (id) => {
        fc.pre(!/^[0-9]+\.[0-9]+$/.test(id))
        expect(parseSocketId(id)).toBeUndefined()
      }),
    )
  })
})
