import { describe, expect, it } from 'vitest'
import { payloadOf, type ServerMessage } from '../../src/testing/index.ts'
import { bystander } from '../support/bystander.ts'
import { clipped } from '../support/clipped.ts'
import { harmlessError, overLimit, subscriptionError, unauthorized } from '../support/refusal.ts'
import { startServer } from '../support/server.ts'

const anything = [
  null,
  0,
  -1,
  1e308,
  true,
  false,
  '',
  'text',
  [],
  ['a'],
  {},
  { a: 1 },
  '__proto__',
  'constructor',
]
const notText = anything.filter((value) => typeof value !== 'string')
const notFields = anything.filter(
  (value) => typeof value !== 'object' || value === null || Array.isArray(value),
)

/** What a fresh client is told when it says this, after the bystander has been found unharmed. */
async function answersTo(...messages: (string | object | Uint8Array)[]): Promise<ServerMessage[]> {
  const running = await startServer()
  const witness = await bystander(running)
  const client = await running.connect()
  for (const message of messages) client.send(message)
  const answers = await client.rest()
  await witness.unharmed()
  expect(running.server.counters).toMatchObject({ connectionsClosed: 0, handlerFailures: 0 })
  return answers
}

describe('text that is no message', () => {
  const texts = [
    'not json',
    '\0',
    '\uFEFF{"event":"pusher:ping"}',
    '{"event":"pusher:ping"}{"event":"pusher:ping"}',
    '{event:"pusher:ping"}',
    '{"event":"pusher:ping",}',
    'NaN',
    '"\\ud800"',
    `"${'x'.repeat(100_000)}"`,
    `[${'1,'.repeat(40_000)}1]`,
    ' '.repeat(100_000),
  ]
  it.each(texts.map((text) => [clipped(text), text]))('%j gets one error', async (_, text = '') => {
    expect(await answersTo(text)).toEqual([harmlessError()])
  })

  it.each([
    ['arrays', '['.repeat(100_000)],
    ['closed arrays', '['.repeat(50_000) + ']'.repeat(50_000)],
    ['objects', '{"a":'.repeat(20_000)],
    ['closed objects', `${'{"a":'.repeat(17_000)}1${'}'.repeat(17_000)}`],
  ])('nested deeply in %s gets one error', async (_, text) => {
    expect(await answersTo(text)).toEqual([harmlessError()])
  })

  it.each([0, 1, 125, 126, 65_536, 102_400])('%d bytes of binary get one error', async (size) => {
    expect(await answersTo(Buffer.alloc(size, 0xff))).toEqual([harmlessError()])
  })
})

describe('fields of another type', () => {
  it.for(notText)('event %j gets one error', async (event) => {
    const answers = await answersTo({ event, channel: 'bystanders', data: {} })
    expect(answers).toEqual([harmlessError()])
  })

  it.each(['pusher:subscribe', 'pusher:unsubscribe'])('data of %s gets one error each', async (event) => {
    const answers = await answersTo({ event }, ...notFields.slice(0, 8).map((data) => ({ event, data })))
    expect(answers).toEqual(Array.from({ length: 9 }, () => harmlessError()))
  })

  it.each(['pusher:subscribe', 'pusher:unsubscribe'])('channel of %s gets one error each', async (event) => {
    const answers = await answersTo(
      { event, data: {} },
      ...notText.map((channel) => ({ event, data: { channel } })),
    )
    expect(answers).toEqual(Array.from({ length: Math.min(10, notText.length + 1) }, () => harmlessError()))
  })

  it.for(anything)('auth %j of a private channel is refused', async (auth) => {
    const data = { channel: 'private-x', auth }
    expect(await answersTo({ event: 'pusher:subscribe', data })).toEqual([unauthorized('private-x')])
  })

  it.for(anything)('channel_data %j of a presence channel is refused', async (channelData) => {
    const client = await (await startServer()).connect()
    const { auth } = client.signed('presence-x', { user_id: '7' })
    expect(await client.subscribe('presence-x', { auth, channelData })).toEqual(unauthorized('presence-x'))
    await client.silence()
  })

  it.for(notText)('channel %j of a client event gets one error', async (channel) => {
    const answers = await answersTo({ event: 'client-x', channel, data: {} })
    expect(answers).toEqual([harmlessError()])
  })

  it.for(anything)('data %j of ping and pong is nobody’s business', async (data) => {
    const answers = await answersTo({ event: 'pusher:pong', data })
    expect(answers).toEqual([])
  })

  it.for(anything)('user_info %j is passed on or refused, and nothing breaks', async (info) => {
    const running = await startServer()
    const [first, second] = await running.connectMany(2)
    await first.join('presence-x', { user_id: 'first' })
    const fields = second.signed('presence-x', { user_id: 'second', user_info: info })
    const answer = await second.subscribe('presence-x', fields)
    const [told] = await first.rest()
    if (answer.event === 'pusher:subscription_error') expect(told).toBeUndefined()
    else expect(told && payloadOf(told)).toEqual({ user_id: 'second', user_info: info ?? {} })
  })
})

describe('deep nesting that is allowed to pass', () => {
  const deep = (depth: number) => `${'{"a":'.repeat(depth)}null${'}'.repeat(depth)}`

  it.each([10, 1_000])('a client event nested %d deep arrives as it was', async (depth) => {
    const running = await startServer()
    const [sender, receiver] = await running.connectMany(2)
    for (const client of [sender, receiver]) await client.join('private-x')
    sender.send(`{"event":"client-x","channel":"private-x","data":${deep(depth)}}`)
    expect((await receiver.next('client-x')).data).toBe(deep(depth))
  })

  it('a client event nested 50 000 deep gets one error and reaches nobody', async () => {
    const running = await startServer()
    const witness = await bystander(running)
    const [sender, receiver] = await running.connectMany(2)
    for (const client of [sender, receiver]) await client.join('private-x')
    const data = '['.repeat(50_000) + ']'.repeat(50_000)
    sender.send(`{"event":"client-x","channel":"private-x","data":${data}}`)
    const [refused, ...more] = await sender.rest()
    expect([harmlessError(), overLimit('private-x')]).toContainEqual(refused)
    expect(more).toEqual([])
    await receiver.silence()
    await witness.unharmed()
  })

  it('channel_data nested 40 000 deep is refused', async () => {
    const running = await startServer()
    const witness = await bystander(running)
    const client = await running.connect()
    const info = '['.repeat(40_000) + ']'.repeat(40_000)
    const fields = client.signed('presence-x', `{"user_id":"7","user_info":${info}}`)
    expect(await client.subscribe('presence-x', fields)).toEqual(
      subscriptionError('presence-x', 'LimitReached', 4301),
    )
    await witness.unharmed()
  })
})

describe('names out of Object.prototype', () => {
  const names = [
    '__proto__',
    'constructor',
    'prototype',
    'hasOwnProperty',
    'toString',
    'valueOf',
    '__defineGetter__',
  ]

  it.each(names)('%s is a channel like any other', async (name) => {
    const running = await startServer()
    const client = await running.connect()
    client.unsubscribe(name)
    await client.silence()
    expect(await running.publish(name)).toBe(0)
    await client.join(name)
    expect(await running.publish(name, 'news', '{"a":1}')).toBe(1)
    expect(await client.next()).toEqual({ event: 'news', channel: name, data: '{"a":1}' })
    client.unsubscribe(name)
    await client.silence()
    expect(await running.publish(name)).toBe(0)
  })

  it.each(names)('%s is an event like any other', async (name) => {
    expect(await answersTo({ event: name, channel: 'bystanders' })).toEqual([harmlessError()])
    const running = await startServer()
    const client = await running.connect()
    await client.join('news')
    expect(await running.publish('news', name)).toBe(1)
    expect(await client.next()).toEqual({ event: name, channel: 'news', data: '{}' })
  })

  it('__proto__ as a field changes no object', async () => {
    const polluting =
      '{"event":"pusher:subscribe","__proto__":{"polluted":1},"data":{"channel":"x","__proto__":{"polluted":1}}}'
    expect(await answersTo(polluting)).toHaveLength(1)
    expect({}).not.toHaveProperty('polluted')
  })

  it('a channel cannot be inherited from __proto__', async () => {
    const answers = await answersTo('{"event":"pusher:subscribe","data":{"__proto__":{"channel":"news"}}}')
    expect(answers).toEqual([harmlessError()])
  })
})
