import { describe, expect, it } from 'vitest'
import { clientFrame } from '../../src/testing/client-frame.ts'
import { type ProtocolClient, payloadOf, type ServerMessage } from '../../src/testing/index.ts'
import { bystander } from '../support/bystander.ts'
import { eventually } from '../support/eventually.ts'
import { ended, everythingFrom, rawSocket, upgradeRequest } from '../support/raw-socket.ts'
import {
  harmlessError,
  refusalOf,
  refusedSignin,
  subscriptionError,
  unauthorized,
} from '../support/refusal.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { expectNoUnhandledRejections } from '../support/unhandled.ts'

// What has ended or misled other servers of the protocol, or their processes, done to this one.

expectNoUnhandledRejections()

const signedIn = expect.objectContaining({ event: 'pusher:signin_success' })
const joined = 'pusher_internal:subscription_succeeded'

const anything = [null, 0, -1, 1e308, true, '', '__proto__', [], [null], [[]], {}, { a: 1 }, '\ud800']

/** A server, a witness, and a client that is about to do its worst. */
async function scene(): Promise<{
  running: TestServer
  client: ProtocolClient
  unharmed: () => Promise<void>
}> {
  const running = await startServer()
  const witness = await bystander(running)
  const client = await running.connect()
  const unharmed = async () => {
    await witness.unharmed()
    expect(running.server.counters).toMatchObject({ handlerFailures: 0 })
  }
  return { running, client, unharmed }
}

describe('a signed user', () => {
  it.for(anything)('with the id %j is refused, or is that user', async (id) => {
    const { client, unharmed } = await scene()
    const valid = typeof id === 'string' && id !== '' && !/\p{Surrogate}/u.test(id)
    expect(await client.signin({ id })).toEqual(valid ? signedIn : refusedSignin)
    await client.silence()
    await unharmed()
  })

  it.for(anything)('with the user_info %j may be that user, and its member', async (info) => {
    const { client, unharmed } = await scene()
    expect(await client.signin({ id: '7', user_info: info })).toEqual(signedIn)
    const answer = await client.subscribe('presence-x', client.signed('presence-x'))
    expect(payloadOf(answer)).toEqual({ presence: { count: 1, ids: ['7'], hash: { 7: info ?? {} } } })
    await unharmed()
  })

  it.for(anything)('with the watchlist %j is refused, or watches nobody', async (watchlist) => {
    const { client, unharmed } = await scene()
    const none = watchlist === null || (Array.isArray(watchlist) && watchlist.length === 0)
    expect(await client.signin({ id: '7', watchlist })).toEqual(none ? signedIn : refusedSignin)
    await client.silence()
    await unharmed()
  })

  it.each(['null', '7', '"7"', '[{"id":"7"}]', '', '{', '\0', '{"__proto__":{"id":"7"}}'])(
    'that is only %j is refused',
    async (userData) => {
      const { client, unharmed } = await scene()
      expect(await client.signin(userData)).toEqual(refusedSignin)
      await unharmed()
    },
  )

  it.each([
    ['strings', (index: number) => `u${index}`],
    ['numbers', (index: number) => index],
    ['one and the same user', () => '8'],
  ])('may watch a list of 10 000 entries, %s, of which a hundred count', async (_, entry) => {
    const { client, unharmed } = await scene()
    const watchlist = Array.from({ length: 10_000 }, (_, index) => entry(index))
    const distinct = [...new Set(watchlist)].map(String)
    expect(await client.signin({ id: 'me', watchlist })).toEqual(signedIn)
    if (distinct.length > 100) expect(await client.next()).toMatchObject({ data: { code: 4302 } })
    expect(payloadOf(await client.next('pusher_internal:watchlist_events'))).toEqual({
      events: [{ name: 'offline', user_ids: distinct.slice(0, 100) }],
    })
    await client.silence()
    await unharmed()
  })

  it('may not watch 10 000 arrays in arrays', async () => {
    const { client, unharmed } = await scene()
    const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`
    expect(await client.signin(`{"id":"7","watchlist":${deep}}`)).toEqual(refusedSignin)
    await unharmed()
  })

  it('with info nested 20 000 deep is refused', async () => {
    const { client, unharmed } = await scene()
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`
    expect(await client.signin(`{"id":"7","user_info":${deep}}`)).toEqual(refusedSignin)
    expect(await client.signin({ id: '7' })).toEqual(signedIn)
    await unharmed()
  })

  it('may sign in 300 times, each time with another list, and the last one counts', async () => {
    const { running, client, unharmed } = await scene()
    for (let time = 0; time < 300; time++) {
      expect(await client.signin({ id: '7', watchlist: [`u${time}`] })).toEqual(signedIn)
      await client.next('pusher_internal:watchlist_events')
    }
    for (const id of ['u0', 'u298']) await (await running.connect()).signin({ id })
    await client.silence()
    await (await running.connect()).signin({ id: 'u299' })
    await client.next('pusher_internal:watchlist_events')
    await unharmed()
  })

  it.each(['__proto__', 'constructor', 'hasOwnProperty'])('may be called %s', async (id) => {
    const { running, client, unharmed } = await scene()
    await running.server.disconnectUser(id)
    expect(await client.signin({ id, watchlist: [id] })).toEqual(signedIn)
    expect(payloadOf(await client.next())).toEqual({ events: [{ name: 'online', user_ids: [id] }] })
    await running.server.disconnectUser(id)
    expect(await refusalOf(client)).toBe(4009)
    await unharmed()
  })
})

describe('numbers', () => {
  it.each(['1e400', '-1e400', '1e308', '9007199254740993', '0.1', '-0.5', '1e-400', '-0', '0', '-7', '12e2'])(
    '%s as a user_id is refused, or is the id of a member that others can read',
    async (number) => {
      const { running, client, unharmed } = await scene()
      const observer = await running.connect()
      await observer.join('presence-x', { user_id: 'observer' })
      const answer = await client.subscribe(
        'presence-x',
        client.signed('presence-x', `{"user_id":${number}}`),
      )
      const told = await observer.rest()
      if (Number.isSafeInteger(Number(number))) {
        expect(told.map(payloadOf)).toEqual([{ user_id: String(Number(number)), user_info: {} }])
      } else {
        expect(answer).toEqual(unauthorized('presence-x'))
        expect(told).toEqual([])
      }
      await unharmed()
    },
  )

  it('without end are passed on as the numbers they are read as', async () => {
    const { running, client, unharmed } = await scene()
    const receiver = await running.connect()
    for (const each of [client, receiver]) await each.join('private-x')
    const numbers = `[1e400,-1e400,${'9'.repeat(5_000)},0.${'1'.repeat(5_000)}]`
    client.send(`{"event":"client-x","channel":"private-x","data":${numbers}}`)
    expect((await receiver.next('client-x')).data).toBe(JSON.stringify(JSON.parse(numbers)))
    await unharmed()
  })
})

describe('halves of surrogate pairs', () => {
  // Bytes that are no UTF-8 would end a client's connection with 1007.
  it.each(['\ud800', '\udfff', 'a\ud83d', '\ude00b'])(
    '%j in names are refused in a form that can be read',
    async (odd) => {
      const { client, unharmed } = await scene()
      expect(await client.subscribe(odd)).toMatchObject({ event: 'pusher:subscription_error', channel: odd })
      client.send({ event: 'client-x', channel: odd })
      client.send({ event: odd })
      expect(await client.rest()).toEqual([harmlessError(odd), harmlessError()])
      await unharmed()
    },
  )

  it.each(['\ud800', 'a\ud83d'])('%j in infos and data arrive as they were sent', async (odd) => {
    const { running, client, unharmed } = await scene()
    const other = await running.connect()
    await other.join('presence-x', { user_id: 'other' })
    await client.join('presence-x', { user_id: '7', user_info: { name: odd } })
    const added = await other.next('pusher_internal:member_added')
    expect(payloadOf(added)).toEqual({ user_id: '7', user_info: { name: odd } })
    client.send({ event: `client-${odd}`, channel: 'presence-x', data: odd })
    expect(await other.next()).toEqual({
      event: `client-${odd}`,
      channel: 'presence-x',
      data: odd,
      user_id: '7',
    })
    expect(await running.publish('presence-x', odd, odd)).toBe(2)
    expect(await other.next()).toEqual({ event: odd, channel: 'presence-x', data: odd })
    await unharmed()
  })

  // Written as UTF-8, as other nodes get them, all halves are the same.
  it.each(['\ud800', 'a\ud83d'])('%j are no ids of users', async (odd) => {
    const { client, unharmed } = await scene()
    const data = { user_id: odd }
    expect(await client.subscribe('presence-x', client.signed('presence-x', data))).toEqual(
      unauthorized('presence-x'),
    )
    expect(await client.signin(JSON.stringify({ id: odd }))).toEqual(refusedSignin)
    await unharmed()
  })
})

describe('null', () => {
  const fields = ['channel', 'auth', 'channel_data', 'user_data']
  const nulls = Object.fromEntries(fields.map((name) => [name, null]))

  it.each([
    'pusher:subscribe',
    'pusher:unsubscribe',
    'pusher:signin',
    'pusher:ping',
    'pusher:pong',
    'client-x',
  ])('in every field of %s gets one answer at most', async (event) => {
    const { client, unharmed } = await scene()
    const heard: ServerMessage[] = []
    for (const message of [
      { event, data: null, channel: null },
      { event, data: nulls, ...nulls },
      { event, data: JSON.stringify(nulls), ...nulls },
    ]) {
      client.send(message)
      heard.push(...(await client.rest()))
    }
    expect(heard.length).toBeLessThanOrEqual(3)
    for (const { event } of heard) expect(['pusher:error', 'pusher:pong']).toContain(event)
    await unharmed()
  })

  it('for channel_data is none, and for auth is none', async () => {
    const { client, unharmed } = await scene()
    const { auth } = client.signed('private-x')
    expect(await client.subscribe('private-x', { auth, channelData: null })).toMatchObject({ event: joined })
    expect(await client.subscribe('private-y', { auth: null })).toEqual(unauthorized('private-y'))
    await unharmed()
  })
})

describe('fields that are there twice', () => {
  it('count as the last of them', async () => {
    const { running, client, unharmed } = await scene()
    client.send('{"event":"pusher:foo","event":"pusher:ping"}')
    await client.next('pusher:pong')
    client.send('{"event":"pusher:subscribe","data":{"channel":"private-x","channel":"news"}}')
    expect(await client.next(joined)).toMatchObject({ channel: 'news' })
    expect(await running.publish('private-x')).toBe(0)
    await unharmed()
  })

  it('in channel_data are one member, the last', async () => {
    const { client, unharmed } = await scene()
    const answer = await client.join('presence-x', '{"user_id":"7","user_id":"8"}')
    expect(payloadOf(answer)).toMatchObject({ presence: { ids: ['8'] } })
    await unharmed()
  })
})

describe('a connection that was refused', () => {
  const subscribe = clientFrame(0x81, '{"event":"pusher:subscribe","data":{"channel":"forbidden"}}')

  it.each<[why: string, request: string]>([
    ['its key', upgradeRequest({}, 'GET /app/unknown?protocol=7 HTTP/1.1')],
    ['its protocol', upgradeRequest({}, 'GET /app/app-key?protocol=3 HTTP/1.1')],
    ['its origin', upgradeRequest({ origin: 'https://evil.example' })],
    ['the quota', upgradeRequest()],
  ])('for %s is not listened to, however fast it speaks', async (_, request) => {
    const running = await startServer({ allowedOrigins: ['good.example'], maxConnections: 1 })
    const witness = await bystander(running)
    const before = running.server.counters['messagesReceived'] ?? 0
    const socket = await rawSocket(running.port)
    const everything = everythingFrom(socket)
    socket.write(Buffer.concat([Buffer.from(request), subscribe, subscribe]))
    await eventually(() => running.server.counters['connectionsRefused']).toBe(1)
    socket.write(subscribe)
    socket.end()
    expect(await everything).not.toContain('subscription_succeeded')
    expect(running.server.counters['messagesReceived']).toBe(before)
    expect(await running.publish('forbidden')).toBe(0)
    await witness.unharmed()
  })

  it('takes no place from others, and neither do handshakes that were never ended', async () => {
    const running = await startServer({ maxConnections: 3 })
    const witness = await bystander(running)
    const clients = [await running.connect(), await running.connect()]
    for (let round = 0; round < 5; round++) {
      expect(await refusalOf(await running.open())).toBe(4004)
      const half = await rawSocket(running.port)
      half.write(upgradeRequest().slice(0, -4))
      half.resetAndDestroy()
      await ended(half)
      for (const client of clients.splice(0)) {
        client.terminate()
        await client.closed
      }
      await eventually(async () => running.server.counters['connections']).toBe(1)
      clients.push(await running.connect(), await running.connect())
    }
    await witness.unharmed()
  })
})

describe('a crowd', () => {
  it('that leaves all channels at once, without a goodbye, keeps nobody waiting', async () => {
    const running = await startServer()
    const witness = await bystander(running)
    const crowd = await running.connectMany(50)
    for (const client of crowd) {
      for (let index = 0; index < 50; index++) {
        client.send({ event: 'pusher:subscribe', data: { channel: `channel-${index}` } })
      }
    }
    for (const client of crowd) expect(await client.rest()).toHaveLength(50)
    for (const client of crowd) client.terminate()
    await witness.unharmed()
    await eventually(() => running.publish('channel-49')).toBe(0)
    await witness.unharmed()
  })

  it('of one user with many connections, who is disconnected while it comes, is gone in the end', async () => {
    const running = await startServer()
    const witness = await bystander(running)
    const crowd = await running.connectMany(40)
    const closed = crowd.map(({ closed }) => closed)
    for (const [index, client] of crowd.entries()) {
      // Whoever was signed in already is closed while it signs in again.
      void client.signin({ id: '7' }).catch(() => {})
      void client.signin({ id: '7' }).catch(() => {})
      if (index % 10 === 9) await running.server.disconnectUser('7')
    }
    await eventually(async () => {
      await running.server.disconnectUser('7')
      return running.server.counters['connections']
    }).toBe(1)
    for (const { code } of await Promise.all(closed)) expect(code).toBe(4009)
    await witness.unharmed()
  })
})

describe('limits of presence', () => {
  it.each([
    ['an id of 100 000 characters', { user_id: 'x'.repeat(90_000) }],
    ['info of 90 KB', { user_id: '7', user_info: { x: 'x'.repeat(90_000) } }],
    [
      'info of 5 000 fields',
      { user_id: '7', user_info: Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`k${i}`, 1])) },
    ],
  ])('hold against %s', async (_, member) => {
    const { client, unharmed } = await scene()
    expect(await client.subscribe('presence-x', client.signed('presence-x', member))).toEqual(
      subscriptionError('presence-x', 'LimitReached', 4301),
    )
    await unharmed()
  })
})
