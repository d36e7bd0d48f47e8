import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { signChannel, signUser } from '../../src/protocol/signature.ts'
import { payloadOf, type ServerMessage } from '../../src/testing/index.ts'
import { eventually } from '../support/eventually.ts'
import { credentials, startServer, type TestServer } from '../support/server.ts'

// Clients that cannot run here, and Java's as it says things: what they send, letter by letter, and what they cannot do
// without in an answer (protocol.md 1.1, 1.4, 1.6, 2.5, 2.6, 3 and 5).

const clients = {
  Swift: '/app/app-key?client=pusher-websocket-swift&protocol=7&version=10.1.10',
  '.NET': '/app/app-key?protocol=5&client=pusher-dotnet-client&version=2.3.1',
  Java: '/app/app-key?client=java-client&protocol=5&version=2.4.4',
}

const subprotocol = 'pusher-channels-protocol-7'

/** Every kind of message that a client gets while it lives through everything. */
async function everything(running: TestServer, path: string): Promise<ServerMessage[]> {
  const client = await running.connect({}, path)
  const other = await running.connect()
  await other.join('presence-room', { user_id: '9' })
  const auth = (channel: string, data?: string) => signChannel(credentials, client.socketId, channel, data)
  const heard: ServerMessage[] = []
  for (const [channel, channel_data] of [
    ['news'],
    ['cache-prices'],
    ['private-orders.42'],
    ['presence-room', '{"user_id":7}'],
  ] as const) {
    client.send({
      event: 'pusher:subscribe',
      data: { channel, auth: auth(channel, channel_data), channel_data },
    })
  }
  const user_data = '{"id":"7","watchlist":["8"]}'
  const signed = signUser(credentials, client.socketId, user_data)
  client.send({ event: 'pusher:signin', data: { auth: signed, user_data } })
  client.send({ event: 'pusher:subscribe', data: { channel: 'private-x', auth: 'app-key:wrong' } })
  client.send({ event: 'pusher:nonsense' })
  client.send({ event: 'client-typing', channel: 'news', data: {} })
  heard.push(...(await client.rest()))
  other.send({ event: 'client-typing', channel: 'presence-room', data: { on: true } })
  await other.close()
  await eventually(() => running.server.counters['connections']).toBe(1)
  await running.publish('news', 'order.paid', '{"id":42}')
  heard.push(...(await client.rest()))
  await running.server.disconnectUser('7')
  heard.push(await client.next())
  return heard
}

describe.each(Object.entries(clients))('%s', (name, path) => {
  it('C2 C4 is welcome with the version it speaks', async () => {
    const client = await (await startServer()).open(path)
    const established = await client.next('pusher:connection_established')
    expect(payloadOf(established)).toEqual({
      socket_id: expect.stringMatching(/^\d+\.\d+$/),
      activity_timeout: 120,
    })
  })

  it('C13 C36 gets data with every message: as a string, and as an object only in pusher:error', async () => {
    const running = await startServer({ subscriptionCount: true })
    const heard = await everything(running, path)
    for (const { event, data } of heard) {
      if (event === 'pusher:error') {
        expect(data).toEqual({ message: expect.stringMatching(/\S/), code: expect.toSatisfy(isCode) })
      } else {
        expect([event, typeof data]).toEqual([event, 'string'])
      }
    }
    const dotnetOnly = name === '.NET' ? ['pusher_internal:subscription_error'] : []
    expect([...new Set(heard.map(({ event }) => event))].sort()).toEqual(
      [
        ...dotnetOnly,
        'client-typing',
        'order.paid',
        'pusher:cache_miss',
        'pusher:error',
        'pusher:signin_success',
        'pusher:subscription_error',
        'pusher_internal:member_removed',
        'pusher_internal:subscription_count',
        'pusher_internal:subscription_succeeded',
        'pusher_internal:watchlist_events',
      ].sort(),
    )
  })

  it('C36 C118 finds channel only in what concerns a channel, since .NET routes by it', async () => {
    const running = await startServer()
    const heard = await everything(running, path)
    const without = new Set(heard.filter(({ channel }) => channel === undefined).map(({ event }) => event))
    expect([...without].sort()).toEqual([
      'pusher:error',
      'pusher:signin_success',
      'pusher_internal:watchlist_events',
    ])
  })

  it('C23 C24 is never asked for a pusher:pong, which it would not answer', async () => {
    const running = await startServer({ pingInterval: 0.1, pongTimeout: 2 })
    const client = await running.connect({}, path)
    for (let pings = 0; pings < 5; pings++) await client.pinged()
    await client.silence()
  })

  it('C66 C67 C69 finds the info of every id in a roster, and ids as strings', async () => {
    const running = await startServer()
    const first = await running.connect({}, path)
    const data = '{"user_id":7}'
    const auth = signChannel(credentials, first.socketId, 'presence-room', data)
    const succeeded = await first.subscribe('presence-room', { auth, channelData: data })
    expect(payloadOf(succeeded)).toEqual({ presence: { count: 1, ids: ['7'], hash: { 7: {} } } })
    const second = await running.connect()
    await second.join('presence-room', { user_id: '9' })
    expect(payloadOf(await first.next('pusher_internal:member_added'))).toEqual({
      user_id: '9',
      user_info: {},
    })
    await second.close()
    expect(payloadOf(await first.next('pusher_internal:member_removed'))).toEqual({ user_id: '9' })
  })
})

describe('Swift', () => {
  it('C16 has its subprotocol confirmed', async () => {
    const running = await startServer()
    const socket = new WebSocket(running.url(clients.Swift), subprotocol)
    onTestFinished(() => socket.terminate())
    await once(socket, 'message')
    expect(socket.protocol).toBe(subprotocol)
  })

  it('C22 keeps alive by WebSocket pings of its own', async () => {
    const running = await startServer({ pingInterval: 0.4, pongTimeout: 0.4 })
    const client = await running.connect({ answerPings: false }, clients.Swift)
    for (let pings = 0; pings < 30; pings++) {
      await client.ping()
      await sleep(40)
    }
    await client.silence()
  })

  it('C97 reads client events whose data is a string, since it makes nil of an object', async () => {
    const running = await startServer()
    const [swift, other] = [await running.connect({}, clients.Swift), await running.connect()]
    for (const client of [swift, other]) await client.join('private-chat')
    other.send({ event: 'client-typing', channel: 'private-chat', data: { on: true } })
    expect(await swift.next()).toEqual({
      event: 'client-typing',
      channel: 'private-chat',
      data: '{"on":true}',
    })
  })
})

describe('.NET', () => {
  it('C22 sends a WebSocket ping every second, each of which is answered', async () => {
    const client = await (await startServer()).connect({ answerPings: false }, clients['.NET'])
    for (let pings = 0; pings < 20; pings++) await client.ping()
    await client.silence()
  })

  it('C58 is told of a failed subscription under the name it knows too, with the same channel and data', async () => {
    const running = await startServer()
    const client = await running.connect({}, clients['.NET'])
    client.send('{"event":"pusher:subscribe","data":{"channel":"private-x","auth":"app-key:0"}}')
    const first = await client.next('pusher:subscription_error')
    expect(await client.next()).toEqual({ ...first, event: 'pusher_internal:subscription_error' })
    await client.silence()
  })

  it.each(['Swift', 'Java'] as const)('C58 is the only one: %s is told once', async (name) => {
    const client = await (await startServer()).connect({}, clients[name])
    client.send('{"event":"pusher:subscribe","data":{"channel":"private-x","auth":"app-key:0"}}')
    await client.next('pusher:subscription_error')
    await client.silence()
  })

  it('C51 C56 gets no error that it did not cause while it subscribes: any would fail what is pending', async () => {
    const running = await startServer()
    const client = await running.connect({}, clients['.NET'])
    client.send('{"event":"pusher:unsubscribe","data":{"channel":"never-joined"}}')
    client.send('{"event":"pusher:subscribe","data":{"channel":"news"}}')
    client.send('{"event":"pusher:subscribe","data":{"channel":"news"}}')
    expect((await client.rest()).map(({ event }) => event)).toEqual([
      'pusher_internal:subscription_succeeded',
      'pusher_internal:subscription_succeeded',
    ])
  })

  it('C33 may put into data a string of JSON', async () => {
    const client = await (await startServer()).connect({}, clients['.NET'])
    client.send(JSON.stringify({ event: 'pusher:subscribe', data: JSON.stringify({ channel: 'news' }) }))
    expect(await client.next()).toEqual({
      event: 'pusher_internal:subscription_succeeded',
      channel: 'news',
      data: '{}',
    })
  })
})

describe('Java', () => {
  it('C21 pings without data, with a space after the colon, and gets its pong', async () => {
    const client = await (await startServer()).connect({}, clients.Java)
    client.send('{"event": "pusher:ping"}')
    expect(await client.next()).toEqual({ event: 'pusher:pong', data: '{}' })
  })

  it('C26 need not answer a WebSocket ping to be alive: what it sends counts', async () => {
    const running = await startServer({ pingInterval: 0.4, pongTimeout: 0.4 })
    const client = await running.connect({ answerPings: false }, clients.Java)
    for (let pings = 0; pings < 30; pings++) {
      client.send('{"event": "pusher:ping"}')
      await client.next('pusher:pong')
      await sleep(40)
    }
  })

  it('C109 parses the data of signin_success and the user_data in it: the string comes back as it was', async () => {
    const client = await (await startServer()).connect({}, clients.Java)
    const user_data = '{"id":"7", "user_info":{"name":"Zoë"}}'
    const auth = signUser(credentials, client.socketId, user_data)
    client.send({ event: 'pusher:signin', data: { auth, user_data } })
    const success = await client.next('pusher:signin_success')
    expect(payloadOf(success)).toEqual({ user_data })
    client.send({ event: 'pusher:subscribe', data: { channel: '#server-to-user-7' } })
    expect(await client.next()).toMatchObject({ event: 'pusher_internal:subscription_succeeded' })
  })
})

function isCode(code: unknown): boolean {
  return code === null || Number.isInteger(code)
}
