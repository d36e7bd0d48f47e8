import { describe, expect, it } from 'vitest'
import { parameterOf } from './query.ts'

describe('parameterOf', () => {
  it.each([
    '/app/key?protocol=7&client=js&version=8.4',
    '/app/key?client=js&protocol=7',
    '/app/key?protocol',
    '/app/key?protocol=&client=js',
    '/app/key?protocol&client=js',
    '/app/key?protocol=7&protocol=6',
    '/app/key?protocols=5&protocol=7',
    '/app/key?my-protocol=5',
    '/app/key?client=protocol=7',
    '/app/key?protocol=a=b',
    '/app/key?protocol=%37+%zz',
    '/app/key?client=a?protocol=7',
    '/app/key?&&protocol=7&',
    '/app/key?protocol=7?client=js',
    '/app/key?',
    '/app/key',
    '/protocol=7',
    '',
  ])('says of %j what URLSearchParams does', (url) => {
    const [, query = ''] = /^[^?]*\?(.*)$/.exec(url) ?? []
    const expected = new URLSearchParams(query)
    for (const name of ['protocol', 'client']) {
      expect(parameterOf(url, name)).toBe(expected.get(name) ?? undefined)
    }
  })
})
