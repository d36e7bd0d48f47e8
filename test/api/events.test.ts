import { describe, expect, it } from 'vitest'
import { Api, apiApp, apiOf } from '../support/api.ts'
import { startServer } from '../support/server.ts'

const event = { name: 'order.paid', channels: ['news'], data: '{"id":42}' }

describe('POST /events', () => {
  it.each(['{"id":42}', '', ' { "spaced" : true } ', 'not json', '"\\u00fc"', 'ü💥\u2028\0\\"', 'null'])(
    'C130 C134 delivers the data %j to all subscribers of each channel, byte for byte',
    async (data) => {
      const running = await startServer()
      const [one, two, three] = await running.connectMany(3)
      await one?.join('news')
      await two?.join('news')
      await two?.join('private-orders.42')
      await three?.join('elsewhere')

      const { status, body } = await apiOf(running).post('/events', {
        ...event,
        channels: ['news', 'private-orders.42'],
        data,
      })

      expect([status, body]).toEqual([200, {}])
      const delivered = { event: 'order.paid', channel: 'news', data }
      expect(await one?.rest()).toStrictEqual([delivered])
      expect(await two?.rest()).toStrictEqual([delivered, { ...delivered, channel: 'private-orders.42' }])
      await three?.silence()
    },
  )

  it.each<[data: unknown, text: string]>([
    [{ a: [1, null], b: 'ü' }, '{"a":[1,null],"b":"ü"}'],
    [[], '[]'],
    [0, '0'],
    [false, 'false'],
  ])('C134 delivers the data %j as the string %j', async (data, text) => {
    const running = await startServer()
    const client = await running.connect()
    await client.join('news')
    expect((await apiOf(running).post('/events', { ...event, data })).status).toBe(200)
    expect(await client.next()).toStrictEqual({ event: 'order.paid', channel: 'news', data: text })
  })

  it('C131 excepts exactly the connection with the socket id', async () => {
    const running = await startServer()
    const [one, two] = await running.connectMany(2)
    await one?.join('news')
    await two?.join('news')
    const { status } = await apiOf(running).post('/events', { ...event, socket_id: one?.socketId })
    expect(status).toBe(200)
    await one?.silence()
    expect(await two?.rest()).toHaveLength(1)
  })

  it.each(['1.1', null, undefined])('C131 excepts nobody with the socket id %j', async (socketId) => {
    const running = await startServer()
    const client = await running.connect()
    await client.join('news')
    expect((await apiOf(running).post('/events', { ...event, socket_id: socketId })).status).toBe(200)
    expect(await client.rest()).toHaveLength(1)
  })

  it('C132 takes channel or channels, and delivers once where a channel is named twice', async () => {
    const running = await startServer()
    const client = await running.connect()
    await client.join('news')
    await client.join('sports')
    const api = apiOf(running)
    const named = async (names: object) => {
      const { status } = await api.post('/events', { name: 'x', data: '1', ...names })
      return [status, ...(await client.rest()).map(({ channel }) => channel)]
    }
    expect(await named({ channel: 'news' })).toEqual([200, 'news'])
    expect(await named({ channels: ['news', 'sports', 'news'] })).toEqual([200, 'news', 'sports'])
    expect(await named({ channels: ['sports'], channel: 'news' })).toEqual([200, 'sports'])
  })

  it('C132 takes 100 channels, not 101 and not none', async () => {
    const running = await startServer()
    const client = await running.connect()
    await client.join('c1')
    const api = apiOf(running)
    const names = Array.from({ length: 101 }, (_, index) => `c${index}`)
    expect((await api.post('/events', { ...event, channels: names })).status).toBe(400)
    expect((await api.post('/events', { ...event, channels: [] })).status).toBe(400)
    await client.silence()
    expect((await api.post('/events', { ...event, channels: names.slice(1) })).status).toBe(200)
    expect(await client.rest()).toHaveLength(1)
  })

  it('C132 counts a channel that is named twice once', async () => {
    const running = await startServer({ maxChannelsPerEvent: 2 })
    const api = apiOf(running)
    expect((await api.post('/events', { ...event, channels: ['a', 'b', 'a', 'b'] })).status).toBe(200)
    expect((await api.post('/events', { ...event, channels: ['a', 'b', 'c'] })).status).toBe(400)
  })

  const bad: [what: string, change: object][] = [
    ['no name', { name: undefined }],
    ['an empty name', { name: '' }],
    ['a name that is a number', { name: 1 }],
    ['a name of 201 characters', { name: 'x'.repeat(201) }],
    ['the name pusher:x', { name: 'pusher:x' }],
    ['the name pusher_internal:x', { name: 'pusher_internal:x' }],
    ['no data', { data: undefined }],
    ['data that is null', { data: null }],
    ['no channel', { channels: undefined }],
    ['channels that are a string', { channels: 'news' }],
    ['a channel that is a number', { channels: ['news', 1] }],
    ['a channel without a name', { channels: ['news', ''] }],
    ['a channel with a space', { channels: ['news', 'a b'] }],
    ['a channel with a colon', { channels: ['news', 'a:b'] }],
    ['a channel of 201 characters', { channels: ['news', 'x'.repeat(201)] }],
    ['a channel # something', { channels: ['news', '#server'] }],
    ['a socket id that is none', { socket_id: 'x' }],
    ['a socket id that is empty', { socket_id: '' }],
    ['a socket id that is a number', { socket_id: 1.1 }],
    ['a socket id for another channel', { socket_id: '1.1:private-victim' }],
    ['info that is an array', { info: ['user_count'] }],
  ]
  it.each(bad)('C131 C133 gets 400 with %s, and nothing is delivered', async (_, change) => {
    const running = await startServer()
    const client = await running.connect()
    await client.join('news')
    const { status, body } = await apiOf(running).post('/events', { ...event, ...change })
    expect([status, body]).toEqual([400, { code: 400, error: expect.stringMatching(/\w/) }])
    await client.silence()
  })

  it.each(['', '{', '[]', 'null', '1', '"text"', '{"name":"x"', 'name=x', '{"a":1}{"b":2}', '\0'])(
    'C136 gets 400 with the body %j',
    async (body) => {
      const running = await startServer()
      expect((await apiOf(running).call('POST', '/events', { body })).status).toBe(400)
    },
  )

  it('C136 gets 400 with bytes that are no text and with data that is nested too deeply', async () => {
    const api = apiOf(await startServer())
    expect((await api.call('POST', '/events', { body: Buffer.from([0xff, 0xfe, 0x7b]) })).status).toBe(400)
    const deep = `{"name":"x","channel":"news","data":${'['.repeat(200_000)}${']'.repeat(200_000)}}`
    expect((await api.call('POST', '/events', { body: deep })).status).toBe(400)
    expect((await api.post('/events', event)).status).toBe(200)
  })

  it('C135 takes data of exactly the limit, counted in bytes', async () => {
    const running = await startServer({ maxEventSize: 10_240 })
    const client = await running.connect()
    await client.join('news')
    const status = async (data: unknown) => (await apiOf(running).post('/events', { ...event, data })).status
    expect(await status('x'.repeat(10_240))).toBe(200)
    expect(await status('ü'.repeat(5_120))).toBe(200)
    expect(await client.rest()).toHaveLength(2)
    expect(await status('x'.repeat(10_241))).toBe(413)
    expect(await status(`x${'ü'.repeat(5_120)}`)).toBe(413)
    expect(await status(['x'.repeat(10_240)])).toBe(413)
    await client.silence()
  })

  it('C137 counts what applies to each channel, and nothing unless asked', async () => {
    const running = await startServer()
    const [one, two] = await running.connectMany(2)
    for (const client of [one, two]) {
      await client?.join('news')
      await client?.join('presence-room', { user_id: '7' })
    }
    const api = apiOf(running)
    const channels = ['news', 'presence-room', 'empty', 'presence-empty']
    const counts = async (info?: string) => (await api.post('/events', { ...event, channels, info })).body

    expect(await counts()).toEqual({})
    expect(await counts('user_count,subscription_count')).toEqual({
      channels: {
        news: { subscription_count: 2 },
        'presence-room': { user_count: 1, subscription_count: 2 },
        empty: { subscription_count: 0 },
        'presence-empty': { user_count: 0, subscription_count: 0 },
      },
    })
    expect(await counts('user_count')).toEqual({
      channels: {
        news: {},
        'presence-room': { user_count: 1 },
        empty: {},
        'presence-empty': { user_count: 0 },
      },
    })
    expect(await counts('cakes, subscription_count')).toMatchObject({
      channels: { news: { subscription_count: 2 }, empty: { subscription_count: 0 } },
    })
  })

  it('C137 C70 answers with any channel name as a key', async () => {
    const api = apiOf(await startServer())
    const { text } = await api.post('/events', {
      ...event,
      channels: ['__proto__'],
      info: 'subscription_count',
    })
    expect(text).toBe('{"channels":{"__proto__":{"subscription_count":0}}}')
  })

  it('C170 delivers event names with backslashes and any other characters', async () => {
    const running = await startServer()
    const client = await running.connect()
    await client.join('news')
    for (const name of ['App\\Events\\OrderPaid', 'order paid/ü💥', 'client-x', '__proto__']) {
      expect((await apiOf(running).post('/events', { ...event, name })).status).toBe(200)
      expect(await client.next()).toStrictEqual({ event: name, channel: 'news', data: '{"id":42}' })
    }
  })

  it('C169 passes on to an encrypted channel what it cannot read', async () => {
    const running = await startServer()
    const client = await running.connect()
    await client.join('private-encrypted-orders.42')
    const data =
      '{"nonce":"ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7","ciphertext":"ojLzGvW7n1CLOTLeOjevBcFfbdPawbcJYQ=="}'
    const { status } = await apiOf(running).post('/events', {
      ...event,
      channels: ['private-encrypted-orders.42'],
      data,
    })
    expect(status).toBe(200)
    expect(await client.next('order.paid')).toMatchObject({ data })
  })

  it('C178 reaches no channel of the same name in another app', async () => {
    const other = { id: '2', key: 'other-key', secret: 'other-secret' }
    const running = await startServer({ apps: [apiApp, other] })
    const ours = await running.connect()
    const theirs = await running.connect({ credentials: other }, '/app/other-key?protocol=7')
    for (const client of [ours, theirs]) {
      await client.join('news')
      await client.join('presence-room', { user_id: client.socketId })
    }
    const channels = ['news', 'presence-room']
    const counted = { ...event, channels, info: 'user_count,subscription_count' }
    const api = new Api({ port: running.port, app: other })

    expect((await api.post('/events', counted)).body).toEqual({
      channels: {
        news: { subscription_count: 1 },
        'presence-room': { user_count: 1, subscription_count: 1 },
      },
    })
    expect((await theirs.rest()).map(({ channel }) => channel)).toEqual(channels)
    await ours.silence()

    expect((await api.post('/events', { ...event, socket_id: ours.socketId })).status).toBe(200)
    expect(await theirs.rest()).toHaveLength(1)
    await ours.silence()
  })
})
