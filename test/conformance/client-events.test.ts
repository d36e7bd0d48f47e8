import { describe, expect, it } from 'vitest'
import type { ProtocolClient } from '../../src/testing/index.ts'
import { stoppedClock } from '../support/clock.ts'
import { harmlessError, overLimit } from '../support/refusal.ts'
import { startServer, type TestServer } from '../support/server.ts'

const room = 'presence-room-1'
const typing = { event: 'client-typing', channel: 'private-x', data: { on: true } }

/** Two connections in a channel: who sends, and who should get it. */
async function pair(running: TestServer, channel = 'private-x'): Promise<[ProtocolClient, ProtocolClient]> {
  const [sender, receiver] = await running.connectMany(2)
  await sender.join(channel, { user_id: '7' })
  await receiver.join(channel, { user_id: '9' })
  await receiver.rest()
  await sender.rest()
  return [sender, receiver]
}

describe('a client event', () => {
  it.each(['private-x', 'private-cache-x', 'presence-x', 'presence-cache-x'])(
    'C96 reaches all others in %s, once, and not its sender',
    async (channel) => {
      const running = await startServer()
      const [sender, receiver] = await pair(running, channel)
      const third = await running.connect()
      await third.join(channel, { user_id: '8' })
      await third.rest()
      await sender.rest()
      await receiver.rest()
      sender.send({ event: 'client-typing', channel, data: { on: true } })
      await sender.silence()
      for (const client of [receiver, third]) {
        expect(await client.next()).toMatchObject({ event: 'client-typing', channel, data: '{"on":true}' })
        await client.silence()
      }
      expect(running.server.counters).toMatchObject({ clientEventsAccepted: 1 })
    },
  )

  it.each([
    [{ a: 1 }, '{"a":1}'],
    ['text', 'text'],
    ['{"already": "json"}', '{"already": "json"}'],
    ['', ''],
    [7, '7'],
    [null, 'null'],
    [false, 'false'],
    [[1, 'a', null], '[1,"a",null]'],
  ])('C97 with data %j is delivered with the string %j', async (data, delivered) => {
    const [sender, receiver] = await pair(await startServer())
    sender.send({ ...typing, data })
    expect(await receiver.next()).toEqual({ event: 'client-typing', channel: 'private-x', data: delivered })
  })

  it('C98 without data is delivered with "null"', async () => {
    const [sender, receiver] = await pair(await startServer())
    sender.send({ event: 'client-typing', channel: 'private-x' })
    expect(await receiver.next()).toEqual({ event: 'client-typing', channel: 'private-x', data: 'null' })
  })

  it('C99 says on presence channels who sent it, whatever the sender says', async () => {
    const [sender, receiver] = await pair(await startServer(), room)
    sender.send({ ...typing, channel: room, user_id: 'forged', extra: 'dropped', socket_id: '1.1' })
    expect(await receiver.next()).toEqual({
      event: 'client-typing',
      channel: room,
      data: '{"on":true}',
      user_id: '7',
    })
  })

  it('C99 says it as a string', async () => {
    const running = await startServer()
    const [sender, receiver] = await running.connectMany(2)
    await receiver.join(room, { user_id: 'x' })
    await sender.join(room, { user_id: 7 })
    await receiver.next('pusher_internal:member_added')
    sender.send({ ...typing, channel: room })
    expect(await receiver.next()).toMatchObject({ event: 'client-typing', user_id: '7' })
  })

  it('C99 does not say it on private channels, signed channel_data or not', async () => {
    const [sender, receiver] = await pair(await startServer())
    sender.send({ ...typing, user_id: 'forged', extra: 'dropped' })
    expect(await receiver.next()).toEqual({ ...typing, data: '{"on":true}' })
  })

  it('C107 reaches another connection of the same user', async () => {
    const running = await startServer()
    const [sender, receiver] = await running.connectMany(2)
    await sender.join(room, { user_id: '7' })
    await receiver.join(room, { user_id: '7' })
    sender.send({ ...typing, channel: room })
    expect(await receiver.next()).toMatchObject({ event: 'client-typing', user_id: '7' })
    await sender.silence()
  })
})

describe('who may send one', () => {
  it('C100 nobody who is not subscribed', async () => {
    const running = await startServer()
    const [, receiver] = await pair(running)
    const stranger = await running.connect()
    stranger.send(typing)
    expect(await stranger.next()).toEqual(harmlessError('private-x'))
    await stranger.silence()
    await receiver.silence()
  })

  it('C100 nobody who was refused, and nobody who has left', async () => {
    const running = await startServer()
    const [sender, receiver] = await pair(running)
    const stranger = await running.connect()
    await stranger.subscribe('private-x')
    stranger.send(typing)
    expect(await stranger.next()).toEqual(harmlessError('private-x'))
    sender.unsubscribe('private-x')
    sender.send(typing)
    expect(await sender.next()).toEqual(harmlessError('private-x'))
    await receiver.silence()
  })

  it.each([
    'news',
    'cache-x',
    'private-encrypted-x',
    'private-encrypted-cache-x',
    'Private-x',
    '#server-to-user-7',
    'not a channel',
    '',
  ])('C101 nobody on %j', async (channel) => {
    const running = await startServer()
    const [sender, receiver] = await running.connectMany(2)
    for (const client of [sender, receiver]) {
      await client.subscribe(channel, client.signed(channel))
      await client.rest()
    }
    sender.send({ ...typing, channel })
    expect(await sender.next()).toEqual(harmlessError(channel))
    await sender.silence()
    await receiver.silence()
  })

  it('C102 subscribers of public channels where the app allows all', async () => {
    const running = await startServer({ clientEvents: 'all' })
    const [sender, receiver] = await running.connectMany(2)
    await receiver.join('news')
    sender.send({ ...typing, channel: 'news' })
    expect(await sender.next()).toEqual(harmlessError('news'))
    await sender.join('news')
    sender.send({ ...typing, channel: 'news' })
    expect(await receiver.next()).toEqual({ ...typing, channel: 'news', data: '{"on":true}' })
    await sender.silence()
  })

  it.each(['private-encrypted-x', '#server-to-user-7'])(
    'C102 nobody on %s, even where the app allows all',
    async (channel) => {
      const running = await startServer({ clientEvents: 'all' })
      const [sender, receiver] = await running.connectMany(2)
      for (const client of [sender, receiver]) await client.subscribe(channel, client.signed(channel))
      sender.send({ ...typing, channel })
      expect(await sender.next()).toEqual(harmlessError(channel))
      await receiver.silence()
    },
  )

  it('C103 nobody where the app allows none', async () => {
    const [sender, receiver] = await pair(await startServer({ clientEvents: 'none' }))
    sender.send(typing)
    expect(await sender.next()).toEqual(overLimit('private-x'))
    await sender.silence()
    await receiver.silence()
  })
})

describe('limits', () => {
  it('C104 the 11th event of a second is refused, and after a second there is room again', async () => {
    const advance = stoppedClock()
    const [sender, receiver] = await pair(await startServer())
    for (let sent = 1; sent <= 11; sent++) sender.send({ ...typing, data: sent })
    expect(await sender.rest()).toEqual([overLimit('private-x')])
    const delivered = await receiver.rest()
    expect(delivered.map(({ data }) => data)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9', '10'])
    advance(1)
    sender.send({ ...typing, data: 12 })
    await sender.silence()
    expect(await receiver.next()).toEqual({ ...typing, data: '12' })
  })

  it('C104 refused attempts count', async () => {
    const [sender, receiver] = await pair(await startServer())
    for (let sent = 0; sent < 10; sent++) sender.send({ ...typing, channel: 'news' })
    await sender.rest()
    sender.send(typing)
    await sender.rest()
    await receiver.silence()
  })

  it('C104 0 is no limit', async () => {
    const [sender, receiver] = await pair(await startServer({ clientEventRate: 0 }))
    for (let sent = 0; sent < 100; sent++) sender.send(typing)
    await sender.silence()
    expect(await receiver.rest()).toHaveLength(100)
  })

  it.each([
    ['an object', (bytes: number) => ({ a: 'x'.repeat(bytes - 8) })],
    ['beyond ASCII', (bytes: number) => ({ a: `${'é'.repeat(100)}${'x'.repeat(bytes - 208)}` })],
    ['a string', (bytes: number) => 'x'.repeat(bytes)],
  ])('C105 10240 bytes of data pass and one more does not: %s', async (_, dataOf) => {
    const [sender, receiver] = await pair(await startServer())
    sender.send({ ...typing, data: dataOf(10_241) })
    expect(await sender.next()).toEqual(overLimit('private-x'))
    await receiver.silence()
    sender.send({ ...typing, data: dataOf(10_240) })
    await sender.silence()
    const { data } = await receiver.next('client-typing')
    expect(Buffer.byteLength(String(data))).toBe(10_240)
  })

  it.each(['Xclient-foo', 'client_foo', 'client', 'Client-foo', ' client-foo', 'foo'])(
    'C106 %j is no client event',
    async (event) => {
      const [sender, receiver] = await pair(await startServer())
      sender.send({ ...typing, event })
      expect(await sender.next()).toEqual(harmlessError())
      await sender.silence()
      await receiver.silence()
    },
  )

  it('C106 a name of 200 characters is allowed, of 201 is not', async () => {
    const [sender, receiver] = await pair(await startServer())
    const event = `client-${'x'.repeat(193)}`
    sender.send({ ...typing, event: `${event}x` })
    expect(await sender.next()).toEqual(overLimit('private-x'))
    sender.send({ ...typing, event })
    await sender.silence()
    expect(await receiver.next()).toEqual({ ...typing, event, data: '{"on":true}' })
    await receiver.silence()
  })

  it.each(['client-', 'client-__proto__', 'client-App\\Events\\X', 'client-é 💥'])(
    'C106 %j is a client event like any other',
    async (event) => {
      const [sender, receiver] = await pair(await startServer())
      sender.send({ ...typing, event })
      expect(await receiver.next()).toEqual({ ...typing, event, data: '{"on":true}' })
    },
  )
})
