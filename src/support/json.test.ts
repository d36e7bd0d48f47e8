import { describe, expect, it } from 'vitest'
import { asObject, memberOf, parseObject } from './json.ts'

describe('parseObject', () => {
  it.each(['', '{', '[]', '7', 'null', '"a"', 'undefined'])('gives nothing for %j', (text) => {
    expect(parseObject(text)).toBeUndefined()
  })

  it('gives the object, whatever its members are called', () => {
    expect(memberOf(parseObject('{"__proto__":7}'), '__proto__')).toBe(7)
  })
})

describe('asObject', () => {
  it('knows objects from everything else', () => {
    const given = { a: 1 }
    expect(asObject(given)).toBe(given)
    expect([[], null, undefined, 7, 'a', () => {}].map(asObject)).toEqual(Array(6).fill(undefined))
  })
})

describe('memberOf', () => {
  it('finds only what the object has itself', () => {
    expect([memberOf({ a: 1 }, 'a'), memberOf({}, 'constructor'), memberOf(undefined, 'a')]).toEqual([
      1,
      undefined,
      undefined,
    ])
  })
})
