import { afterEach, describe, expect, it, vi } from 'vitest'
import { Api, type ApiApp, apiApp, apiOf, type Call, type Parameter } from '../support/api.ts'
import { objectOf, send } from '../support/http.ts'
import { startServer } from '../support/server.ts'

const event = { name: 'order.paid', channels: ['news'], data: '{"id":42}' }
const encode = encodeURIComponent
const raw = (value: string) => value

const change =
  (name: string, value: string) =>
  (parameters: readonly Parameter[]): readonly Parameter[] =>
    parameters.map((parameter) => (parameter[0] === name ? [name, value] : parameter))

const without =
  (name: string) =>
  (parameters: readonly Parameter[]): readonly Parameter[] =>
    parameters.filter((parameter) => parameter[0] !== name)

/** Sets the clock of server and client; it does not tick. */
function setTime(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: seconds * 1000 })
}

afterEach(() => {
  vi.useRealTimers()
})

describe('the signature of a request', () => {
  const docs: ApiApp = { id: '3', key: '278d425bdf160c739803', secret: '7ad3773142a6692b25b8' }
  const go: ApiApp = { id: '102015', key: 'd41a439c438a100756f5', secret: '4bf35003e819bb138249' }
  const ours = 'auth_key=app-key&auth_timestamp=1700000000&auth_version=1.0'

  it.each<[app: ApiApp, time: number, method: string, path: string, query: string, body?: string]>([
    [
      docs,
      1353088179,
      'POST',
      '/apps/3/events',
      'auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0&body_md5=ec365a775a4cd0599faeb73354201b6f&auth_signature=da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c',
      '{"name":"foo","channels":["project-3"],"data":"{\\"some\\":\\"data\\"}"}',
    ],
    [
      go,
      1427034994,
      'GET',
      '/apps/102015/channels',
      'auth_key=d41a439c438a100756f5&auth_signature=4d8a02edcc8a758b0162cd6da690a9a45fb8ae326a276dca1e06a0bc42796c11&auth_timestamp=1427034994&auth_version=1.0&filter_by_prefix=presence-&info=user_count',
    ],
    [
      go,
      1427053326,
      'GET',
      '/apps/102015/channels/presence-session-d41a439c438a100756f5-4bf35003e819bb138249-ROpCFmgFhXY',
      'auth_key=d41a439c438a100756f5&auth_signature=f93ceb31f396aef336226efe512aaf339bd5e39c7c2c04b81cc8681dc16ee785&auth_timestamp=1427053326&auth_version=1.0&info=user_count,subscription_count',
    ],
    [
      apiApp,
      1700000000,
      'POST',
      '/apps/app-id/events',
      `${ours}&body_md5=cefd75a656e280a64d66791bd5619170&auth_signature=844a2935ca406894f6eba2edf78580131582dd7def36deccd0af6495923c27ea`,
      '{"name":"order.paid","channels":["private-orders.42"],"data":"{\\"id\\":42}","socket_id":"218912.44719"}',
    ],
    [
      apiApp,
      1700000000,
      'POST',
      '/apps/app-id/batch_events',
      `${ours}&body_md5=9c5740e036f3dd23fc606f6a09c22114&auth_signature=02280c264349bd681692bb20b7ade7d47f2bc35afe0962ee941ed755783bd55c`,
      '{"batch":[{"name":"a","channel":"news","data":"1"},{"name":"b","channel":"private-orders.42","data":"{}"}]}',
    ],
    [
      apiApp,
      1700000000,
      'GET',
      '/apps/app-id/channels',
      `${ours}&filter_by_prefix=presence-&info=user_count&auth_signature=fd5a1b38d92aee2b7913a8cf43136cffab888ee5a097536910d6239f08eb68a2`,
    ],
    [
      apiApp,
      1700000000,
      'GET',
      '/apps/app-id/channels/cache-prices',
      `${ours}&info=cache,subscription_count&auth_signature=d7d4c59b1126d0df5026f7ef00e615a8bcb74167516725233725bf97a3dbb91c`,
    ],
    [
      apiApp,
      1700000000,
      'GET',
      '/apps/app-id/channels/presence-room-1/users',
      `${ours}&auth_signature=4b1151fa6ff74d726555733d26f0dec7e5339750de1a745f18bcdfc481df3e22`,
    ],
    [
      apiApp,
      1700000000,
      'GET',
      '/apps/app-id/channels',
      `${ours}&body_md5=d41d8cd98f00b204e9800998ecf8427e&auth_signature=6a2f213f5ea86fd2cc8f4e738bac95efd868e894a2ab76d0e89393b2999b70ad`,
    ],
  ])('C122 verifies for app %o at %i: %s %s?%s', async (app, time, method, path, query, body) => {
    const { port } = await startServer({ apps: [app] })
    setTime(time)
    const answer = await send({ port, method, path: `${path}?${query}`, ...(body !== undefined && { body }) })
    expect([answer.status, objectOf(answer)]).toEqual([200, expect.any(Object)])

    const forged = query.replace(/(?<=auth_signature=)./, (digit) => (digit === '0' ? '1' : '0'))
    const refused = await send({
      port,
      method,
      path: `${path}?${forged}`,
      ...(body !== undefined && { body }),
    })
    expect(refused.status).toBe(401)
  })

  it('may have been made with the previous secret', async () => {
    const app = { id: '1', key: 'k', secret: 'new' }
    const { port } = await startServer({ apps: [{ ...app, previousSecret: 'old' }] })
    for (const [secret, status] of [
      ['new', 200],
      ['old', 200],
      ['older', 401],
    ] as const) {
      const answer = await new Api({ port, app: { ...app, secret } }).post('/events', event)
      expect([secret, answer.status]).toEqual([secret, status])
    }
  })
})

describe('a request that is not signed as it should be', () => {
  const refused: [what: string, method: string, path: string, call: Call][] = []
  const refuse = (what: string, call: Call, method = 'POST', path = '/events') =>
    refused.push([what, method, path, method === 'POST' ? { body: event, ...call } : call])

  for (const name of ['auth_key', 'auth_timestamp', 'auth_version']) {
    refuse(`no ${name}`, { sign: without(name) })
    refuse(`no ${name}`, { sign: without(name) }, 'GET', '/channels')
    refuse(`an empty ${name}`, { sign: change(name, '') })
  }
  refuse('no auth_signature', { alter: without('auth_signature') })
  refuse('an empty auth_signature', { alter: change('auth_signature', '') })
  refuse('the signature of nothing', { alter: change('auth_signature', '0'.repeat(64)) })
  refuse('the signature in upper case', {
    alter: (parameters) =>
      parameters.map(([name, value]) => [name, name === 'auth_signature' ? value.toUpperCase() : value]),
  })
  refuse('no parameter at all', { alter: () => [] })
  refuse('a wrong key', { sign: change('auth_key', 'wrong-key') })
  refuse("another app's key", { sign: change('auth_key', 'other-key') })
  refuse('the id in place of the key', { sign: change('auth_key', 'app-id') })
  refuse('__proto__ as key', { sign: change('auth_key', '__proto__') })
  for (const version of ['2.0', '1', '1.00', '1.0 ']) {
    refuse(`the version "${version}"`, { sign: change('auth_version', version) })
  }
  refuse("another body's md5", { sign: change('body_md5', '94232c5b8fc9272f6f73a1e36eb68fcf') })
  refuse('an added parameter', { alter: (parameters) => [...parameters, ['info', 'user_count']] })
  refuse('an altered parameter', { query: [['info', 'user_count']], alter: change('info', 'cache') })
  refuse('a dropped parameter', { query: [['info', 'user_count']], alter: without('info') })
  refuse('an altered timestamp', {
    alter: (parameters) =>
      parameters.map(([name, value]) => [
        name,
        name === 'auth_timestamp' ? String(Number(value) + 1) : value,
      ]),
  })
  refuse("another path's signature", { signedPath: '/apps/app-id/batch_events' })
  refuse("another app's path", { signedPath: '/apps/other-id/events' })
  refuse('a signed path without a beginning', { signedPath: '/events' })

  it.each(refused)('C123 gets 401 with %s (%s %s)', async (_, method, path, call) => {
    const running = await startServer({
      apps: [apiApp, { id: 'other-id', key: 'other-key', secret: 'other-secret' }],
    })
    const client = await running.connect()
    await client.join('news')

    const { status, body, text } = await apiOf(running).call(method, path, call)

    expect(status).toBe(401)
    expect(body).toEqual({ code: 401, error: expect.any(String) })
    expect(text).not.toMatch(/[0-9a-f]{64}|app-secret|auth_timestamp=|\\n/)
    await client.silence()
  })

  it("C123 gets 401 with another app's secret, and with the method of another request", async () => {
    const running = await startServer()
    const stranger = new Api({ port: running.port, app: { ...apiApp, secret: 'other-secret' } })
    expect((await stranger.get('/channels')).status).toBe(401)

    const signed = stranger.parameters('POST', '/channels').map((pair) => pair.join('='))
    const answer = await send({ port: running.port, path: `/apps/app-id/channels?${signed.join('&')}` })
    expect(answer.status).toBe(401)
  })

  it('C123 gets 401 when the body was changed on its way', async () => {
    const running = await startServer()
    const api = apiOf(running)
    const query = api.parameters('POST', '/events', { body: event }).map((pair) => pair.join('='))
    const path = `/apps/app-id/events?${query.join('&')}`
    const send_ = (body: object) =>
      send({ port: running.port, method: 'POST', path, body: JSON.stringify(body) })
    expect((await send_({ ...event, data: '{"id":43}' })).status).toBe(401)
    expect((await send_(event)).status).toBe(200)
  })

  it('gets 401 before its body is understood', async () => {
    const running = await startServer()
    const answer = await apiOf(running).call('POST', '/events', {
      body: '{',
      alter: without('auth_signature'),
    })
    expect(answer.status).toBe(401)
  })
})

describe('the timestamp of a request', () => {
  it('C124 may be 600 seconds off, either way', async () => {
    const running = await startServer()
    setTime(1_700_000_000)
    for (const [offset, status] of [
      [0, 200],
      [-599, 200],
      [599, 200],
      [-600, 200],
      [600, 200],
      [-601, 401],
      [601, 401],
    ] as const) {
      const answer = await apiOf(running).call('GET', '/channels', { timestamp: 1_700_000_000 + offset })
      expect([offset, answer.status]).toEqual([offset, status])
    }
  })

  it.each([
    '1700000000.5',
    '1700000000.0',
    '1.7e9',
    '+1700000000',
    ' 1700000000',
    '0x6553f100',
    'now',
    'NaN',
    '-1',
    '17OOOOOOOO',
  ])('C124 gets 401 when it is %j', async (timestamp) => {
    const running = await startServer()
    setTime(1_700_000_000)
    expect((await apiOf(running).call('GET', '/channels', { timestamp })).status).toBe(401)
  })
})

describe('body_md5', () => {
  it('C125 may be that of nothing on a GET, as the Python SDK sends it, and no other', async () => {
    const api = apiOf(await startServer())
    const md5 = (value: string) => ({ query: [['body_md5', value]] }) as const
    expect((await api.call('GET', '/channels', md5('d41d8cd98f00b204e9800998ecf8427e'))).status).toBe(200)
    expect((await api.call('GET', '/channels', md5('94232c5b8fc9272f6f73a1e36eb68fcf'))).status).toBe(401)
    expect((await api.call('GET', '/channels', md5(''))).status).toBe(401)
  })

  it('C126 is required with a body', async () => {
    const running = await startServer()
    const client = await running.connect()
    await client.join('news')
    const answer = await apiOf(running).call('POST', '/events', { body: event, sign: without('body_md5') })
    expect(answer.status).toBe(401)
    await client.silence()
  })

  it('C126 is required with a body on a GET too', async () => {
    const api = apiOf(await startServer())
    expect((await api.call('GET', '/channels', { body: '{}' })).status).toBe(200)
    expect((await api.call('GET', '/channels', { body: '{}', sign: without('body_md5') })).status).toBe(401)
  })

  it('is not asked for without a body, so that what is missing is said', async () => {
    const api = apiOf(await startServer())
    expect((await api.call('POST', '/events', {})).status).toBe(400)
  })
})

describe('peculiarities of the SDKs', () => {
  const query: Parameter[] = [
    ['filter_by_prefix', 'presence-a@b=c,d;'],
    ['info', 'user_count,subscription_count'],
  ]

  it('C127 verifies values that stand encoded or as they are on the wire', async () => {
    const api = apiOf(await startServer())
    const styles = [encode, raw, (value: string) => encode(value).toLowerCase()]
    for (const write of styles) {
      expect((await api.call('GET', '/channels', { query, write })).status).toBe(200)
    }
    const twice = await api.call('GET', '/channels', { query, write: (value) => encode(encode(value)) })
    expect(twice.status).toBe(401)
  })

  it('C127 understands values that were signed encoded', async () => {
    const running = await startServer()
    const client = await running.connect()
    await client.join('presence-a@b', { user_id: '7' })
    const encoded: Parameter[] = [['filter_by_prefix', encode('presence-a@')]]
    const answer = await apiOf(running).call('GET', '/channels', { query: encoded, write: raw })
    expect([answer.status, answer.body]).toEqual([200, { channels: { 'presence-a@b': {} } }])
  })

  it('C127 takes a plus for a space or for itself', async () => {
    const api = apiOf(await startServer())
    for (const value of ['a b', 'a+b', 'a b@c', 'a+b@c']) {
      const write = (text: string) => encode(text).replace(/%20|%2B/, '+')
      const { status } = await api.call('GET', '/channels', { query: [['extra', value]], write })
      expect([value, status]).toEqual([value, 200])
    }
  })

  it('C127 does not mind what is no valid encoding', async () => {
    const api = apiOf(await startServer())
    const call: Call = { query: [['extra', '100%%zz']], write: raw }
    expect((await api.call('GET', '/channels', call)).status).toBe(200)
    expect((await api.call('GET', '/channels', { ...call, alter: change('extra', '%E0%A4%A') })).status).toBe(
      401,
    )
  })

  it('Node: verifies a signed raw path that is encoded on the wire', async () => {
    const running = await startServer()
    const client = await running.connect()
    await client.join('presence-a@b;c', { user_id: '7' })
    const api = apiOf(running)
    const raw = '/channels/presence-a@b;c'
    const encoded = `/channels/${encode('presence-a@b;c')}`
    for (const [path, signed] of [
      [encoded, raw],
      [encoded, encoded],
      [encoded.toLowerCase(), raw],
      [raw, raw],
    ] as const) {
      const answer = await api.call('GET', path, { signedPath: `/apps/app-id${signed}` })
      expect([path, signed, answer.status, answer.body]).toEqual([path, signed, 200, { occupied: true }])
    }
  })

  it('PHP: joins array parameters with a comma', async () => {
    const running = await startServer()
    const client = await running.connect()
    await client.join('presence-x', { user_id: '7' })
    const signed: Parameter[] = [['info', 'user_count,subscription_count']]
    for (const name of ['info[]', encode('info[]'), encode('info[0]')]) {
      const answer = await apiOf(running).call('GET', '/channels/presence-x', {
        query: signed,
        alter: (parameters) =>
          parameters.flatMap((parameter) =>
            parameter[0] === 'info'
              ? parameter[1].split(',').map((value) => [name, value] as const)
              : [parameter],
          ),
      })
      expect([name, answer.status, answer.body]).toEqual([
        name,
        200,
        { occupied: true, user_count: 1, subscription_count: 1 },
      ])
    }
  })

  it('PHP: may say that a GET has JSON', async () => {
    const api = apiOf(await startServer())
    const answer = await api.call('GET', '/channels', { headers: { 'Content-Type': 'application/json' } })
    expect(answer.status).toBe(200)
  })

  it('Ruby: reads parameter names in any case', async () => {
    const running = await startServer()
    const client = await running.connect()
    await client.join('presence-x', { user_id: '7' })
    await client.join('news')
    const answer = await apiOf(running).call('GET', '/channels', {
      query: [['filter_by_prefix', 'presence-']],
      alter: (parameters) => parameters.map(([name, value]) => [name.toUpperCase(), value]),
    })
    expect([answer.status, answer.body]).toEqual([200, { channels: { 'presence-x': {} } }])
  })

  it('.NET: may have the signature first', async () => {
    const api = apiOf(await startServer())
    const answer = await api.call('POST', '/events', {
      body: event,
      alter: (parameters) => [...parameters].reverse(),
    })
    expect([answer.status, answer.body]).toEqual([200, {}])
  })

  it('ignores what it does not know: parameters, headers, types of content', async () => {
    const api = apiOf(await startServer())
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/json; charset=utf-8',
    ]) {
      const headers = { 'Content-Type': type, 'X-Pusher-Library': 'pusher-http-test 1.0' }
      const answer = await api.call('POST', '/events', { body: event, headers, query: [['extra', 'a=b=c']] })
      expect([type, answer.status]).toEqual([type, 200])
    }
  })
})

describe('a path prefix', () => {
  it('C128 may be signed or not', async () => {
    const running = await startServer({ path: '/reverb' })
    const api = apiOf(running, '/reverb')
    for (const prefix of ['', '/reverb']) {
      const answer = await api.call('POST', '/events', {
        body: event,
        signedPath: `${prefix}/apps/app-id/events`,
      })
      expect([prefix, answer.status]).toEqual([prefix, 200])
    }
    const other = await api.call('POST', '/events', { body: event, signedPath: '/other/apps/app-id/events' })
    expect(other.status).toBe(401)
  })

  it('C128 is not optional on the wire', async () => {
    const running = await startServer({ path: '/reverb' })
    expect((await apiOf(running).post('/events', event)).status).toBe(404)
  })
})
