import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { clientFrame } from '../../src/testing/client-frame.ts'
import { bystander } from '../support/bystander.ts'
import { stoppedClock } from '../support/clock.ts'
import { eventually } from '../support/eventually.ts'
import { ended, upgradedSocket } from '../support/raw-socket.ts'
import { overLimit, refusalOf } from '../support/refusal.ts'
import { startServer } from '../support/server.ts'

describe('a flood', () => {
  it.each([
    ['malformed messages', '{"event":'],
    ['messages that are not JSON', 'x'],
    ['binary messages', Buffer.from([1, 2, 3])],
    ['unknown events', '{"event":"pusher:foo"}'],
    ['client events without a subscription', '{"event":"client-x","channel":"private-x"}'],
  ])('of 5 000 %s gets few errors and harms nobody', async (_, message) => {
    const running = await startServer()
    const witness = await bystander(running)
    const client = await running.connect()
    const before = running.server.counters['messagesReceived'] ?? 0
    for (let sent = 0; sent < 5_000; sent++) client.send(message)
    await eventually(() => running.server.counters['messagesReceived']).toBe(before + 5_000)
    await witness.unharmed()
    const { messagesRefused = 0, answersSuppressed = 0 } = running.server.counters
    expect(messagesRefused).toBe(5_000)
    expect(messagesRefused - answersSuppressed).toBeLessThanOrEqual(30)
    client.terminate()
    await eventually(() => running.server.counters['connectionsClosed']).toBe(1)
  })

  it('of 1 000 malformed messages on each of 20 connections harms nobody', async () => {
    const running = await startServer()
    const witness = await bystander(running)
    const clients = await running.connectMany(20)
    for (const client of clients) for (let sent = 0; sent < 1_000; sent++) client.send('{')
    await witness.unharmed()
    await eventually(() => running.server.counters['messagesRefused']).toBe(20_000)
    await witness.unharmed()
  })

  it('of subscribes to ever new channels ends at the limit, and all are gone with the connection', async () => {
    const running = await startServer({ messageRate: 0 })
    const witness = await bystander(running)
    const client = await running.connect()
    for (let sent = 0; sent < 5_000; sent++) {
      client.send({ event: 'pusher:subscribe', data: { channel: `channel-${sent}` } })
    }
    const answers = await client.rest()
    const accepted = answers.filter(({ event }) => event === 'pusher_internal:subscription_succeeded')
    expect(accepted).toHaveLength(200)
    await witness.unharmed()
    await client.close()
    await eventually(() => running.publish('channel-0')).toBe(0)
  })

  it('of joining and leaving is refused after twice the channels of a connection, and goes on a little later', async () => {
    const pass = stoppedClock()
    const running = await startServer({ messageRate: 1_000, maxChannelsPerConnection: 10 })
    const witness = await bystander(running)
    const client = await running.connect()
    const join = async () => {
      const { event } = await client.subscribe('presence-x', client.signed('presence-x', { user_id: '7' }))
      client.unsubscribe('presence-x')
      return event
    }
    for (let count = 0; count < 20; count++) expect(await join()).toContain('succeeded')
    expect(await client.subscribe('news')).toMatchObject({
      event: 'pusher:subscription_error',
      data: expect.stringContaining('"type":"LimitReached"'),
    })
    await witness.unharmed()
    pass(0.01)
    expect(await join()).toContain('succeeded')
  })

  it('of subscribes and unsubscribes leaves nothing behind', async () => {
    const running = await startServer({ messageRate: 0 })
    const client = await running.connect()
    for (let sent = 0; sent < 3_000; sent++) {
      client.send({ event: 'pusher:subscribe', data: { channel: `channel-${sent}` } })
      client.unsubscribe(`channel-${sent}`)
    }
    expect(await client.rest()).toHaveLength(3_000)
    expect(await running.publish('channel-2999')).toBe(0)
    await client.join('one-more')
  })

  it('of WebSocket pings whose pongs are not read ends that connection', async () => {
    const running = await startServer()
    const witness = await bystander(running)
    const socket = await upgradedSocket(running.port)
    const pings = Buffer.concat(Array.from({ length: 500 }, () => clientFrame(0x89, 'x'.repeat(120))))
    const over = ended(socket)
    while (!socket.destroyed) {
      if (!socket.write(pings)) await Promise.race([once(socket, 'drain').catch(() => {}), over])
    }
    await witness.unharmed()
    expect(running.server.counters).toMatchObject({ connections: 1 })
  })
})

describe('the rate of messages', () => {
  it('above it messages get 4301 and are dropped, and below it again they are taken', async () => {
    const advance = stoppedClock()
    const running = await startServer({ messageRate: 100, maxChannelsPerConnection: 50 })
    const client = await running.connect()
    for (let sent = 0; sent < 105; sent++) client.send({ event: 'pusher:ping' })
    for (let sent = 0; sent < 100; sent++) await client.next('pusher:pong')
    for (let sent = 0; sent < 5; sent++) expect(await client.next()).toEqual(overLimit())
    expect(running.server.counters).toMatchObject({ messagesReceived: 105, messagesRefused: 5 })
    advance(1)
    await client.silence()
  })

  it('allows a burst of twice the channels of a connection', async () => {
    stoppedClock()
    const running = await startServer({ messageRate: 10, maxChannelsPerConnection: 200 })
    const client = await running.connect()
    for (let sent = 0; sent < 399; sent++) client.send({ event: 'pusher:pong' })
    await client.silence()
    client.send({ event: 'pusher:pong' })
    expect(await client.next()).toEqual(overLimit())
  })

  it('ten seconds of excess end the connection with 4100', async () => {
    const advance = stoppedClock()
    const running = await startServer({ messageRate: 10, maxChannelsPerConnection: 5 })
    const witness = await bystander(running)
    const client = await running.connect()
    const flood = async () => {
      for (let sent = 0; sent < 50; sent++) client.send({ event: 'pusher:pong' })
      // The pong of the socket proves that all of them were received; it is no message.
      await client.ping()
    }
    for (let half = 0; half < 19; half++) {
      await flood()
      advance(0.5)
    }
    for (let sent = 0; sent < 10; sent++) expect(await client.next()).toEqual(overLimit())
    await flood()
    advance(0.5)
    client.send({ event: 'pusher:pong' })
    for (let sent = 0; sent < 50; sent++) client.send({ event: 'pusher:pong' })
    let last = await client.next('pusher:error')
    while (JSON.stringify(last.data).includes('4301')) last = await client.next('pusher:error')
    expect(last).toMatchObject({ data: { code: 4100 } })
    expect((await client.closed).code).toBe(4100)
    await witness.unharmed()
  })

  it('excess that pauses is forgiven', async () => {
    const advance = stoppedClock()
    const running = await startServer({ messageRate: 10, maxChannelsPerConnection: 5 })
    const client = await running.connect()
    for (let round = 0; round < 8; round++) {
      for (let sent = 0; sent < 50; sent++) client.send({ event: 'pusher:pong' })
      await client.ping()
      advance(3)
    }
    client.send({ event: 'pusher:ping' })
    let message = await client.next()
    while (message.event === 'pusher:error') message = await client.next()
    expect(message.event).toBe('pusher:pong')
  })
})

describe('error messages', () => {
  it('are ten a second at most', async () => {
    const advance = stoppedClock()
    const running = await startServer({ messageRate: 0 })
    const client = await running.connect()
    for (let second = 0; second < 3; second++) {
      for (let sent = 0; sent < 200; sent++) client.send('{')
      expect(await client.rest()).toHaveLength(10)
      advance(1)
    }
    expect(running.server.counters).toMatchObject({ messagesRefused: 600, answersSuppressed: 570 })
  })

  it('echo no more than a little of what was sent', async () => {
    const running = await startServer()
    const client = await running.connect()
    client.send({ event: `pusher:${'x'.repeat(90_000)}` })
    client.send({ event: `client-${'x'.repeat(90_000)}` })
    client.send({ event: 'pusher:subscribe', data: { channel: '\0'.repeat(16_000) } })
    client.send({ event: 'client-x', channel: 'x'.repeat(90_000) })
    const answers = await client.rest()
    expect(answers).toHaveLength(4)
    for (const answer of answers) expect(JSON.stringify(answer).length).toBeLessThan(2_500)
  })
})

describe('new connections', () => {
  it('above the rate of an address wait and then get in', async () => {
    const running = await startServer({ connectRate: 20 })
    const witness = await bystander(running)
    const started = performance.now()
    await running.connectMany(30)
    expect(performance.now() - started).toBeGreaterThan(300)
    await witness.unharmed()
  })

  it('above what may wait get 4100', { timeout: 60_000 }, async () => {
    const running = await startServer({ connectRate: 1 })
    const witness = await bystander(running)
    const newcomers = Array.from({ length: 1_010 }, async () => refusalOf(await running.open()))
    expect(await Promise.any(newcomers)).toBe(4100)
    await witness.unharmed()
  })
})
