import { describe, expect, it } from 'vitest'
import { Api, apiApp, apiOf } from '../support/api.ts'
import { stoppedClock } from '../support/clock.ts'
import { eventually } from '../support/eventually.ts'
import { send } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'

/** Two users in a room, one of them twice, and one of them in two other channels. */
async function populate(running: TestServer) {
  const [one, two, three] = await running.connectMany(3)
  if (!one || !two || !three) throw new Error('connectMany(3) gives three')
  await one.join('news')
  await one.join('private-orders.42')
  await one.join('presence-room-1', { user_id: 7 })
  await two.join('presence-room-1', { user_id: '7' })
  await three.join('presence-room-1', { user_id: '9' })
  await one.next('pusher_internal:member_added')
  return { one, two, three }
}

describe('GET /channels', () => {
  it('C140 is empty without a subscriber, and again after the last one has left', async () => {
    const running = await startServer()
    const api = apiOf(running)
    expect((await api.get('/channels')).text).toBe('{"channels":{}}')
    const client = await running.connect()
    await client.join('news')
    expect(await api.read('/channels')).toEqual({ channels: { news: {} } })
    client.unsubscribe('news')
    await client.silence()
    expect((await api.get('/channels')).text).toBe('{"channels":{}}')
  })

  it('C140 C82 lists what is occupied, and forgets a connection that has ended', async () => {
    const running = await startServer()
    const { one, two, three } = await populate(running)
    const channels = async () =>
      Object.keys(Object((await apiOf(running).read('/channels'))['channels'])).sort()
    expect(await channels()).toEqual(['news', 'presence-room-1', 'private-orders.42'])
    await one.close()
    await eventually(channels).toEqual(['presence-room-1'])
    two.terminate()
    three.terminate()
    await eventually(channels).toEqual([])
  })

  it('C140 does not list a channel whose only subscriber was refused', async () => {
    const running = await startServer()
    const client = await running.connect()
    await client.subscribe('private-x', { auth: 'app-key:nonsense' })
    expect((await apiOf(running).get('/channels')).text).toBe('{"channels":{}}')
  })

  it('C141 filters by prefix, an empty one being none', async () => {
    const running = await startServer()
    await populate(running)
    const api = apiOf(running)
    const filtered = async (prefix: string) =>
      Object.keys(Object((await api.read('/channels', { filter_by_prefix: prefix }))['channels'])).sort()
    expect(await filtered('p')).toEqual(['presence-room-1', 'private-orders.42'])
    expect(await filtered('presence-')).toEqual(['presence-room-1'])
    expect(await filtered('news')).toEqual(['news'])
    expect(await filtered('nothing')).toEqual([])
    expect(await filtered('')).toEqual(['news', 'presence-room-1', 'private-orders.42'])
  })

  it('C141 counts users where the prefix says presence, and subscriptions anywhere', async () => {
    const running = await startServer()
    await populate(running)
    const api = apiOf(running)
    const list = async (info: string, prefix = '') => {
      const { status, body } = await api.get('/channels', { info, filter_by_prefix: prefix })
      return [status, body['channels']]
    }
    expect(await list('user_count', 'presence-')).toEqual([200, { 'presence-room-1': { user_count: 2 } }])
    expect(await list('user_count,subscription_count', 'presence-room-1')).toEqual([
      200,
      { 'presence-room-1': { user_count: 2, subscription_count: 3 } },
    ])
    expect(await list('subscription_count')).toEqual([
      200,
      {
        news: { subscription_count: 1 },
        'private-orders.42': { subscription_count: 1 },
        'presence-room-1': { subscription_count: 3 },
      },
    ])
    expect(await list('cakes', 'news')).toEqual([200, { news: {} }])
    for (const prefix of ['', 'presence', 'p', 'news', 'xpresence-']) {
      expect(await list('user_count', prefix)).toEqual([400, undefined])
    }
    expect((await api.get('/channels', { info: 'user_count' })).status).toBe(400)
  })

  it('C70 lists a channel with any name', async () => {
    const running = await startServer()
    const client = await running.connect()
    for (const name of ['__proto__', 'constructor']) await client.join(name)
    const { text } = await apiOf(running).get('/channels', { info: 'subscription_count' })
    expect(text).toBe(
      '{"channels":{"__proto__":{"subscription_count":1},"constructor":{"subscription_count":1}}}',
    )
  })

  it('C178 lists nothing of another app', async () => {
    const other = { id: '2', key: 'other-key', secret: 'other-secret' }
    const running = await startServer({ apps: [apiApp, other] })
    await populate(running)
    const api = new Api({ port: running.port, app: other })
    expect((await api.get('/channels')).text).toBe('{"channels":{}}')
    expect(await api.read('/channels/news')).toEqual({ occupied: false })
    expect(await api.read('/channels/presence-room-1/users')).toEqual({ users: [] })
  })
})

describe('GET /channels/{channel}', () => {
  it('C142 answers 200 for an occupied and for a vacated channel', async () => {
    const running = await startServer()
    const { one } = await populate(running)
    const api = apiOf(running)
    const info = { info: 'subscription_count' }
    expect(await api.read('/channels/news')).toEqual({ occupied: true })
    expect(await api.read('/channels/news', info)).toEqual({ occupied: true, subscription_count: 1 })
    one.unsubscribe('news')
    await one.silence()
    const vacated = await api.get('/channels/news', info)
    expect([vacated.status, vacated.body]).toEqual([200, { occupied: false, subscription_count: 0 }])
    expect(await api.read('/channels/never-seen')).toEqual({ occupied: false })
  })

  it('C143 counts the users of a presence channel, connections of one user once', async () => {
    const running = await startServer()
    await populate(running)
    const api = apiOf(running)
    const counts = { info: 'user_count,subscription_count,cakes' }
    expect(await api.read('/channels/presence-room-1', counts)).toEqual({
      occupied: true,
      user_count: 2,
      subscription_count: 3,
    })
    expect(await api.read('/channels/presence-empty', counts)).toEqual({
      occupied: false,
      user_count: 0,
      subscription_count: 0,
    })
  })

  it('C143 gets 400 when the info does not apply', async () => {
    const running = await startServer()
    await populate(running)
    const api = apiOf(running)
    for (const [channel, info] of [
      ['news', 'user_count'],
      ['private-orders.42', 'subscription_count,user_count'],
      ['news', 'cache'],
      ['presence-room-1', 'cache'],
    ] as const) {
      const { status } = await api.get(`/channels/${channel}`, { info })
      expect([channel, info, status]).toEqual([channel, info, 400])
    }
  })

  const cacheChannels = ['cache-prices', 'private-cache-x', 'presence-cache-x', 'private-encrypted-cache-x']

  it.each(cacheChannels)(
    'C143 has nothing in the cache of %s before anything is published',
    async (channel) => {
      const api = apiOf(await startServer())
      const { text } = await api.get(`/channels/${channel}`, { info: 'cache' })
      expect(text).toBe('{"occupied":false,"cache":null}')
    },
  )

  it.each(cacheChannels)(
    'C143 has in the cache of %s the last event and its remaining seconds',
    async (channel) => {
      const skip = stoppedClock()
      const running = await startServer({ cacheTtl: 10 })
      const api = apiOf(running)
      const cache = async () => (await api.read(`/channels/${channel}`, { info: 'cake, cache' }))['cache']
      await running.publish(channel, 'price', '{"is":1}')
      await running.publish(channel, 'price', ' not "json" ')
      expect(await cache()).toEqual({ data: ' not "json" ', ttl: 10 })
      skip(3.5)
      expect(await cache()).toEqual({ data: ' not "json" ', ttl: 7 })
      skip(6.5)
      expect(await cache()).toBeNull()
    },
  )

  it('C143 says everything that applies in one answer', async () => {
    const running = await startServer()
    const client = await running.connect()
    await client.join('presence-cache-x', { user_id: '7' })
    await running.publish('presence-cache-x', 'price', '1')
    const info = { info: 'subscription_count,cache,user_count' }
    expect(await apiOf(running).read('/channels/presence-cache-x', info)).toEqual({
      occupied: true,
      user_count: 1,
      subscription_count: 1,
      cache: { data: '1', ttl: 1800 },
    })
  })

  it('C178 has in the cache nothing of another app', async () => {
    const other = { id: '2', key: 'other-key', secret: 'other-secret' }
    const running = await startServer({ apps: [apiApp, other] })
    await running.publish('cache-prices', 'price', '1')
    const api = new Api({ port: running.port, app: other })
    expect((await api.read('/channels/cache-prices', { info: 'cache' }))['cache']).toBeNull()
  })

  it.each(['a%20b', 'a%3Ab', '%C3%A9', 'x'.repeat(201), '%23server', 'a%2Fb', '%0A'])(
    'C133 gets 400 for the channel %s, which cannot be one',
    async (channel) => {
      const api = apiOf(await startServer())
      expect((await api.get(`/channels/${channel}`)).status).toBe(400)
      expect((await api.get(`/channels/${channel}/users`)).status).toBe(400)
    },
  )
})

describe('GET /channels/{channel}/users', () => {
  it('C144 lists the ids as strings, each once', async () => {
    const running = await startServer()
    await populate(running)
    const { status, body } = await apiOf(running).get('/channels/presence-room-1/users')
    expect([status, body]).toEqual([200, { users: [{ id: '7' }, { id: '9' }] }])
  })

  it('C144 is empty for an empty presence channel, and 400 for any other', async () => {
    const api = apiOf(await startServer())
    expect((await api.get('/channels/presence-empty/users')).text).toBe('{"users":[]}')
    for (const channel of ['news', 'private-x', 'presence', 'cache-x']) {
      expect((await api.get(`/channels/${channel}/users`)).status).toBe(400)
    }
  })

  it('C70 lists any user id', async () => {
    const running = await startServer()
    const client = await running.connect()
    await client.join('presence-room-1', { user_id: '__proto__' })
    const { text } = await apiOf(running).get('/channels/presence-room-1/users')
    expect(text).toBe('{"users":[{"id":"__proto__"}]}')
  })
})

describe('GET /connections', () => {
  it('C150 counts the connections of the app, subscribed or not', async () => {
    const other = { id: '2', key: 'other-key', secret: 'other-secret' }
    const running = await startServer({ apps: [apiApp, other] })
    const api = apiOf(running)
    const connections = () => api.read('/connections')
    expect(await connections()).toEqual({ connections: 0 })
    const [one, two] = await running.connectMany(2)
    await one.join('news')
    await running.connect({}, '/app/other-key?protocol=7')
    expect(await connections()).toEqual({ connections: 2 })
    expect(await new Api({ port: running.port, app: other }).read('/connections')).toEqual({
      connections: 1,
    })
    two.terminate()
    await eventually(connections).toEqual({ connections: 1 })
  })

  it('C123 C129 is signed and read like everything else', async () => {
    const running = await startServer()
    expect((await send({ port: running.port, path: '/apps/app-id/connections' })).status).toBe(401)
    expect((await apiOf(running).post('/connections', {})).headers.allow).toBe('GET')
  })
})
