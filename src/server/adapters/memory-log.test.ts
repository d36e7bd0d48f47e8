import { beforeEach, describe, expect, it } from 'vitest'
import { stoppedClock } from '../../../test/support/clock.ts'
import { channelName, makeApp } from '../../../test/support/parts.ts'
import { MemoryEventLog } from './memory-log.ts'

const app = makeApp({ cacheTtl: 10 })
const prices = channelName('cache-prices')

let log: MemoryEventLog

beforeEach(() => {
  log = new MemoryEventLog()
})

describe('MemoryEventLog', () => {
  it('keeps the last event of a channel, and says how long still', () => {
    const pass = stoppedClock()
    log.keep(app, prices, 'a', '1')
    const position = log.keep(app, prices, 'b', '2')
    pass(4)
    expect(log.last(app, prices)).toEqual({ event: 'b', data: '2', position, ttl: 6 })
  })

  it('numbers events above 0, each later one higher, also after one has expired', () => {
    const pass = stoppedClock()
    const first = log.keep(app, prices, 'a', '1')
    pass(11)
    expect(first).toBeGreaterThan(0)
    expect(log.keep(app, prices, 'a', '1')).toBeGreaterThan(first)
  })

  it('C87 forgets an event when its time is over', () => {
    const pass = stoppedClock()
    log.keep(app, prices, 'a', '1')
    pass(10)
    expect(log.last(app, prices)).toBeUndefined()
  })

  it('C178 keeps apps and channels apart', () => {
    log.keep(app, prices, 'a', '1')
    expect(log.last(makeApp({ id: 'other' }), prices)).toBeUndefined()
    expect(log.last(app, channelName('cache-other'))).toBeUndefined()
  })

  it.each(['cache-__proto__', 'cache-constructor'])('C70 takes %s for a name like any other', (name) => {
    expect(log.last(app, channelName(name))).toBeUndefined()
    log.keep(app, channelName(name), 'a', '1')
    expect(log.last(app, channelName(name))).toMatchObject({ event: 'a' })
  })
})
