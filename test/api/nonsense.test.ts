import { describe, expect, it } from 'vitest'
import { type Api, type ApiAnswer, apiApp, apiOf, type Call, type Parameter } from '../support/api.ts'
import { objectOf, send } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'

const event = { name: 'order.paid', channels: ['news'], data: '{"id":42}' }
const entry = { name: 'order.paid', channel: 'news', data: '{"id":42}' }

/** Asserts that nothing broke: no failure was counted, nothing was delivered, and the next request works. */
async function unharmed(running: TestServer, act: (api: Api) => Promise<void>): Promise<void> {
  const client = await running.connect()
  await client.join('news')
  const api = apiOf(running)
  await act(api)
  expect(running.server.counters).toMatchObject({ apiFailures: 0 })
  await client.silence()
  expect((await api.post('/events', event)).status).toBe(200)
  expect(await client.next()).toMatchObject({ event: 'order.paid', data: '{"id":42}' })
}

/** The answer is the JSON of a refusal with this status. */
function expectRefusal({ status, body }: Pick<ApiAnswer, 'status' | 'body'>, expected: number): void {
  expect([status, body]).toEqual([expected, { code: expected, error: expect.stringMatching(/\w/) }])
}

describe('null everywhere', () => {
  const bodies: [path: string, body: unknown][] = [
    ['/events', null],
    ['/events', { name: null, data: null, channels: null, channel: null, socket_id: null, info: null }],
    ['/events', { ...event, name: null }],
    ['/events', { ...event, data: null }],
    ['/events', { ...event, channels: null }],
    ['/events', { ...event, channels: [null] }],
    ['/events', { ...event, channels: ['news', null] }],
    ['/batch_events', null],
    ['/batch_events', { batch: null }],
    ['/batch_events', { batch: [null] }],
    ['/batch_events', { batch: [entry, null] }],
    ['/batch_events', { batch: [{ ...entry, name: null }] }],
    ['/batch_events', { batch: [{ ...entry, data: null }] }],
    ['/batch_events', { batch: [{ ...entry, channel: null }] }],
    ['/users/7/unsubscribe', null],
    ['/users/7/unsubscribe', { channel: null }],
  ]

  it.each(bodies)('C133 gets 400 from %s with %j', async (path, body) => {
    await unharmed(await startServer(), async (api) => {
      expectRefusal(await api.post(path, JSON.stringify(body)), 400)
    })
  })

  it('is nothing where a member may be left out', async () => {
    const api = apiOf(await startServer())
    expect((await api.post('/events', { ...event, channel: null, socket_id: null, info: null })).text).toBe(
      '{}',
    )
    const batch = [{ ...entry, socket_id: null, info: null }]
    expect((await api.post('/batch_events', { batch })).text).toBe('{}')
    expect((await api.post('/users/null/terminate_connections', null)).text).toBe('{}')
  })
})

describe('a batch that is none', () => {
  it.each([
    {},
    [],
    'batch',
    { batch: {} },
    { batch: { length: 1, 0: entry } },
    { batch: 'order.paid' },
    { batch: 1 },
    { batch: [[entry]] },
    { batch: ['order.paid'] },
    { batch: [entry, { ...entry, channel: ['news'] }] },
    { batch: [entry, { ...entry, channels: ['news'], channel: undefined }] },
    { batch: [{ ...entry, info: ['user_count'] }] },
  ])('C138 gets 400: %j', async (body) => {
    await unharmed(await startServer(), async (api) => {
      expectRefusal(await api.post('/batch_events', JSON.stringify(body)), 400)
    })
  })
})

describe('info with nonsense', () => {
  const nonsense = [
    '',
    ',',
    ',,,',
    'cakes',
    '__proto__,constructor',
    'user_count '.repeat(500),
    'ü\0',
    '%',
    'null',
  ]

  it.each(nonsense)('C137 C143 is ignored: %j', async (info) => {
    await unharmed(await startServer(), async (api) => {
      const get = async (path: string) => {
        const { status, body } = await api.get(path, { info })
        return [status, body]
      }
      expect(await get('/channels')).toEqual([200, { channels: { news: {} } }])
      expect(await get('/channels/cache-x')).toEqual([200, { occupied: false }])
      expect(await get('/channels/presence-x/users')).toEqual([200, { users: [] }])
      const published = { ...event, channels: ['empty'], info }
      expect((await api.post('/events', published)).text).toBe('{}')
      const batch = [{ ...entry, channel: 'empty', info }]
      expect((await api.post('/batch_events', { batch })).text).toBe('{}')
    })
  })

  it.each(['user_count,user_count', ' user_count , cakes', 'cakes,user_count'])(
    'C143 leaves what makes sense: %j',
    async (info) => {
      const api = apiOf(await startServer())
      expect(await api.read('/channels/presence-x', { info })).toEqual({
        occupied: false,
        user_count: 0,
      })
      expectRefusal(await api.get('/channels/news', { info }), 400)
    },
  )
})

describe('parameters', () => {
  const twice = (name: string, value: string): Call => ({
    alter: (parameters) => [...parameters, [name, value]],
  })

  it.each([
    ['auth_key', 'app-key'],
    ['auth_timestamp', '1700000000'],
    ['auth_version', '1.0'],
    ['auth_signature', '0'.repeat(64)],
    ['body_md5', 'd41d8cd98f00b204e9800998ecf8427e'],
    ['info', 'user_count'],
    ['AUTH_KEY', 'app-key'],
    ['auth_key[]', 'app-key'],
    ['auth_key[key]', 'app-key'],
  ])('C123 %s twice gets 401', async (name, value) => {
    await unharmed(await startServer(), async (api) => {
      const call = { body: event, query: [['info', 'user_count']] as const, ...twice(name, value) }
      expectRefusal(await api.call('POST', '/events', call), 401)
    })
  })

  it('twice, as they were signed, are joined', async () => {
    const running = await startServer()
    const client = await running.connect()
    await client.join('presence-x', { user_id: '7' })
    const spread = (parameters: readonly Parameter[]) =>
      parameters.flatMap((parameter): readonly Parameter[] =>
        parameter[0] === 'info' ? parameter[1].split(',').map((value) => ['info', value]) : [parameter],
      )
    const answer = await apiOf(running).call('GET', '/channels/presence-x', {
      query: [['info', 'user_count,subscription_count']],
      alter: spread,
    })
    expect(answer.body).toEqual({ occupied: true, user_count: 1, subscription_count: 1 })
  })

  it.each([
    [[['filter_by_prefix[]', 'a']], 'filter_by_prefix'],
    [[['filter_by_prefix[0]', 'a']], 'filter_by_prefix'],
    [[['filter_by_prefix[x][y]', 'a']], undefined],
    [[['channels[]', 'news']], 'channels'],
    [[['__proto__', 'x']], undefined],
    [[['__proto__[polluted]', 'x']], undefined],
    [[['constructor', 'x']], undefined],
    [[['', 'x']], undefined],
  ] as [query: Parameter[], signedAs: string | undefined][])(
    'that are arrays or worse are read as they were signed: %j',
    async (query, signedAs) => {
      await unharmed(await startServer(), async (api) => {
        const sign = (parameters: readonly Parameter[]) =>
          parameters.map(
            ([name, value]): Parameter => [name === query[0]?.[0] ? (signedAs ?? name) : name, value],
          )
        const alter = (parameters: readonly Parameter[]) => [
          ...parameters.filter(([name]) => name !== signedAs),
          ...(signedAs === undefined ? [] : query),
        ]
        const { status } = await api.call('GET', '/channels', { query, sign, alter })
        expect(status).toBe(200)
        expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
      })
    },
  )

  it('of more than 64 get 401, and a URL that is too long 431', async () => {
    await unharmed(await startServer(), async (api) => {
      const query = Array.from({ length: 65 }, (_, index): Parameter => [`p${index}`, 'x'])
      expectRefusal(await api.call('GET', '/channels', { query }), 401)
    })
    const { port } = await startServer()
    const path = `/apps/app-id/channels?x=${'x'.repeat(20_000)}`
    expect((await send({ port, path })).status).toBe(431)
  })
})

describe('paths', () => {
  it.each([
    // Decoded once, %2520 is %20 and no name of a channel.
    ['/channels/a%2520b', '/channels/a%20b', 400],
    ['/channels/%256E%2565%2577%2573', '/channels/%6E%65%77%73', 400],
    ['/channels/news%2Fusers', '/channels/news/users', 400],
    ['/channels/news%252Fusers', '/channels/news%2Fusers', 400],
    ['/channels/%00', '/channels/\0', 400],
    ['/channels/%C0%AE', '/channels/%C0%AE', 404],
    ['/channels/%', '/channels/%', 404],
  ])('C127 %s is decoded once', async (path, signed, status) => {
    await unharmed(await startServer(), async (api) => {
      expectRefusal(await api.call('GET', path, { signedPath: `/apps/app-id${signed}` }), status)
    })
  })

  it('C127 encoded twice, an app is another one', async () => {
    const running = await startServer({ apps: [{ ...apiApp, id: 'a b' }] })
    const answer = await send({ port: running.port, path: '/apps/a%2520b/channels' })
    expectRefusal({ status: answer.status, body: objectOf(answer) }, 404)
  })

  it('C127 encoded twice, a user is another one', async () => {
    const running = await startServer()
    const client = await running.signedIn('a b')
    const call = { body: '{}', signedPath: '/apps/app-id/users/a%20b/terminate_connections' }
    const path = '/users/a%2520b/terminate_connections'
    expect((await apiOf(running).call('POST', path, call)).status).toBe(200)
    await client.silence()
  })

  it('C127 doubly encoded values do not verify', async () => {
    await unharmed(await startServer(), async (api) => {
      const write = (value: string) => encodeURIComponent(encodeURIComponent(value))
      const query: Parameter[] = [['filter_by_prefix', 'presence-a@b']]
      expectRefusal(await api.call('GET', '/channels', { query, write }), 401)
    })
  })
})
