import { describe, expect, it } from 'vitest'
import { fits } from './fits.ts'

describe('fits', () => {
  it.each([
    ['*', 'news'],
    ['*', ''],
    ['**', 'news'],
    ['news', 'news'],
    ['private-*', 'private-orders.42'],
    ['private-*', 'private-'],
    ['*.42', 'private-orders.42'],
    ['private-*.42', 'private-orders.42'],
    ['*orders*', 'private-orders.42'],
    ['*orders*', 'orders'],
    ['a*b*c', 'abc'],
    ['a*b*c', 'a-b-b-c'],
    ['*a*a*a', 'aaa'],
    ['a*ab*b', 'aabb'],
  ])('%j takes %j', (pattern, name) => {
    expect(fits(pattern, name)).toBe(true)
  })

  it.each([
    ['news', 'new'],
    ['news', 'news2'],
    ['News', 'news'],
    ['private-*', 'x-private-orders'],
    ['private-*', 'privateer'],
    ['*.42', 'orders.421'],
    ['ab*ba', 'aba'],
    ['a*b*c', 'acb'],
    ['*a*a*a', 'aa'],
    ['a*ab*b', 'aab'],
    ['a.c', 'abc'],
    ['a+', 'aa'],
  ])('%j does not take %j', (pattern, name) => {
    expect(fits(pattern, name)).toBe(false)
  })

  it('is as quick with a pattern that makes an expression try for ever', () => {
    expect(fits(`${'a*'.repeat(60)}b`, 'a'.repeat(200))).toBe(false)
  })
})
