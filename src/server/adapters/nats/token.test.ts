import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { textOf, tokenOf } from './token.ts'

// Made here, as Fast-check takes a second of its own for the first of them.
const anyCharacters = fc.string({ unit: 'binary' })

describe('tokenOf', () => {
  it('leaves plain names readable', () => {
    expect(tokenOf('presence-room_1')).toBe('presence-room_1')
    expect(tokenOf('news.*')).toBe('news=002e=002a')
  })

  it('makes one legal token of any text, and textOf the text of it', () => {
    fc.assert(
      fc.property(anyCharacters, (text) => {
        expect(tokenOf(text)).toMatch(/^[\w=-]+$/)
        expect(textOf(tokenOf(text))).toBe(text)
      }),
    )
  })

  it('tells apart what UTF-8 does not, and nothing from something', () => {
    const texts = ['', '=', '==', '=003d', '\ud83d', '\ude00', '😀', ' ']
    expect(new Set(texts.map(tokenOf)).size).toBe(texts.length)
    expect(texts.map((text) => textOf(tokenOf(text)))).toEqual(texts)
  })
})
