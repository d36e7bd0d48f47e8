import { describe, expect, it } from 'vitest'
import { Api, apiApp, apiOf, type Call, type Parameter } from '../support/api.ts'
import { bystander } from '../support/bystander.ts'
import { clipped } from '../support/clipped.ts'
import { eventually } from '../support/eventually.ts'
import { everythingFrom, rawSocket } from '../support/raw-socket.ts'
import { startServer } from '../support/server.ts'
import { expectNoUnhandledRejections } from '../support/unhandled.ts'

// Requests that are signed as they should be and otherwise as odd as can be: the backend of an app may be broken, too.

expectNoUnhandledRejections()

const anything = [
  null,
  0,
  -1,
  1e308,
  true,
  '',
  'text',
  '__proto__',
  [],
  [null],
  [[]],
  {},
  { a: 1 },
  [{}],
  '\ud800',
]
const event = { name: 'odd', channel: 'nobody', data: '{}' }

/** The statuses of answers, each a JSON object; the server must have failed at none, and serve a bystander after each. */
async function statusesOf(
  ...calls: (readonly [method: string, path: string, call?: Call])[]
): Promise<number[]> {
  const running = await startServer()
  const witness = await bystander(running)
  const statuses: number[] = []
  for (const [method, path, call] of calls) {
    const { status, body } = await apiOf(running).call(method, path, call)
    if (status !== 200) expect(body).toEqual({ error: expect.stringMatching(/\S/), code: status })
    expect(body).not.toHaveProperty('polluted')
    statuses.push(status)
    await witness.unharmed()
  }
  expect(running.server.counters).toMatchObject({ apiFailures: 0, handlerFailures: 0 })
  return statuses
}

function expectRefused(statuses: readonly number[], allowed: readonly number[] = [400]): void {
  for (const status of statuses) expect(allowed).toContain(status)
}

describe('a body', () => {
  it.each(['/events', '/batch_events'])('that is anything but what %s takes gets 400', async (path) => {
    expectRefused(
      await statusesOf(...anything.map((body) => ['POST', path, { body: JSON.stringify(body) }] as const)),
    )
  })

  it.each(['name', 'channels', 'socket_id', 'info'])(
    'with anything for %s is refused or taken',
    async (field) => {
      const calls = anything.map(
        (value) => ['POST', '/events', { body: { ...event, [field]: value } }] as const,
      )
      expectRefused(await statusesOf(...calls), [200, 400])
    },
  )

  it('with anything for data is taken, but for null', async () => {
    const calls = anything.map((data) => ['POST', '/events', { body: { ...event, data } }] as const)
    expect(await statusesOf(...calls)).toEqual(anything.map((data) => (data === null ? 400 : 200)))
  })

  it('with null in every field gets 400', async () => {
    const nothing = { name: null, data: null, channel: null, channels: null, socket_id: null, info: null }
    expectRefused(
      await statusesOf(
        ['POST', '/events', { body: nothing }],
        ['POST', '/batch_events', { body: { batch: null } }],
        ['POST', '/batch_events', { body: { batch: [null] } }],
        ['POST', '/batch_events', { body: { batch: [nothing] } }],
      ),
    )
  })

  it('with null where nothing is needed is taken', async () => {
    const body = { ...event, channels: null, socket_id: null, info: null }
    expect(await statusesOf(['POST', '/events', { body }])).toEqual([200])
  })

  it.for(anything)('whose batch is %j gets 400', async (batch) => {
    expectRefused(
      await statusesOf(
        ['POST', '/batch_events', { body: { batch } }],
        ['POST', '/batch_events', { body: { batch: [event, batch] } }],
        ['POST', '/batch_events', { body: { batch: { 0: event, length: 1 } } }],
      ),
    )
  })

  it('whose batch has 100 000 entries gets 400', async () => {
    const body = `{"batch":[${Array(100_000).fill('1').join()}]}`
    expect(await statusesOf(['POST', '/batch_events', { body }])).toEqual([400])
  })

  it('with __proto__ in it changes no object and gives nothing away', async () => {
    const polluting =
      '{"__proto__":{"polluted":1,"name":"x","channel":"y","data":"z"},"constructor":{"prototype":{}}}'
    expectRefused(
      await statusesOf(
        ['POST', '/events', { body: polluting }],
        ['POST', '/batch_events', { body: `{"batch":[${polluting}]}` }],
        ['POST', '/batch_events', { body: `{"__proto__":{"batch":[${JSON.stringify(event)}]}}` }],
      ),
    )
    expect({}).not.toHaveProperty('polluted')
  })

  it('with halves of surrogate pairs is delivered as it is read', async () => {
    const running = await startServer()
    const client = await running.connect()
    await client.join('news')
    const body = '{"name":"\\ud800","channel":"news","data":"\\udfff"}'
    expect((await apiOf(running).call('POST', '/events', { body })).status).toBe(200)
    expect(await client.next()).toEqual({ event: '\ud800', channel: 'news', data: '\udfff' })
    await client.silence()
  })

  it.each(['9'.repeat(65), `${'9'.repeat(65)}.1`, '1.1e3', '-1.1', '١.١', '1.1\n', '1.1 '])(
    'with the socket id %j gets 400',
    async (socket_id) => {
      expect(await statusesOf(['POST', '/events', { body: { ...event, socket_id } }])).toEqual([400])
    },
  )

  it('that ends a user may be anything', async () => {
    const calls = [...anything.map((body) => JSON.stringify(body)), '', '{', '\0'].map(
      (body) => ['POST', '/users/7/terminate_connections', { body }] as const,
    )
    expectRefused(await statusesOf(...calls), [200, 400])
  })
})

describe('info', () => {
  const odd = [
    '',
    ',',
    ',,user_count',
    'user_count,user_count',
    '__proto__',
    'constructor',
    ' ',
    '\0',
    'x'.repeat(60),
  ]

  it.each(odd)('%j is ignored where it means nothing', async (info) => {
    const query = [['info', info]] as const
    const known = info.includes('user_count')
    expect(
      await statusesOf(
        ['GET', '/channels', { query }],
        ['GET', '/channels/news', { query }],
        ['GET', '/channels/presence-x', { query }],
        ['POST', '/events', { body: { ...event, info } }],
      ),
    ).toEqual([known ? 400 : 200, known ? 400 : 200, 200, 200])
  })
})

describe('parameters', () => {
  const queries: [what: string, query: Parameter[]][] = [
    [
      'info twice',
      [
        ['info', 'subscription_count'],
        ['info', 'subscription_count'],
      ],
    ],
    [
      'a prefix twice',
      [
        ['filter_by_prefix', 'a'],
        ['filter_by_prefix', 'b'],
      ],
    ],
    [
      'an array',
      [
        ['info[]', 'subscription_count'],
        ['info[]', 'x'],
      ],
    ],
    ['an array in an array', [['info[][]', 'subscription_count']]],
    [
      'an array with holes',
      [
        ['info[7]', 'subscription_count'],
        ['info[3]', 'x'],
      ],
    ],
    [
      'an object',
      [
        ['info[a]', 'x'],
        ['info[__proto__]', 'x'],
      ],
    ],
    [
      '__proto__',
      [
        ['__proto__', 'x'],
        ['__proto__[info]', 'x'],
        ['constructor', 'y'],
      ],
    ],
    [
      'no names',
      [
        ['', 'x'],
        ['', 'y'],
        ['[]', 'z'],
        ['[', 'z'],
        [']', 'z'],
      ],
    ],
    ['no value', [['filter_by_prefix', '']]],
    ['names in capitals', [['INFO', 'subscription_count']]],
    ['control characters', [['filter_by_prefix', '\0\r\n\u007f']]],
    ['halves of characters', [['filter_by_prefix', '\ufffd']]],
  ]

  it.each(queries)('with %s are verified or not, and nothing fails', async (_, query) => {
    const joined = new Map<string, string>()
    for (const [name, value] of query) {
      const bare = name.replace(/\[\d*\]$/, '').toLowerCase()
      joined.set(bare, joined.has(bare) ? `${joined.get(bare)},${value}` : value)
    }
    // Once signed as they stand, once as arrays are signed: joined under the bare name.
    const asArrays: Call = {
      query: [...joined],
      alter: (all) => [...query, ...all.filter(([name]) => !joined.has(name))],
    }
    for (const call of [{ query }, asArrays]) {
      expectRefused(await statusesOf(['GET', '/channels', call], ['GET', '/channels/news', call]), [200, 401])
    }
  })

  it.each(['auth_key', 'auth_timestamp', 'auth_version', 'auth_signature'])(
    'with %s twice get 401, whichever is right',
    async (name) => {
      const wrong = [name, '1'] as const
      expectRefused(
        await statusesOf(
          ['GET', '/channels', { alter: (all) => [...all, wrong] }],
          ['GET', '/channels', { alter: (all) => [wrong, ...all] }],
          ['GET', '/channels', { sign: (all) => [...all, wrong] }],
        ),
        [401],
      )
    },
  )

  it.each(['9'.repeat(60), '1e9', 'Infinity', '-0', '١٧٠٠٠٠٠٠٠٠', ' ', '0x6553f100'])(
    'with the timestamp %j get 401',
    async (timestamp) => {
      expect(await statusesOf(['GET', '/channels', { timestamp }])).toEqual([401])
    },
  )

  it('in their thousands get 401 before anything is made of them', async () => {
    const query = Array.from({ length: 1_500 }, (_, index) => [`p${index}`, '1'] as const)
    expect(await statusesOf(['GET', '/channels', { query }])).toEqual([401])
  })
})

describe('a path', () => {
  const paths = [
    '/channels/%2525',
    '/channels/a%252Fb',
    '/channels/a%2Fb',
    '/channels/%00',
    '/channels/%C0%AF',
    '/channels/%E0%A4%A',
    '/channels/%F0%9F%92%A9',
    '/channels/%ED%A0%80',
    '/channels/..%2f..%2fup',
    '/channels/%2e%2e',
    '/channels/.',
    '/channels/../channels',
    '/channels/news/../../channels',
    '/channels//users',
    `/channels/${'x'.repeat(2_000)}`,
    `/channels/${'%41'.repeat(1_000)}`,
    '/channels/__proto__/users',
    '/channels/news%3Finfo=user_count',
    '/channels/news;info=user_count',
    '/users/%2e%2e/terminate_connections',
    '/users/%/terminate_connections',
    '/users/%00/terminate_connections',
    '/users//terminate_connections',
    `/users/${'%25'.repeat(300)}/terminate_connections`,
    `/users/${'/'.repeat(300)}/terminate_connections`,
    '/users/terminate_connections/terminate_connections/terminate_connections',
    '/__proto__',
    '/constructor/prototype',
  ]
  it.each(paths.map((path) => [clipped(path), path] as const))(
    '%s is answered, signed as it stands or decoded',
    async (_, path) => {
      const method = path.startsWith('/users') ? 'POST' : 'GET'
      const decoded = `/apps/app-id${tryToDecode(path)}`
      const statuses = await statusesOf([method, path], [method, path, { signedPath: decoded }])
      expectRefused(statuses, [200, 400, 401, 404])
    },
  )

  it.each(['', '__proto__', 'constructor', '%00', '%2e%2e', '%', 'app-id%2Fchannels', 'x'.repeat(60)])(
    'of the app %j gets 404',
    async (id) => {
      const running = await startServer()
      const witness = await bystander(running)
      const api = new Api({ port: running.port, app: { ...apiApp, id } })
      expect((await api.get('/channels')).status).toBe(404)
      expect((await api.post('/events', event)).status).toBe(404)
      await witness.unharmed()
    },
  )
})

describe('a request on the wire', () => {
  const head = 'POST /apps/app-id/events HTTP/1.1\r\nhost: x\r\n'

  it.each([
    ['with a body shorter than announced', `${head}content-length: 100\r\n\r\n{}`],
    ['with a length that is no number', `${head}content-length: 1e3\r\n\r\n{}`],
    ['with a negative length', `${head}content-length: -1\r\n\r\n{}`],
    ['with two lengths', `${head}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`],
    [
      'with a length and in chunks',
      `${head}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      'with a chunk whose size is no number',
      `${head}transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
    ],
    ['with a chunk without end', `${head}transfer-encoding: chunked\r\n\r\nffffffff\r\n{}`],
    ['in chunks of chunks', `${head}transfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n`],
    ['that expects a miracle', `${head}expect: miracle\r\ncontent-length: 2\r\n\r\n{}`],
    ['that expects to be told to go on', `${head}expect: 100-continue\r\ncontent-length: 2\r\n\r\n`],
    ['with a header without a name', `${head}: x\r\ncontent-length: 2\r\n\r\n{}`],
    ['with a line break in a header', `${head}x: a\rb\r\ncontent-length: 2\r\n\r\n{}`],
    ['without a host', 'GET /apps/app-id/channels HTTP/1.1\r\n\r\n'],
    ['of HTTP 9.9', 'GET /apps/app-id/channels HTTP/9.9\r\nhost: x\r\n\r\n'],
    ['of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['by CONNECT', 'CONNECT internal.example:443 HTTP/1.1\r\nhost: x\r\n\r\n'],
    ['by TRACE', 'TRACE /apps/app-id/channels HTTP/1.1\r\nhost: x\r\n\r\n'],
    ['of everything', 'OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n'],
    [
      'in the form for proxies',
      'GET http://internal.example/apps/app-id/channels HTTP/1.1\r\nhost: x\r\n\r\n',
    ],
  ])('%s is refused or cut off, and harms nobody', async (_, bytes) => {
    const running = await startServer()
    const witness = await bystander(running)
    const socket = await rawSocket(running.port)
    const everything = everythingFrom(socket)
    socket.write(bytes)
    await witness.unharmed()
    socket.end()
    expect(await everything).toMatch(/^(|HTTP\/1\.1 (100|4\d\d) .*)$/s)
    await witness.unharmed()
    expect(running.server.counters).toMatchObject({ apiFailures: 0, handlerFailures: 0 })
  })

  it('whose body never comes holds nobody up, and is let go when it ends', async () => {
    const running = await startServer()
    const witness = await bystander(running)
    const api = apiOf(running)
    const query = api
      .parameters('POST', '/events', { body: event })
      .map((pair) => pair.join('='))
      .join('&')
    const waiting = await Promise.all(Array.from({ length: 30 }, () => rawSocket(running.port)))
    for (const socket of waiting) {
      socket.write(`POST /apps/app-id/events?${query} HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\n{`)
    }
    await eventually(() => running.server.counters['apiRequests']).toBe(30)
    await witness.unharmed()
    expect((await api.post('/events', event)).status).toBe(200)
    for (const [index, socket] of waiting.entries()) {
      if (index % 2 === 0) socket.resetAndDestroy()
      else socket.destroy()
    }
    await eventually(() => running.server.counters['apiRequestsRefused']).toBe(30)
    await witness.unharmed()
    expect(running.server.counters).toMatchObject({ apiFailures: 0 })
  })
})

function tryToDecode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
