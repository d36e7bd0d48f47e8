import { describe, expect, it } from 'vitest'
import { listed } from './listed.ts'

describe('listed', () => {
  it('names three, and says how many more there are', () => {
    const names = ['a', 'b', 'c', 'd', 'e']
    expect(names.map((_, index) => listed(names.slice(0, index + 1)))).toEqual([
      'a',
      'a, b',
      'a, b, c',
      'a, b, c and 1 more',
      'a, b, c and 2 more',
    ])
  })
})
