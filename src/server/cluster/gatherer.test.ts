import { describe, expect, it, vi } from 'vitest'
import { Gatherer, inBatches } from './gatherer.ts'

describe('Gatherer', () => {
  it('does in one call what is asked for in one turn, and in the next what is asked for then', async () => {
    const run = vi.fn(async () => {})
    const gatherer = new Gatherer<string>(run)
    await Promise.all([gatherer.add('a'), gatherer.add('b')])
    await gatherer.add('c')
    expect(run.mock.calls).toEqual([[['a', 'b']], [['c']]])
  })

  it('tells everybody whose item was in a call that failed, and nobody after them', async () => {
    const gatherer = new Gatherer<string>(
      vi.fn().mockRejectedValueOnce(new Error('broken')).mockResolvedValue(undefined),
    )
    const both = [gatherer.add('a'), gatherer.add('b')]
    for (const one of both) await expect(one).rejects.toThrow('broken')
    await gatherer.add('c')
  })

  it('makes calls of at most 512', async () => {
    const sizes: number[] = []
    await inBatches(Array.from({ length: 1100 }), async ({ length }) => void sizes.push(length))
    expect(sizes).toEqual([512, 512, 76])
  })
})
