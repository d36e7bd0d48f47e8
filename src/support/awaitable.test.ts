import { describe, expect, it } from 'vitest'
import { turn } from '../../test/support/parts.ts'
import { pending } from '../../test/support/pending.ts'
import { expectNoUnhandledRejections } from '../../test/support/unhandled.ts'
import { andThen, doAll, ignoreRejection, isPromise, orUndo } from './awaitable.ts'

const broken = new Error('broken')

function breaks(): never {
  throw broken
}

/** Steps, and the names of those that were taken. */
function recorded() {
  const taken: string[] = []
  return { taken, step: (name: string) => () => void taken.push(name) }
}

expectNoUnhandledRejections()

describe('isPromise', () => {
  it('is true of whatever has a method then', () => {
    const having = (then: unknown): object => Object.defineProperty({}, 'then', { value: then })
    expect([Promise.resolve(), having(() => {})].map(isPromise)).toEqual([true, true])
    const others = [undefined, null, 'then', having('now'), () => {}]
    expect(others.map(isPromise)).toEqual(others.map(() => false))
  })
})

describe('andThen', () => {
  it('goes on in the same step with what is there', () => {
    expect(andThen(1, (value) => value + 1)).toBe(2)
    expect(() => andThen(1, breaks)).toThrow(broken)
  })

  it('waits for what will be there, and for what follows', async () => {
    const { promise, resolve } = pending<number>()
    const sum = andThen(promise, async (value) => value + 1)
    resolve(1)
    expect(await sum).toBe(2)
    await expect(andThen(Promise.resolve(1), breaks)).rejects.toBe(broken)
  })

  it('does not go on after a failure', async () => {
    const { taken, step } = recorded()
    await expect(andThen(Promise.reject(broken), step('next'))).rejects.toBe(broken)
    expect(taken).toEqual([])
  })
})

describe('orUndo', () => {
  it.each([
    ['at once', () => 'done'],
    ['later', async () => 'done'],
  ])('undoes nothing when all goes well %s', async (_, run) => {
    const { taken, step } = recorded()
    expect(await orUndo(run, step('undone'))).toBe('done')
    expect(taken).toEqual([])
  })

  it('undoes in the same step what fails in it', () => {
    const { taken, step } = recorded()
    expect(() => orUndo(breaks, step('undone'))).toThrow(broken)
    expect(taken).toEqual(['undone'])
  })

  it.each([
    ['at once', breaks],
    ['later', async () => breaks()],
  ])('has undone it, however long that takes, before a failure that comes %s is told', async (_, run) => {
    const { taken, step } = recorded()
    const undo = () => turn().then(step('undone'))
    await expect(orUndo(run, undo)).rejects.toBe(broken)
    expect(taken).toEqual(['undone'])
  })
})

describe('doAll', () => {
  it('does all in the same step, in order, where nothing must be waited for', () => {
    const { taken, step } = recorded()
    expect(doAll(['a', 'b', 'c'].map(step))).toBeUndefined()
    expect(taken).toEqual(['a', 'b', 'c'])
    expect(doAll([])).toBeUndefined()
  })

  it('begins every step before it waits, and is done when the last one is', async () => {
    const { taken, step } = recorded()
    const [early, late] = [pending<void>(), pending<void>()]
    const done = andThen(doAll([() => late.promise, step('begun'), () => early.promise]), step('done'))
    expect(taken).toEqual(['begun'])
    early.resolve()
    await turn()
    expect(taken).toEqual(['begun'])
    late.resolve()
    await done
    expect(taken).toEqual(['begun', 'done'])
  })

  it.each([
    ['throws', breaks],
    ['rejects', async () => breaks()],
  ])('takes the steps that follow one that %s, and rejects with its failure', async (_, fails) => {
    const { taken, step } = recorded()
    const all = doAll([step('before'), fails, step('after'), async () => step('last')()])
    expect(taken).toEqual(['before', 'after', 'last'])
    await expect(all).rejects.toBe(broken)
  })

  it('tells of the failure that came first, and keeps the others from going unhandled', async () => {
    const other = async () => {
      throw new Error('other')
    }
    const late = () => turn().then(other)
    await expect(doAll([late, breaks, other])).rejects.toBe(broken)
  })
})

describe('ignoreRejection', () => {
  it('leaves nothing unhandled', () => {
    ignoreRejection(Promise.reject(broken))
  })
})
