import { beforeEach, describe, expect, it } from 'vitest'
import { stoppedClock } from '../../../test/support/clock.ts'
import { channelName, makeApp } from '../../../test/support/parts.ts'
import { encodeFrame } from '../frame.ts'
import { MemoryEventLog } from './memory-log.ts'

const app = makeApp({ cacheTtl: 10 })
const prices = channelName('cache-prices')

let log: MemoryEventLog

beforeEach(() => {
  log = new MemoryEventLog()
})

/** Keeps an event; returns its position. */
function keep(event: string, data: string, channel = prices): number {
  const frame = encodeFrame(data)
  return log.keep(app, channel, { event, data, frame, except: undefined }).position
}

describe('MemoryEventLog', () => {
  it('keeps the last event of a channel, and says how long still', () => {
    const pass = stoppedClock()
    keep('a', '1')
    const position = keep('b', '2')
    pass(4)
    expect(log.last(app, prices)).toEqual({ event: 'b', data: '2', position, ttl: 6 })
  })

  it('numbers events above 0, each later one higher, also after one has expired', () => {
    const pass = stoppedClock()
    const first = keep('a', '1')
    pass(11)
    expect(first).toBeGreaterThan(0)
    expect(keep('a', '1')).toBeGreaterThan(first)
  })

  it('leaves the delivery to whoever asked, as nothing arrives from anywhere', () => {
    const event = { event: 'a', data: '1', frame: encodeFrame('1'), except: undefined }
    expect(log.keep(app, prices, event)).toMatchObject({ arrives: false })
  })

  it('C87 forgets an event when its time is over', () => {
    const pass = stoppedClock()
    keep('a', '1')
    pass(10)
    expect(log.last(app, prices)).toBeUndefined()
  })

  it('C178 keeps apps and channels apart', () => {
    keep('a', '1')
    expect(log.last(makeApp({ id: 'other' }), prices)).toBeUndefined()
    expect(log.last(app, channelName('cache-other'))).toBeUndefined()
  })

  it.each(['cache-__proto__', 'cache-constructor'])('C70 takes %s for a name like any other', (name) => {
    expect(log.last(app, channelName(name))).toBeUndefined()
    keep('a', '1', channelName(name))
    expect(log.last(app, channelName(name))).toMatchObject({ event: 'a' })
  })
})
