import { describe, expect, it } from 'vitest'
import { slotOf } from './cluster-slots.ts'

describe('slotOf', () => {
  it('is what Redis says', () => {
    // CLUSTER KEYSLOT; the first is the check value of the specification.
    expect(['123456789', 'foo', '', 'ü'].map(slotOf)).toEqual([12_739, 12_182, 0, 9_552])
  })

  it('is that of the first hash tag that is not empty', () => {
    expect(slotOf('a{foo}b{bar}')).toBe(slotOf('foo'))
    expect(slotOf('{foo')).not.toBe(slotOf('foo'))
    expect(slotOf('{}{foo}')).not.toBe(slotOf('foo'))
    expect(slotOf('}{foo}')).toBe(slotOf('foo'))
  })
})
