import { beforeEach, describe, expect, it } from 'vitest'
import type { CloseCode } from '../protocol/codes.ts'
import { RefusalLog } from './refusal-log.ts'

const minute = 60_000

describe('RefusalLog', () => {
  let warned: string[]
  let debugged: string[]
  let log: RefusalLog

  beforeEach(() => {
    warned = []
    debugged = []
    log = new RefusalLog({
      debug: (line) => void debugged.push(line),
      info() {},
      warn: (line) => void warned.push(line),
      error() {},
    })
  })

  const refuse = (code: CloseCode, app?: string, reason = 'so') =>
    log.note({ code, url: '/app/k?token=sesame', app, reason, isExpected: false })
  /** A minute after what was noted last; in whole milliseconds, with which sums and differences are exact. */
  const later = () => Math.ceil(performance.now()) + minute

  it('warns of the first of a kind, and tells the others at debug', () => {
    for (let count = 0; count < 3; count++) refuse(4009, 'a')
    expect(warned).toEqual(['A connection was refused with 4009 at "/app/k": so'])
    expect(debugged).toEqual([warned[0], warned[0]])
  })

  it('tells codes and apps apart', () => {
    refuse(4009, 'a')
    refuse(4009, 'b')
    refuse(4001)
    expect(warned).toHaveLength(3)
  })

  it('says after a minute how many have followed, and why the last one did', () => {
    for (const reason of ['first', 'second', 'third']) refuse(4009, 'a', reason)
    log.sweep(performance.now())
    expect(warned).toHaveLength(1)
    log.sweep(later())
    expect(warned.slice(1)).toEqual([
      'Further connections refused with 4009: 2, the last one at "/app/k": third',
    ])
  })

  it('says nothing of a kind that has ended, and warns when it comes back', () => {
    refuse(4009, 'a')
    log.sweep(later())
    expect(warned).toHaveLength(1)
    refuse(4009, 'a')
    expect(warned).toHaveLength(2)
    expect(debugged).toEqual([])
  })

  it('goes on to say one line a minute while they keep coming', () => {
    refuse(4009, 'a')
    refuse(4009, 'a')
    const first = later()
    log.sweep(first)
    refuse(4009, 'a')
    log.sweep(first + minute - 1)
    expect(warned).toHaveLength(2)
    log.sweep(first + minute)
    expect(warned).toHaveLength(3)
  })

  it('is not flooded by more apps than anybody has', () => {
    for (let count = 0; count < 10_000; count++) refuse(4009, `app-${count}`)
    expect(warned).toHaveLength(101)
    log.sweep(later())
    expect(warned.slice(101)).toEqual([expect.stringContaining('4009: 9899, ')])
  })
})
