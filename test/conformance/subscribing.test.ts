import { beforeEach, describe, expect, it } from 'vitest'
import { signChannel, signUser } from '../../src/protocol/signature.ts'
import { payloadOf } from '../../src/testing/index.ts'
import { eventually } from '../support/eventually.ts'
import { turn } from '../support/parts.ts'
import { subscriptionError, unauthorized } from '../support/refusal.ts'
import { failNextJoin, registries } from '../support/registry.ts'
import { appPath, credentials, startServer } from '../support/server.ts'

const confirmed = (channel: string) => ({
  event: 'pusher_internal:subscription_succeeded',
  channel,
  data: '{}',
})

describe('public channels', () => {
  it.each(['', undefined, null, 'garbage', 7, {}, 'app-key:00'])('C37 ignore auth %j', async (auth) => {
    const client = await (await startServer()).connect()
    expect(await client.subscribe('news', { auth })).toEqual(confirmed('news'))
    await client.silence()
  })

  it('C37 ignore channel_data', async () => {
    const client = await (await startServer()).connect()
    expect(await client.subscribe('news', { channelData: '{"user_id":"1"}' })).toEqual(confirmed('news'))
  })

  it.each([
    'foo-private-x',
    'foo-presence-x',
    'privateer',
    'private',
    'presence',
    'presenceful',
    'cache',
    'Private-x',
  ])('C49 %s is one', async (channel) => {
    const client = await (await startServer()).connect()
    expect(await client.subscribe(channel)).toEqual(confirmed(channel))
  })
})

describe('channels that ask for a signature', () => {
  it.each([
    'private-x',
    'private-encrypted-x',
    'private-cache-x',
    'private-encrypted-cache-x',
    'cache-x',
    'private-',
    'private-orders.42',
  ])('C38 C39 %s is confirmed like a public one', async (channel) => {
    const client = await (await startServer()).connect()
    expect(await client.join(channel)).toEqual(confirmed(channel))
  })

  it.each(['private-', 'private-x', 'private-encrypted-x', 'private-cache-x', 'private-encrypted-cache-x'])(
    'C49 %s is closed to whoever brings none',
    async (channel) => {
      const client = await (await startServer()).connect()
      expect(await client.subscribe(channel)).toEqual(unauthorized(channel))
    },
  )

  it('C40 refuse a signature made with another secret, and nothing of the channel follows', async () => {
    const running = await startServer()
    const client = await running.connect()
    const auth = signChannel({ key: 'app-key', secret: 'other' }, client.socketId, 'private-x')
    expect(await client.subscribe('private-x', { auth })).toEqual(unauthorized('private-x'))
    expect(await running.publish('private-x')).toBe(0)
    await client.silence()
  })

  it('C41 refuse a signature for another channel, socket or key', async () => {
    const running = await startServer()
    const [client, other] = await running.connectMany(2)
    const { socketId } = client
    const stolen = [
      signChannel(credentials, socketId, 'private-y'),
      signChannel(credentials, socketId, 'private-X'),
      signChannel(credentials, other.socketId, 'private-x'),
      signChannel({ ...credentials, key: 'other-key' }, socketId, 'private-x'),
      signUser(credentials, socketId, 'private-x'),
    ]
    for (const auth of stolen) {
      expect(await client.subscribe('private-x', { auth })).toEqual(unauthorized('private-x'))
    }
  })

  it('C41 refuse a signature of another app of the same server', async () => {
    const other = { id: 'other-id', key: 'other-key', secret: 'other-secret' }
    const running = await startServer({ apps: [{ id: 'app-id', ...credentials }, other] })
    const client = await running.connect()
    const auth = signChannel(other, client.socketId, 'private-x')
    expect(await client.subscribe('private-x', { auth })).toEqual(unauthorized('private-x'))
    const guest = await running.connect({ credentials: other }, '/app/other-key')
    await guest.join('private-x')
  })

  it('C41 accept a signature of the previous secret while the app has one', async () => {
    const app = { id: 'app-id', ...credentials, previousSecret: 'before' }
    const client = await (await startServer({ apps: [app] })).connect()
    const auth = signChannel({ key: 'app-key', secret: 'before' }, client.socketId, 'private-x')
    expect(await client.subscribe('private-x', { auth })).toEqual(confirmed('private-x'))
  })

  it.each<[name: string, change: (auth: string) => unknown]>([
    ['missing', () => undefined],
    ['null', () => null],
    ['empty', () => ''],
    ['a number', () => 7],
    ['true', () => true],
    ['an object', (auth) => ({ auth })],
    ['in an array', (auth) => [auth]],
    ['without a colon', (auth) => auth.replace(':', '')],
    ['without a key', (auth) => auth.replace('app-key', '')],
    ['without a signature', () => 'app-key:'],
    ['in upper case', (auth) => `app-key:${auth.slice(8).toUpperCase()}`],
    ['with a byte more', (auth) => `${auth}0`],
    ['with a byte less', (auth) => auth.slice(0, -1)],
    ['with a line feed', (auth) => `${auth}\n`],
    ['with a space before', (auth) => ` ${auth}`],
    ['with a second colon', (auth) => `${auth}:`],
    ['with characters beyond ASCII', (auth) => auth.replace(/.$/, 'é')],
    ['a megabyte less a little', () => `app-key:${'0'.repeat(90_000)}`],
  ])('C42 refuse an auth that is %s', async (_, change) => {
    const client = await (await startServer()).connect()
    const auth = change(client.signed('private-x').auth)
    expect(await client.subscribe('private-x', { auth })).toEqual(unauthorized('private-x'))
    await client.silence()
  })

  it('C43 tell neither the secret nor a signature when they refuse', async () => {
    const client = await (await startServer()).connect()
    const { auth, channelData } = client.signed('presence-x', '{"user_id":7,"user_info":{}}')
    const answers = [
      await client.subscribe('private-x', { auth }),
      await client.subscribe('presence-x', { auth: auth.replace(/.$/, '!'), channelData }),
      await client.subscribe('presence-x', { auth }),
      await client.subscribe('private-x'),
    ]
    const said = JSON.stringify(answers)
    expect(said).not.toContain(credentials.secret)
    expect(said).not.toContain(client.socketId)
    expect(said).not.toMatch(/[0-9a-f]{16}/)
  })

  it('C44 verify channel_data on private channels too', async () => {
    const client = await (await startServer()).connect()
    const { auth } = client.signed('private-x', '{"a":1}')
    expect(await client.subscribe('private-x', { auth })).toEqual(unauthorized('private-x'))
    expect(await client.subscribe('private-x', { auth, channelData: '{"a":2}' })).toEqual(
      unauthorized('private-x'),
    )
    expect(await client.subscribe('private-x', { auth, channelData: '{"a":1}' })).toEqual(
      confirmed('private-x'),
    )
  })

  it('C44 take channel_data that is null for absent', async () => {
    const client = await (await startServer()).connect()
    const { auth } = client.signed('private-x')
    expect(await client.subscribe('private-x', { auth, channelData: null })).toEqual(confirmed('private-x'))
  })

  it('C45 accept a right subscribe after a refused one', async () => {
    const running = await startServer()
    const client = await running.connect()
    expect(await client.subscribe('private-x', { auth: 'app-key:no' })).toEqual(unauthorized('private-x'))
    await client.join('private-x')
    expect(await running.publish('private-x')).toBe(1)
  })
})

describe('signing', () => {
  const docs = { key: '278d425bdf160c739803', secret: '7ad3773142a6692b25b8' }
  const ours = credentials
  const tofu = { key: 'k', secret: 'tofu' }

  it.each([
    [
      docs,
      '1234.1234',
      'private-foobar',
      undefined,
      '58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4',
    ],
    [
      docs,
      '1234.1234',
      'presence-foobar',
      '{"user_id":10,"user_info":{"name":"Mr. Pusher"}}',
      'afaed3695da2ffd16931f457e338e6c9f2921fa133ce7dac49f529792be6304c',
    ],
    [
      docs,
      '1234.1234',
      'presence-foobar',
      '{"user_id":10,"user_info":{"name":"Mr. Channels"}}',
      '31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80',
    ],
    [
      ours,
      '218912.44719',
      'private-orders.42',
      undefined,
      '860b5d24884987d6716be1c460c2acbcad53332c1714872bbbb555af3f44aedb',
    ],
    [
      ours,
      '218912.44719',
      'private-cache-orders',
      undefined,
      'f53ea82adef6cd19e98af50eb4107f2239ba1fef1caf12ba2772325aae3279b7',
    ],
    [
      ours,
      '218912.44719',
      'private-encrypted-orders.42',
      undefined,
      '7467caff0a16a441f65633342bb8b27797f4fb35554663881c0ea7d8605c2144',
    ],
    [
      ours,
      '218912.44719',
      'presence-room-1',
      '{"user_id":"7","user_info":{"name":"Zoë"}}',
      '7e8efacde85951af3826addd021ca9b5effeb0f7fe4086117ba31b44268ea727',
    ],
    [
      ours,
      '218912.44719',
      'presence-room-1',
      '{"user_id":"7"}',
      '662ca69daba55c090e542128a501070eead017ef109437e850c590a96203d641',
    ],
    [
      ours,
      '218912.44719',
      'presence-cache-room',
      '{"user_id":"7"}',
      '33910a86d5550f4fd685447b7170049228d40d154af4b7542ff5e977d7984e4c',
    ],
    [tofu, '1.1', 'test', '"ą§¶™€łü€ß£"', '2a229263e89d9c50524fd80c2e88be2843379f6931e28995e2cc214282c9db0c'],
    [
      tofu,
      '123.456',
      'private-encrypted-bla',
      '"foo"',
      '962c48b78bf93d98ff4c92ee7dff04865821455b7b401e9d60a9e0a90af2c105',
    ],
  ])(
    'C46 signs channels as the vectors say: %j %s %s %s',
    (app, socketId, channel, channelData, signature) => {
      expect(signChannel(app, socketId, channel, channelData)).toBe(`${app.key}:${signature}`)
    },
  )

  it.each([
    [docs, '1234.1234', '{"id":"12345"}', '4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba'],
    [
      ours,
      '218912.44719',
      '{"id":"7","user_info":{"name":"Zoë"},"watchlist":["8","9"]}',
      '026898a80fab505967c5b8c8062b1dc5e13f7d869b1e42a869ab79bc6f1824dd',
    ],
    [ours, '1.2', '{"id":"a@b.c"}', '321c1be08ed7f68ab46de55c0c9559920c0bcfdd21e0cdbe63708caa14dc243f'],
    [tofu, '123.456', '{"id":"45678"}', 'f4b1fdeea7c93e32648c7230e32b172057c5623cace6cfce791c6e7035e0babd'],
    [tofu, '1.1', '{"id":"ą§¶™€łü€ß£"}', '620494cee53d6c568b49598313194088afda37218f0d059af03c0c898ed61ff4'],
  ])('C46 signs users as the vectors say: %j %s %s', (app, socketId, userData, signature) => {
    expect(signUser(app, socketId, userData)).toBe(`${app.key}:${signature}`)
  })
})

describe('names', () => {
  it('C47 of 1 and of 200 characters are allowed, of 0 and of 201 are not', async () => {
    const client = await (await startServer()).connect()
    await client.join('x')
    await client.join('x'.repeat(200))
    expect(await client.subscribe('')).toEqual(subscriptionError('', 'LimitReached', 4009))
    const cut = subscriptionError('x'.repeat(200), 'LimitReached', 4009)
    expect(await client.subscribe('x'.repeat(201))).toEqual(cut)
    expect(await client.subscribe('x'.repeat(90_000))).toEqual(cut)
  })

  it.each([' ', '/', ':', '#', 'é', '\n', '\0', '\\', '"', '%', '+', '*', '💥'])(
    'C48 with %j are not allowed',
    async (character) => {
      const client = await (await startServer()).connect()
      for (const channel of [`a${character}b`, `${character}a`, `private-a${character}`]) {
        const refused = subscriptionError(channel, 'LimitReached', 4009)
        expect(await client.subscribe(channel)).toEqual(refused)
      }
    },
  )

  it('C48 with any of _-=@,.; are allowed', async () => {
    const client = await (await startServer()).connect()
    for (const character of '_-=@,.;') await client.join(`a${character}b`)
    await client.join('_-=@,.;')
  })

  it('C50 differ by case', async () => {
    const running = await startServer()
    const client = await running.connect()
    await client.join('News')
    expect(await running.publish('news')).toBe(0)
    expect(await running.publish('News')).toBe(1)
  })
})

describe.each(registries)('subscribing twice, with a registry that answers %s', (_, prepare) => {
  beforeEach(prepare)

  it('C51 confirms again and changes nothing', async () => {
    const running = await startServer()
    const [client, other] = await running.connectMany(2)
    await client.join('presence-room', { user_id: '1' })
    await other.join('presence-room', { user_id: '2' })
    await client.next('pusher_internal:member_added')
    const again = await client.join('presence-room', { user_id: '1' })
    expect(payloadOf(again)).toMatchObject({ presence: { count: 2, ids: ['1', '2'] } })
    await client.silence()
    await other.silence()
    expect(await running.publish('presence-room')).toBe(2)
    expect(await client.rest()).toHaveLength(1)
  })

  it('C52 with a bad signature keeps the subscription', async () => {
    const running = await startServer()
    const client = await running.connect()
    await client.join('private-x')
    expect(await client.subscribe('private-x', { auth: 'app-key:no' })).toEqual(confirmed('private-x'))
    expect(await running.publish('private-x', 'news')).toBe(1)
    await client.next('news')
  })

  it('C53 subscribe, unsubscribe, subscribe at once ends subscribed', async () => {
    const running = await startServer()
    const client = await running.connect()
    const { auth } = client.signed('private-x')
    const subscribe = { event: 'pusher:subscribe', data: { channel: 'private-x', auth } }
    client.send(subscribe)
    client.unsubscribe('private-x')
    client.send(subscribe)
    client.send({ event: 'pusher:subscribe', data: { channel: 'news' } })
    while ((await client.next('pusher_internal:subscription_succeeded')).channel !== 'news') {}
    expect(await running.publish('private-x', 'news')).toBe(1)
    expect(await client.rest()).toHaveLength(1)
  })

  it('C53 subscribe, unsubscribe at once ends unsubscribed', async () => {
    const running = await startServer()
    const client = await running.connect()
    client.send({ event: 'pusher:subscribe', data: { channel: 'news' } })
    client.unsubscribe('news')
    client.send({ event: 'pusher:subscribe', data: { channel: 'last' } })
    while ((await client.next('pusher_internal:subscription_succeeded')).channel !== 'last') {}
    expect(await running.publish('news')).toBe(0)
    await client.silence()
  })

  it('C54 100 subscribes at once make one subscription, and one member', async () => {
    const running = await startServer()
    const [observer, client] = await running.connectMany(2)
    await observer.join('presence-room', { user_id: '1' })
    const { auth, channelData } = client.signed('presence-room', { user_id: '2' })
    const data = { channel: 'presence-room', auth, channel_data: channelData }
    for (let sent = 0; sent < 100; sent++) client.send({ event: 'pusher:subscribe', data })
    // A roster is long, so asking again is answered ten times a second at most.
    for (let answered = 0; answered < 11; answered++) {
      const answer = await client.next('pusher_internal:subscription_succeeded')
      expect(payloadOf(answer)).toMatchObject({ presence: { count: 2, ids: ['1', '2'] } })
    }
    expect(await running.publish('presence-room', 'news')).toBe(2)
    await client.next('news')
    client.unsubscribe('presence-room')
    await client.silence()
    for (const event of ['pusher_internal:member_added', 'news', 'pusher_internal:member_removed']) {
      await observer.next(event)
    }
    await observer.silence()
    expect(await running.publish('presence-room')).toBe(1)
  })
})

describe.each(registries)('leaving, with a registry that answers %s', (_, prepare) => {
  beforeEach(prepare)

  it('C55 while a subscribe is on its way leaves nothing behind', async () => {
    const running = await startServer()
    const clients = await running.connectMany(30)
    for (const [index, client] of clients.entries()) {
      const { auth, channelData } = client.signed('presence-room', { user_id: `user-${index}` })
      const data = { channel: 'presence-room', auth, channel_data: channelData }
      client.send({ event: 'pusher:subscribe', data })
      client.send({ event: 'pusher:subscribe', data: { channel: 'news' } })
      client.terminate()
    }
    await eventually(() => running.server.counters['connectionsClosed']).toBe(30)
    const client = await running.connect()
    expect(payloadOf(await client.join('presence-room', { user_id: 'late' }))).toEqual({
      presence: { count: 1, ids: ['late'], hash: { late: {} } },
    })
    expect(await running.publish('news')).toBe(0)
    expect(await running.publish('presence-room')).toBe(1)
  })

  it('C56 is not acknowledged, neither from a channel one is in nor from another', async () => {
    const client = await (await startServer()).connect()
    await client.join('news')
    client.unsubscribe('news')
    client.unsubscribe('news')
    client.unsubscribe('never-joined')
    client.unsubscribe('private-x')
    await client.silence()
  })

  it.each(['', 'a b', '#server-to-user-1', 'x'.repeat(1000)])(
    'C56 from %j, which nobody can be in, is not acknowledged either',
    async (channel) => {
      const client = await (await startServer()).connect()
      client.unsubscribe(channel)
      await client.silence()
    },
  )
})

describe.each(registries)('order, with a registry that answers %s', (_, prepare) => {
  beforeEach(prepare)

  it('C57 puts the confirmation before every event of the channel, however much is published', async () => {
    const running = await startServer()
    const clients = await running.connectMany(10)
    let published = 0
    const publishing = setInterval(() => running.publish('news', 'news', String(++published)))
    for (const client of clients) expect(await client.subscribe('news')).toEqual(confirmed('news'))
    await eventually(() => published).toBeGreaterThan(50)
    clearInterval(publishing)
    for (const client of clients) {
      const numbers = (await client.rest()).map(({ data }) => Number(data))
      expect(numbers.length).toBeGreaterThan(1)
      const first = numbers[0] ?? Number.NaN
      expect(numbers).toEqual(Array.from(numbers, (_, index) => first + index))
      expect(numbers.at(-1)).toBe(published)
    }
  })

  it('C57 keeps every event that was counted for a subscriber, also one that is still joining', async () => {
    const running = await startServer()
    const client = await running.connect()
    client.send({ event: 'pusher:subscribe', data: { channel: 'news' } })
    const counted: string[] = []
    for (let published = 0; counted.length < 20; published++) {
      if ((await running.publish('news', 'news', String(published))) === 1) counted.push(String(published))
      await turn()
    }
    expect(await client.next()).toEqual(confirmed('news'))
    expect((await client.rest()).map(({ data }) => data)).toEqual(counted)
  })
})

describe('failure', () => {
  it.each(['at once', 'later'] as const)(
    'C60 of the registry %s gives ServerError 4302, and the connection goes on',
    async (when) => {
      const running = await startServer()
      const client = await running.connect()
      failNextJoin(new Error('the secret is app-secret'), when)
      const refused = await client.subscribe('news')
      expect(refused).toEqual(subscriptionError('news', 'ServerError', 4302))
      expect(JSON.stringify(refused)).not.toContain(credentials.secret)
      expect(running.server.counters).toMatchObject({ handlerFailures: 1 })
      expect(await running.publish('news')).toBe(0)
      await client.join('news')
      expect(await running.publish('news')).toBe(1)
    },
  )
})

describe('limits', () => {
  it('the 201st channel of a connection gives LimitReached 4100', async () => {
    const client = await (await startServer()).connect()
    for (let joined = 0; joined < 200; joined++) await client.join(`channel-${joined}`)
    expect(await client.subscribe('one-more')).toEqual(subscriptionError('one-more', 'LimitReached', 4100))
    expect(await client.subscribe('channel-0')).toEqual(confirmed('channel-0'))
    client.unsubscribe('channel-0')
    await client.join('one-more')
  })

  it('a name that only one user may join is refused to everybody else', async () => {
    const client = await (await startServer()).connect()
    const channel = '#server-to-user-7'
    expect(await client.subscribe(channel, { auth: '' })).toEqual(unauthorized(channel))
    expect(await client.subscribe(channel, client.signed(channel))).toEqual(unauthorized(channel))
  })
})

describe('clients of .NET', () => {
  const dotnet = '/app/app-key?protocol=5&client=pusher-dotnet-client&version=2.3.1'

  it('C58 get the refusal under a second name', async () => {
    const client = await (await startServer()).connect({}, dotnet)
    const refused = await client.subscribe('private-x')
    expect(refused).toEqual(unauthorized('private-x'))
    expect(await client.next()).toEqual({ ...refused, event: 'pusher_internal:subscription_error' })
    await client.silence()
  })

  it('C58 are the only ones', async () => {
    const client = await (await startServer()).connect({}, appPath)
    expect(await client.subscribe('private-x')).toEqual(unauthorized('private-x'))
    await client.silence()
  })
})
