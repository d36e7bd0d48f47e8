import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ProtocolClient } from '../../src/testing/index.ts'
import { objectOf, send } from '../support/http.ts'
import { refusalOf } from '../support/refusal.ts'
import { startServer, type TestServer } from '../support/server.ts'

// SDKs that cannot run here (and Python's, which can, so that nothing depends on it): their requests as protocol.md 4.3
// describes them, on the wire as they are, with the signatures of its section 4.5.

const time = 1_700_000_000
const auth = `auth_key=app-key&auth_timestamp=${time}&auth_version=1.0`

const eventBody =
  '{"name":"order.paid","channels":["private-orders.42"],"data":"{\\"id\\":42}","socket_id":"218912.44719"}'
const eventMd5 = 'cefd75a656e280a64d66791bd5619170'
const eventSignature = '844a2935ca406894f6eba2edf78580131582dd7def36deccd0af6495923c27ea'

const batchBody =
  '{"batch":[{"name":"a","channel":"news","data":"1"},{"name":"b","channel":"private-orders.42","data":"{}"}]}'
const batchMd5 = '9c5740e036f3dd23fc606f6a09c22114'
const batchSignature = '02280c264349bd681692bb20b7ade7d47f2bc35afe0962ee941ed755783bd55c'

/** Of `filter_by_prefix=presence-&info=user_count`. */
const listSignature = 'fd5a1b38d92aee2b7913a8cf43136cffab888ee5a097536910d6239f08eb68a2'
/** Of `info=cache,subscription_count`, at /apps/app-id/channels/cache-prices. */
const cacheSignature = 'd7d4c59b1126d0df5026f7ef00e615a8bcb74167516725233725bf97a3dbb91c'
const usersSignature = '4b1151fa6ff74d726555733d26f0dec7e5339750de1a745f18bcdfc481df3e22'

const emptyMd5 = 'd41d8cd98f00b204e9800998ecf8427e'
const bracesMd5 = '99914b932bd37a50b983c5e7c90ae93b'

interface Recorded {
  method: 'GET' | 'POST'
  /** Path and query as they stand on the wire. */
  path: string
  headers?: Record<string, string>
  body?: string
  /** What the SDK expects, byte for byte. */
  answer: string
}

const vacated = '{"occupied":false,"subscription_count":0,"cache":null}'

const json = { 'Content-Type': 'application/json' }

const requests: [sdk: string, what: string, recorded: Recorded][] = [
  [
    'PHP',
    'triggers; its query is in the order of the alphabet, the signature between the rest',
    {
      method: 'POST',
      path: `/apps/app-id/events?auth_key=app-key&auth_signature=${eventSignature}&auth_timestamp=${time}&auth_version=1.0&body_md5=${eventMd5}`,
      headers: { ...json, 'X-Pusher-Library': 'pusher-http-php 7.2.4' },
      body: eventBody,
      answer: '{}',
    },
  ],
  [
    'PHP',
    'has the query percent-encoded, signs it decoded and says application/json on a GET',
    {
      method: 'GET',
      path: `/apps/app-id/channels/cache-prices?auth_key=app-key&auth_signature=${cacheSignature}&auth_timestamp=${time}&auth_version=1.0&info=cache%2Csubscription_count`,
      headers: json,
      answer: vacated,
    },
  ],
  [
    'PHP',
    'sends an array as info[0], info[1] and signs it joined under the bare name',
    {
      method: 'GET',
      path: `/apps/app-id/channels/cache-prices?${auth}&info%5B0%5D=cache&info%5B1%5D=subscription_count&auth_signature=${cacheSignature}`,
      headers: json,
      answer: vacated,
    },
  ],
  [
    'PHP',
    'sends an array as info[] too',
    {
      method: 'GET',
      path: `/apps/app-id/channels/cache-prices?${auth}&info[]=cache&info[]=subscription_count&auth_signature=${cacheSignature}`,
      headers: json,
      answer: vacated,
    },
  ],
  [
    'PHP',
    'breaks on [] where there are no channels: it gets an object',
    {
      method: 'GET',
      path: `/apps/app-id/channels?${auth}&filter_by_prefix=presence-&info=user_count&auth_signature=${listSignature}`,
      headers: json,
      answer: '{"channels":{}}',
    },
  ],
  [
    'PHP',
    'triggers a batch',
    {
      method: 'POST',
      path: `/apps/app-id/batch_events?${auth}&body_md5=${batchMd5}&auth_signature=${batchSignature}`,
      headers: json,
      body: batchBody,
      answer: '{}',
    },
  ],
  [
    'Ruby',
    'signs names in lower case, however they stand on the wire',
    {
      method: 'GET',
      path: `/apps/app-id/channels?Filter_By_Prefix=presence-&INFO=user_count&${auth}&auth_signature=${listSignature}`,
      answer: '{"channels":{}}',
    },
  ],
  [
    'Ruby',
    'triggers',
    {
      method: 'POST',
      path: `/apps/app-id/events?${auth}&body_md5=${eventMd5}&auth_signature=${eventSignature}`,
      headers: { ...json, 'X-Pusher-Library': 'pusher-http-ruby 2.1.0' },
      body: eventBody,
      answer: '{}',
    },
  ],
  [
    '.NET',
    'has the signature first, and parses the answer to every POST',
    {
      method: 'POST',
      path: `/apps/app-id/events?auth_signature=${eventSignature}&${auth}&body_md5=${eventMd5}`,
      headers: { 'Content-Type': 'application/json; charset=utf-8' },
      body: eventBody,
      answer: '{}',
    },
  ],
  [
    '.NET',
    'has the signature first on a GET',
    {
      method: 'GET',
      path: `/apps/app-id/channels/presence-room-1/users?auth_signature=${usersSignature}&${auth}`,
      answer: '{"users":[]}',
    },
  ],
  [
    'Java',
    'has the query percent-encoded and signs it decoded',
    {
      method: 'GET',
      path: `/apps/app-id/channels/cache-prices?info=cache%2Csubscription_count&${auth}&auth_signature=${cacheSignature}`,
      answer: vacated,
    },
  ],
  [
    'Java',
    'triggers a batch',
    {
      method: 'POST',
      path: `/apps/app-id/batch_events?${auth}&body_md5=${batchMd5}&auth_signature=${batchSignature}`,
      headers: { 'Content-Type': 'application/json; charset=UTF-8' },
      body: batchBody,
      answer: '{}',
    },
  ],
  [
    'Python',
    'adds and signs the MD5 of nothing on a GET',
    {
      method: 'GET',
      path: `/apps/app-id/channels?${auth}&body_md5=${emptyMd5}&auth_signature=6a2f213f5ea86fd2cc8f4e738bac95efd868e894a2ab76d0e89393b2999b70ad`,
      headers: { ...json, 'X-Pusher-Library': 'pusher-http-python 3.3.3' },
      answer: '{"channels":{}}',
    },
  ],
  [
    'Python',
    'triggers',
    {
      method: 'POST',
      path: `/apps/app-id/events?${auth}&body_md5=${eventMd5}&auth_signature=${eventSignature}`,
      headers: json,
      body: eventBody,
      answer: '{}',
    },
  ],
]

/** Terminating the connections of a user, with the id that the SDK was given. */
const terminations: [sdk: string, id: string, path: string, signature: string][] = [
  [
    'Python, which leaves out the app,',
    '7',
    '/users/7/terminate_connections',
    '1e89a5355617ba75c0a1ce043725528551f7e9d5a5a40f4d818bf4dd1bc19190',
  ],
  [
    'PHP',
    '7',
    '/apps/app-id/users/7/terminate_connections',
    'a67ca993f19242f0b373641a830ea80f251b4558fe3b9295bfbd5d566720951b',
  ],
  [
    'Node, which signs the path as it was before it was encoded,',
    'u 1/é',
    '/apps/app-id/users/u%201/%C3%A9/terminate_connections',
    '69f12733c452525575ca3610837aba11e4eeee195655809dee565f2693524dd9',
  ],
]

/** A server at the time of the signatures, and a connection that is signed in. */
async function start(userId = '7'): Promise<{ running: TestServer; user: ProtocolClient }> {
  const running = await startServer()
  vi.useFakeTimers({ toFake: ['Date'], now: time * 1000 })
  const user = await running.connect()
  await user.signin({ id: userId })
  return { running, user }
}

afterEach(() => {
  vi.useRealTimers()
})

describe('requests of SDKs', () => {
  it.each(requests)('C122 C127 C148 %s %s', async (_sdk, _what, { answer, ...recorded }) => {
    const { running } = await start()
    const { status, headers, text } = await send({ port: running.port, ...recorded })
    // PHP, Ruby and Java accept little else than exactly 200.
    expect([status, headers['content-type'], text]).toEqual([200, 'application/json', answer])
  })

  it.each(requests)(
    'C123 %s gets 401 as JSON when a digit of it is wrong (%s)',
    async (_sdk, _what, recorded) => {
      const { running } = await start()
      const path = recorded.path.replace(/(?<=auth_signature=)./, (digit) => (digit === '0' ? '1' : '0'))
      const answer = await send({ port: running.port, ...recorded, path })
      expect([answer.status, objectOf(answer)]).toEqual([401, { code: 401, error: expect.any(String) }])
    },
  )

  it('C130 C131 what they trigger is delivered byte for byte', async () => {
    const { running } = await start()
    const client = await running.connect()
    await client.join('private-orders.42')
    await client.join('news')
    for (const [, , { method, path, body, headers = {} }] of requests) {
      if (body !== undefined) await send({ port: running.port, method, path, body, headers })
    }
    const delivered = await client.rest()
    const order = { event: 'order.paid', channel: 'private-orders.42', data: '{"id":42}' }
    const batch = [
      { event: 'a', channel: 'news', data: '1' },
      { event: 'b', channel: 'private-orders.42', data: '{}' },
    ]
    // In the order of the list: PHP, PHP's batch, Ruby, .NET, Java's batch, Python.
    expect(delivered).toEqual([order, ...batch, order, order, ...batch, order])
  })

  it.each(terminations)(
    'C119 C122 C146 %s terminates the connections of the user %s',
    async (_sdk, id, path, signature) => {
      const { running, user } = await start(id)
      const query = `${auth}&body_md5=${bracesMd5}&auth_signature=${signature}`
      const request = { port: running.port, method: 'POST', path: `${path}?${query}`, body: '{}' }
      const { status, text } = await send(request)
      expect([status, text]).toEqual([200, '{}'])
      expect(await refusalOf(user)).toBe(4009)
    },
  )
})
