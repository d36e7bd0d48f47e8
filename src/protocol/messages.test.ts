import { describe, expect, it } from 'vitest'
import {
  channelEvent,
  connectionEstablished,
  error,
  memberAdded,
  memberRemoved,
  pong,
  roster,
  subscriptionError,
  subscriptionSucceeded,
} from './messages.ts'
import type { SocketId } from './names.ts'

describe('connectionEstablished', () => {
  it('C2 holds socket id and activity timeout in a string', () => {
    expect(connectionEstablished('218912.44719' as SocketId, 120)).toBe(
      '{"event":"pusher:connection_established","data":"{\\"socket_id\\":\\"218912.44719\\",\\"activity_timeout\\":120}"}',
    )
  })
})

describe('error', () => {
  it('C13 has its data as an object, and a channel only when it is about one', () => {
    expect(JSON.parse(error(4001, 'Unknown'))).toStrictEqual({
      event: 'pusher:error',
      data: { message: 'Unknown', code: 4001 },
    })
    expect(JSON.parse(error(null, 'No', 'private-x'))).toStrictEqual({
      event: 'pusher:error',
      data: { message: 'No', code: null },
      channel: 'private-x',
    })
  })
})

describe('pong', () => {
  it('C21 has the data "{}" as a string', () => {
    expect(JSON.parse(pong)).toStrictEqual({ event: 'pusher:pong', data: '{}' })
  })
})

describe('subscriptionSucceeded', () => {
  it('C37 has the data "{}" unless there is a roster', () => {
    expect(JSON.parse(subscriptionSucceeded('news'))).toStrictEqual({
      event: 'pusher_internal:subscription_succeeded',
      channel: 'news',
      data: '{}',
    })
    expect(JSON.parse(subscriptionSucceeded('presence-x', '{"presence":{}}'))).toMatchObject({
      data: '{"presence":{}}',
    })
  })
})

describe('roster', () => {
  it('C61 lists count, ids in order and infos', () => {
    const members = [
      { id: '9', info: '{"name":"Zoë"}' },
      { id: '7', info: '{}' },
    ]
    expect(roster(members)).toBe(
      '{"presence":{"count":2,"ids":["9","7"],"hash":{"9":{"name":"Zoë"},"7":{}}}}',
    )
  })

  it('is complete without a member', () => {
    expect(roster([])).toBe('{"presence":{"count":0,"ids":[],"hash":{}}}')
  })

  it('C70 is safe with any user id', () => {
    const ids = ['__proto__', 'constructor', '"', '\\', '\n', 'ü💥', '}']
    const { presence } = JSON.parse(roster(ids.map((id) => ({ id, info: '{"a":1}' }))))
    expect(presence.ids).toEqual(ids)
    expect(presence.count).toBe(ids.length)
    expect(Object.keys(presence.hash)).toEqual(ids)
    for (const id of ids) expect(Object.getOwnPropertyDescriptor(presence.hash, id)?.value).toEqual({ a: 1 })
  })

  it('takes any iterable', () => {
    const members = new Map([['7', { id: '7', info: '{}' }]])
    expect(JSON.parse(roster(members.values())).presence.ids).toEqual(['7'])
  })
})

describe('memberAdded and memberRemoved', () => {
  it('C63 C66 C70 hold the user, whatever its id', () => {
    for (const id of ['7', '__proto__', '"\\\n']) {
      expect(JSON.parse(memberAdded({ id, info: '{"name":"Zoë"}' }))).toEqual({
        user_id: id,
        user_info: { name: 'Zoë' },
      })
      expect(JSON.parse(memberRemoved(id))).toEqual({ user_id: id })
    }
  })
})

describe('subscriptionError', () => {
  it.each([
    ['unauthorized', 'AuthError', 401],
    ['invalidName', 'LimitReached', 4009],
    ['tooMany', 'LimitReached', 4100],
    ['tooLarge', 'LimitReached', 4301],
    ['internal', 'ServerError', 4302],
  ] as const)('C43 says of %s: %s, %d, in a string', (failure, type, status) => {
    const { event, channel, data } = JSON.parse(subscriptionError('private-x', failure, 'No'))
    expect({ event, channel }).toEqual({ event: 'pusher:subscription_error', channel: 'private-x' })
    expect(JSON.parse(data)).toStrictEqual({ type, error: 'No', status })
  })

  it('C58 has the same content for .NET under an internal name', () => {
    const [usual, internal] = [false, true].map((flag) =>
      JSON.parse(subscriptionError('private-x', 'unauthorized', 'No', flag)),
    )
    expect(internal).toStrictEqual({ ...usual, event: 'pusher_internal:subscription_error' })
  })
})

describe('channelEvent', () => {
  it('C130 passes the data on as the string it is', () => {
    for (const data of ['', '1', '{"a": 1 }', 'ü\u2028"\\', '\ud800']) {
      const parsed = JSON.parse(channelEvent('news', 'order.paid', data))
      expect(parsed).toStrictEqual({ event: 'order.paid', channel: 'news', data })
    }
  })

  it('C99 names the user only where one is given', () => {
    expect(JSON.parse(channelEvent('presence-x', 'client-x', '1', '7'))).toStrictEqual({
      event: 'client-x',
      channel: 'presence-x',
      data: '1',
      user_id: '7',
    })
  })

  it('C170 passes on backslashes in event names', () => {
    expect(JSON.parse(channelEvent('news', 'App\\Events\\Paid', '1')).event).toBe('App\\Events\\Paid')
  })
})
