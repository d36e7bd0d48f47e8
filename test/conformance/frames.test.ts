import { describe, expect, it } from 'vitest'
import { bystander } from '../support/bystander.ts'
import { skippingClock } from '../support/clock.ts'
import { eventually } from '../support/eventually.ts'
import { ended, upgradedSocket } from '../support/raw-socket.ts'
import { harmlessError, refusalOf } from '../support/refusal.ts'
import { startServer } from '../support/server.ts'

const pong = { event: 'pusher:pong', data: '{}' }
const impatient = { pingInterval: 0.2, pongTimeout: 0.2 }
/** Pings often, and forgives a machine that is busy. */
const attentive = { pingInterval: 0.1, pongTimeout: 2 }

describe('pusher:ping', () => {
  it.each([
    { event: 'pusher:ping', data: {} },
    { event: 'pusher:ping', data: '{}' },
    { event: 'pusher:ping' },
    { event: 'pusher:ping', data: null },
  ])('C21 answers %j with a pong', async (ping) => {
    const client = await (await startServer()).connect()
    client.send(ping)
    expect(await client.next()).toEqual(pong)
  })

  it('C27 accepts a pong that nobody asked for', async () => {
    const client = await (await startServer()).connect()
    client.send({ event: 'pusher:pong', data: {} })
    client.send({ event: 'pusher:pong' })
    await client.silence()
  })
})

describe('keepalive', () => {
  it('C22 answers a WebSocket ping with a WebSocket pong', async () => {
    const client = await (await startServer()).connect()
    await client.ping()
    await client.silence()
  })

  it('C23 sends a WebSocket ping, and no message, after the ping interval of silence', async () => {
    const client = await (await startServer(attentive)).connect()
    await client.pinged()
    await client.silence()
  })

  it('C23 sends none before the ping interval is over', async () => {
    const running = await startServer({ pingInterval: 0.6, pongTimeout: 0.6 })
    const before = performance.now()
    await (await running.connect()).pinged()
    expect(performance.now() - before).toBeGreaterThanOrEqual(600)
  })

  it('C24 keeps a peer that answers with WebSocket pongs and nothing else', async () => {
    const client = await (await startServer(attentive)).connect()
    for (let pings = 0; pings < 8; pings++) await client.pinged()
    await client.silence()
  })

  it('C25 refuses a peer that answers nothing with 4201', async () => {
    const running = await startServer(impatient)
    const client = await running.connect({ answerPings: false })
    expect(await refusalOf(client)).toBe(4201)
    expect(running.server.counters).toMatchObject({ staleConnectionsClosed: 1 })
  })

  it('C25 waits for the answer as long as the pong timeout says', async () => {
    const running = await startServer({ pingInterval: 0.2, pongTimeout: 1 })
    const before = performance.now()
    const client = await running.connect({ answerPings: false })
    await client.pinged()
    expect(await refusalOf(client)).toBe(4201)
    // Of silence until the ping, and of silence after it.
    expect(performance.now() - before).toBeGreaterThanOrEqual(200 + 1_000)
  })

  it('C25 destroys the socket of a peer that does not close within five seconds', async () => {
    const skip = skippingClock()
    const running = await startServer(impatient)
    const socket = await upgradedSocket(running.port)
    socket.resume()
    await eventually(() => running.server.counters['staleConnectionsClosed']).toBe(1)
    expect(socket.readableEnded).toBe(false)
    await skip(5)
    await ended(socket)
    await (await running.connect()).silence()
  })

  it('C25 takes any message as a sign of life', async () => {
    const client = await (await startServer(attentive)).connect({ answerPings: false })
    for (let pings = 0; pings < 4; pings++) {
      await client.pinged()
      client.send({ event: 'pusher:pong', data: {} })
    }
    await client.silence()
  })

  it('C26 keeps a connection that only receives events and answers WebSocket pings', async () => {
    const running = await startServer(attentive)
    const client = await running.connect()
    await client.join('news')
    for (let pings = 0; pings < 5; pings++) {
      await client.pinged()
      await running.publish('news')
      await client.next('news')
    }
    await client.silence()
  })

  it('C26 does not take its own events for a sign of life', async () => {
    const running = await startServer(impatient)
    const client = await running.connect({ answerPings: false })
    await client.join('news')
    const publishing = setInterval(() => running.publish('news'), 20)
    const { code } = await client.closed.finally(() => clearInterval(publishing))
    expect(code).toBe(4201)
  })
})

describe('messages that are none', () => {
  const nonsense = [
    'not json',
    '{',
    '',
    '[]',
    '[{"event":"pusher:ping"}]',
    '7',
    '"text"',
    'null',
    'true',
    '{}',
  ]

  it.each(nonsense)('C28 answers %j with error null', async (text) => {
    const client = await (await startServer()).connect()
    client.send(text)
    expect(await client.next()).toEqual(harmlessError())
    await client.silence()
  })

  it.for([7, null, true, [], {}, ['pusher:ping']])(
    'C28 answers the event %j with error null',
    async (event) => {
      const client = await (await startServer()).connect()
      client.send({ event, data: {} })
      expect(await client.next()).toEqual(harmlessError())
      await client.silence()
    },
  )

  it('C29 answers a binary message with error null, even one that holds a message', async () => {
    const client = await (await startServer()).connect()
    client.send(Buffer.from('{"event":"pusher:ping"}'))
    expect(await client.next()).toEqual(harmlessError())
    await client.silence()
  })

  it.each([
    'pusher:foo',
    'foo',
    '',
    'pusher_internal:member_added',
    'pusher_internal:subscription_succeeded',
    'pusher:subscription_error',
    'pusher:error',
    'pusher:cache_miss',
    '__proto__',
    'toString',
  ])('C30 answers the event %j with error null and tells nobody', async (event) => {
    const running = await startServer()
    const [client, other] = await running.connectMany(2)
    await client.join('presence-room', { user_id: '1' })
    await other.join('presence-room', { user_id: '2' })
    await client.next('pusher_internal:member_added')
    client.send({ event, channel: 'presence-room', data: '{"user_id":"3","user_info":{}}' })
    expect(await client.next()).toEqual(harmlessError())
    await client.silence()
    await other.silence()
  })

  it('C31 a client cannot establish its connection itself', async () => {
    const running = await startServer()
    const client = await running.connect()
    const { socketId } = client
    client.send({
      event: 'pusher:connection_established',
      data: '{"socket_id":"1.1","activity_timeout":1}',
    })
    expect(await client.next()).toEqual(harmlessError())
    expect(client.socketId).toBe(socketId)
    await client.join('private-mine')
    await client.silence()
  })

  it('C32 closes with 1009 above the size of a message, and nobody else', async () => {
    const running = await startServer({ maxMessageSize: 1000 })
    const witness = await bystander(running)
    const client = await running.connect()
    client.send('x'.repeat(1000))
    expect(await client.next()).toEqual(harmlessError())
    client.send('x'.repeat(1001))
    expect((await client.closed).code).toBe(1009)
    await witness.unharmed()
  })

  it('C32 allows 100 KiB unless told otherwise', async () => {
    const running = await startServer()
    const client = await running.connect()
    client.send(`{"event":"pusher:ping","data":"${'x'.repeat(102_400 - 33)}"}`)
    expect(await client.next()).toEqual(pong)
    client.send('x'.repeat(102_401))
    expect((await client.closed).code).toBe(1009)
  })
})

describe('data', () => {
  it('C33 may be a string that holds JSON, for subscribe and unsubscribe', async () => {
    const running = await startServer()
    const client = await running.connect()
    client.send({ event: 'pusher:subscribe', data: '{"channel":"news"}' })
    await client.next('pusher_internal:subscription_succeeded')
    client.send({ event: 'pusher:unsubscribe', data: '{"channel":"news"}' })
    await client.silence()
    expect(await running.publish('news')).toBe(0)
  })

  const unusable = [null, 7, true, [], ['news'], 'news', '"news"', '["news"]', '{', '', {}, { channel: null }]

  it.for(unusable)('C34 of a subscribe that is %j gives error null', async (data) => {
    const client = await (await startServer()).connect()
    client.send({ event: 'pusher:subscribe', data })
    expect(await client.next()).toEqual(harmlessError())
    await client.silence()
  })

  it('C34 of a subscribe that is absent gives error null', async () => {
    const client = await (await startServer()).connect()
    client.send({ event: 'pusher:subscribe', channel: 'news' })
    expect(await client.next()).toEqual(harmlessError())
    await client.silence()
  })
})

describe('what the server says', () => {
  it('C35 answers 1 000 malformed messages at once with few errors', async () => {
    const running = await startServer({ messageRate: 0 })
    const client = await running.connect()
    for (let sent = 0; sent < 1_000; sent++) client.send('{')
    const errors = await client.rest()
    expect(errors.length).toBeGreaterThan(0)
    expect(errors.length).toBeLessThanOrEqual(20)
    expect(running.server.counters['answersSuppressed']).toBe(1_000 - errors.length)
  })

  it('C36 has an event in every message, and a channel only where it is about one', async () => {
    const running = await startServer()
    const client = await running.open()
    client.send('nonsense')
    client.send({ event: 'pusher:subscribe', data: { channel: 'news' } })
    client.send({ event: 'pusher:subscribe', data: { channel: 'private-x' } })
    client.send({ event: 'client-x', channel: 'news', data: 1 })
    client.send({ event: 'pusher:ping' })
    const messages = [await client.next('pusher:connection_established'), ...(await client.rest())]
    expect(messages.map(({ event, channel }) => [event, channel])).toEqual([
      ['pusher:connection_established', undefined],
      ['pusher:error', undefined],
      ['pusher_internal:subscription_succeeded', 'news'],
      ['pusher:subscription_error', 'private-x'],
      ['pusher:error', 'news'],
    ])
    expect(await client.next()).toEqual(pong)
  })
})
