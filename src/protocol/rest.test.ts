import { describe, expect, it } from 'vitest'
import { batchBody, eventBody, parseInfo } from './rest.ts'

const event = { name: 'order.paid', channels: ['news'], data: '{"id":42}' }

/** What is wrong with a body, as people read it. */
function complaints(body: unknown, schema: typeof eventBody | typeof batchBody = eventBody): string[] {
  const result = schema.safeParse(body)
  return result.success ? [] : result.error.issues.map((issue) => issue.message)
}

describe('eventBody', () => {
  it('C130 keeps the data as it is', () => {
    for (const data of ['', 'plain', '{"id": 42 }', 'ü💥']) {
      expect(eventBody.parse({ ...event, data }).data).toBe(data)
    }
  })

  it('C134 turns data that is no string into JSON', () => {
    expect(eventBody.parse({ ...event, data: { a: [1, null] } }).data).toBe('{"a":[1,null]}')
    expect(eventBody.parse({ ...event, data: 0 }).data).toBe('0')
    expect(eventBody.parse({ ...event, data: false }).data).toBe('false')
  })

  it('C132 takes channel or channels, and channels when there are both', () => {
    const { channels: _, ...bare } = event
    expect(eventBody.parse({ ...bare, channel: 'a' }).channels).toEqual(['a'])
    expect(eventBody.parse({ ...bare, channels: ['b'], channel: 'a' }).channels).toEqual(['b'])
    expect(eventBody.parse({ ...bare, channels: null, channel: 'a' }).channels).toEqual(['a'])
    expect(complaints(bare)).toEqual(['"channels" or "channel" is required'])
  })

  it('C132 leaves the number of channels to the server', () => {
    expect(eventBody.parse({ ...event, channels: [] }).channels).toEqual([])
  })

  it('C133 accepts event names of 1 to 200 characters, backslashes too', () => {
    for (const name of ['x', 'x'.repeat(200), 'App\\Events\\Paid', 'client-x', 'pusher', '__proto__']) {
      expect(complaints({ ...event, name })).toEqual([])
    }
  })

  it.each([undefined, null, 1])('C133 refuses the event name %s', (name) => {
    expect(complaints({ ...event, name })).toEqual(['"name" must be a string'])
  })

  it('C133 refuses missing data and null', () => {
    const { data: _, ...bare } = event
    expect(complaints(bare)).toEqual(['"data" is required'])
    expect(complaints({ ...event, data: null })).toEqual(['"data" is required'])
  })

  it('C136 refuses data nested too deeply to be passed on', () => {
    const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)
    expect(complaints({ ...event, data: deep })).toEqual(['"data" is nested too deeply'])
  })

  it('C131 accepts a socket id, none, and null', () => {
    expect(eventBody.parse({ ...event, socket_id: '1.2' }).socket_id).toBe('1.2')
    expect(complaints(event)).toEqual([])
    expect(complaints({ ...event, socket_id: null })).toEqual([])
  })

  it.each([[''], ['x'], ['1'], ['1.2.3'], [1.2], [{}], [['1.2']]])(
    'C131 refuses the socket id %j',
    (socketId) => {
      expect(complaints({ ...event, socket_id: socketId })).toHaveLength(1)
    },
  )

  it.each([[['a', 1]], [{ 0: 'a' }], ['a'], [1]])('C132 refuses the channels %j', (channels) => {
    expect(complaints({ ...event, channels })).toHaveLength(1)
  })

  it.each([[null], [1], ['text'], [[]], [true]])('refuses the body %j', (body) => {
    expect(complaints(body)).toHaveLength(1)
  })

  it('ignores members it does not know', () => {
    expect(complaints({ ...event, more: 1, tags: {} })).toEqual([])
  })
})

describe('batchBody', () => {
  const entry = { name: 'a', channel: 'news', data: '1' }

  it('C138 keeps the order of the entries', () => {
    const names = ['c', 'a', 'b']
    const parsed = batchBody.parse({ batch: names.map((name) => ({ ...entry, name })) })
    expect(parsed.batch.map(({ name }) => name)).toEqual(names)
  })

  it.each([
    { ...entry, name: undefined },
    { ...entry, channel: undefined },
    { ...entry, channel: ['news'] },
    { ...entry, data: undefined },
    { ...entry, socket_id: 'x' },
    null,
  ])('C138 refuses a batch with the entry %j', (bad) => {
    expect(complaints({ batch: [entry, bad] }, batchBody)).toHaveLength(1)
  })

  it.each([[{}], [{ batch: null }], [{ batch: {} }], [[]]])('refuses the body %j', (body) => {
    expect(complaints(body, batchBody)).toHaveLength(1)
  })
})

describe('parseInfo', () => {
  it.each<[list: string | null | undefined, attributes: string[]]>([
    [undefined, []],
    [null, []],
    ['', []],
    ['user_count', ['user_count']],
    ['subscription_count,user_count', ['user_count', 'subscription_count']],
    [' user_count , subscription_count ', ['user_count', 'subscription_count']],
    ['user_count,user_count,cakes,__proto__', ['user_count']],
  ])('C137 reads %j as %j', (list, attributes) => {
    expect([...parseInfo(list)].sort()).toEqual([...attributes].sort())
  })
})
