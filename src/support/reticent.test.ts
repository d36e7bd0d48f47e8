import { inspect, isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import { reticent, withHidden } from './reticent.ts'

const given = { name: 'a', secret: 'sesame', other: undefined }
const made = reticent({ ...given }, (object) => withHidden(object, ['secret', 'other']))

describe('reticent', () => {
  it('hides in print and in JSON what shall not be seen, and nothing else', () => {
    expect(inspect(made)).toBe("{ name: 'a', secret: '***', other: undefined }")
    expect(inspect([{ made }], { depth: null, showHidden: true })).not.toContain('sesame')
    expect(JSON.stringify({ made })).toBe('{"made":{"name":"a","secret":"***"}}')
  })

  it('leaves reading, comparing, listing and spreading as they were', () => {
    expect(made.secret).toBe('sesame')
    expect(isDeepStrictEqual(made, given)).toBe(true)
    expect(Object.keys(made)).toEqual(['name', 'secret', 'other'])
    expect({ ...made }).toEqual(given)
  })
})
