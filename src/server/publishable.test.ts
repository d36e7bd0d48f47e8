import { describe, expect, it } from 'vitest'
import { makeApp } from '../../test/support/parts.ts'
import { RefusedError } from './errors.ts'
import { checkChannel, checkPublishable } from './publishable.ts'

const app = makeApp({ maxEventSize: 10, maxChannelsPerEvent: 2, maxChannelName: 20 })

interface Given {
  name?: string
  channels?: readonly string[]
  data?: string
}

const check = ({ name = 'order.paid', channels = ['news'], data = '{}' }: Given) =>
  checkPublishable(app, name, channels, data)

function refusal(given: Given): number {
  try {
    check(given)
  } catch (thrown) {
    if (thrown instanceof RefusedError) return thrown.answered
    throw thrown
  }
  throw new Error('was allowed')
}

describe('checkPublishable', () => {
  it('vouches for the channels', () => {
    expect(check({ channels: ['news', 'private-orders.42'] })).toEqual(['news', 'private-orders.42'])
  })

  it.each(['a', 'é'.repeat(200), 'App\\Events\\Paid', 'client-x', 'pusherx:a', '__proto__'])(
    'C133 allows the name %j',
    (name) => {
      expect(check({ name })).toEqual(['news'])
    },
  )

  it.each(['', 'a'.repeat(201), 'pusher:x', 'pusher_internal:member_added'])(
    'C133 refuses the name %j with 400',
    (name) => {
      expect(refusal({ name })).toBe(400)
    },
  )

  it('C132 allows as many channels as the app does, and at least one', () => {
    expect(check({ channels: ['a', 'b'] })).toHaveLength(2)
    expect(refusal({ channels: ['a', 'b', 'c'] })).toBe(400)
    expect(refusal({ channels: [] })).toBe(400)
  })

  it('refuses data that is no text', () => {
    expect(refusal({ data: { id: 1 } as unknown as string })).toBe(400)
  })

  it('C132 takes a channel that is named twice once', () => {
    expect(check({ channels: ['a', 'b', 'a'] })).toEqual(['a', 'b'])
  })

  it('C133 refuses all for one bad channel', () => {
    expect(refusal({ channels: ['news', 'a b'] })).toBe(400)
  })

  it('C135 allows as many bytes of data as the app does, and no data at all', () => {
    expect(check({ data: 'é'.repeat(5) })).toEqual(['news'])
    expect(check({ data: '' })).toEqual(['news'])
    expect(refusal({ data: `${'é'.repeat(5)}x` })).toBe(413)
  })

  it('says of which event there are too many bytes, how many, and what would allow them', () => {
    expect(() => check({ channels: ['news', 'orders'], data: `${'é'.repeat(5)}x` })).toThrow(
      'The data of an event has at most 10 bytes (REVERB_MAX_EVENT_SIZE, or maxEventSize of the app); ' +
        '"order.paid" on news, orders has 11',
    )
  })
})

describe('checkChannel', () => {
  it('lets a channel of a user be published to', () => {
    expect(checkChannel(app, '#server-to-user-u 1')).toBe('#server-to-user-u 1')
  })

  it('repeats no more of a name than is allowed', () => {
    expect(() => checkChannel(app, 'x'.repeat(10_000))).toThrow(`"${'x'.repeat(20)}" is not a channel name`)
  })
})
