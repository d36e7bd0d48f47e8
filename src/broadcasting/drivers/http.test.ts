import type { ServerResponse } from 'node:http'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  type Answers,
  answerWith,
  type ReceivedRequest,
  startFakeApi,
  targetOn,
} from '../../../test/support/fake-api.ts'
import type { SocketId } from '../../protocol/names.ts'
import { silentLogger } from '../../support/logger.ts'
import type { OutgoingEvent } from '../broadcaster.ts'
import { BroadcastError, PayloadError } from '../errors.ts'
import type { ApiTarget } from '../http/target.ts'
import { HttpBroadcaster } from './http.ts'
import { createPusherBroadcaster } from './pusher.ts'

const counts = 'subscription_count,user_count'

async function setUp(answers: Answers = [answerWith(200)], changes: Partial<ApiTarget> = {}) {
  const api = await startFakeApi(answers)
  const broadcaster = new HttpBroadcaster(targetOn(api.port, changes))
  onTestFinished(() => broadcaster.close())
  return {
    broadcaster,
    requests: api.requests,
    bodies: () => api.requests.map(({ body }) => JSON.parse(body)),
  }
}

function outgoing(channels: readonly string[], changes: Partial<OutgoingEvent> = {}): OutgoingEvent {
  return { channels, event: 'order.paid', data: '{"id":42}', socketId: undefined, ...changes }
}

const many = (count: number) => Array.from({ length: count }, (_, index) => `channel-${index}`)
const pathOf = ({ method, url }: ReceivedRequest) => `${method} ${url.split('?')[0]}`

/** Answers as a server does that counts: every channel has as many subscriptions as its name has characters. */
function countingApi(response: ServerResponse, { body }: ReceivedRequest): void {
  const { channels, batch } = JSON.parse(body)
  const countOf = (channel: string) => ({ subscription_count: channel.length })
  const answer = channels
    ? { channels: Object.fromEntries(channels.map((channel: string) => [channel, countOf(channel)])) }
    : { batch: batch.map(({ channel }: { channel: string }) => countOf(channel)) }
  response.end(JSON.stringify(answer))
}

describe('HttpBroadcaster#broadcast', () => {
  it('is closed when all requests of what is under way have been answered', async () => {
    const { broadcaster, requests } = await setUp()
    const broadcasting = broadcaster.broadcast(outgoing(many(250)))
    const batch = broadcaster.broadcastBatch([outgoing(many(25))])
    await broadcaster.close()
    expect(requests).toHaveLength(3 + 3)
    await Promise.all([broadcasting, batch])
  })

  it('posts an event', async () => {
    const { broadcaster, requests, bodies } = await setUp()
    expect(await broadcaster.broadcast(outgoing(['news', 'private-orders.1']))).toEqual(
      new Map([
        ['news', {}],
        ['private-orders.1', {}],
      ]),
    )
    expect(requests.map(pathOf)).toEqual(['POST /apps/app-id/events'])
    expect(requests[0]?.headers).toMatchObject({
      'content-type': 'application/json',
      connection: 'keep-alive',
    })
    expect(bodies()).toEqual([
      { name: 'order.paid', data: '{"id":42}', channels: ['news', 'private-orders.1'] },
    ])
  })

  it('excepts a socket, asks for counts and returns them', async () => {
    const answer = {
      channels: {
        news: { subscription_count: 3 },
        'presence-room': { subscription_count: 3, user_count: 2 },
      },
    }
    const { broadcaster, bodies } = await setUp([answerWith(200, answer)], { info: counts })
    const socketId = '1.2' as SocketId
    const reached = await broadcaster.broadcast(outgoing(['news', 'presence-room'], { socketId }))
    expect(bodies()[0]).toMatchObject({ socket_id: '1.2', info: counts })
    expect(reached.get('news')).toEqual({ subscriptions: 3 })
    expect(reached.get('presence-room')).toEqual({ subscriptions: 3, users: 2 })
  })

  it.each([
    [{}],
    [{ channels: [] }],
    [{ channels: { news: 7 } }],
    [{ channels: { news: { subscription_count: '3', user_count: -1 } } }],
    [{ channels: { news: { subscription_count: 1.5, user_count: null } } }],
    [{ channels: { __proto__: { news: { subscription_count: 1 } } } }],
  ])('makes nothing of counts such as %j', async (answer) => {
    const { broadcaster } = await setUp([answerWith(200, answer)])
    expect(await broadcaster.broadcast(outgoing(['news']))).toEqual(new Map([['news', {}]]))
  })

  it('sends to more channels than one request may name in several, in order', async () => {
    const { broadcaster, bodies } = await setUp([countingApi])
    const channels = many(250)
    const reached = await broadcaster.broadcast(outgoing(channels))
    expect(bodies().map((body) => body.channels)).toEqual([
      channels.slice(0, 100),
      channels.slice(100, 200),
      channels.slice(200),
    ])
    expect([...reached.keys()]).toEqual(channels)
    expect(reached.get('channel-249')).toEqual({ subscriptions: 11 })
  })

  it('says how many of them it had sent to when one of the requests fails', async () => {
    const { broadcaster, requests } = await setUp([answerWith(200), answerWith(400, 'no'), answerWith(200)])
    const failed = broadcaster.broadcast(outgoing(many(250)))
    await expect(failed).rejects.toThrow(BroadcastError)
    await expect(failed).rejects.toThrow(
      /with 400: no\. Before that, it was sent to the first 100 of 250 channels$/,
    )
    await expect(failed).rejects.toMatchObject({ answered: 400, retryable: false })
    expect(requests).toHaveLength(2)
  })

  it('sends no payload that is larger than the server takes', async () => {
    const { broadcaster, requests } = await setUp(undefined, { maxEventSize: 10 })
    await broadcaster.broadcast(outgoing(['news'], { data: '"12345678"' }))
    const larger = outgoing(['news'], { data: '"1234567é"' })
    await expect(broadcaster.broadcast(larger)).rejects.toThrow(PayloadError)
    await expect(broadcaster.broadcast(larger)).rejects.toThrow(
      /order\.paid: the payload for news has 11 bytes, .* takes 10/,
    )
    await expect(broadcaster.broadcastBatch([outgoing(['news']), larger])).rejects.toThrow(PayloadError)
    expect(requests).toHaveLength(1)
  })
})

describe('HttpBroadcaster#broadcastBatch', () => {
  it('posts several events at once, each with a place for each of its channels', async () => {
    const { broadcaster, requests, bodies } = await setUp([countingApi], { info: counts })
    const events = [
      outgoing(['news', 'private-orders.1'], { data: '1' }),
      outgoing(['news'], { data: '2', socketId: '1.2' as SocketId }),
    ]
    expect(await broadcaster.broadcastBatch(events)).toEqual([
      new Map([
        ['news', { subscriptions: 4 }],
        ['private-orders.1', { subscriptions: 16 }],
      ]),
      new Map([['news', { subscriptions: 4 }]]),
    ])
    expect(requests.map(pathOf)).toEqual(['POST /apps/app-id/batch_events'])
    const entry = { name: 'order.paid', info: counts }
    expect(bodies()).toEqual([
      {
        batch: [
          { ...entry, channel: 'news', data: '1' },
          { ...entry, channel: 'private-orders.1', data: '1' },
          { ...entry, channel: 'news', data: '2', socket_id: '1.2' },
        ],
      },
    ])
  })

  it('posts nothing for no events', async () => {
    const { broadcaster, requests } = await setUp()
    expect(await broadcaster.broadcastBatch([])).toEqual([])
    expect(requests).toHaveLength(0)
  })

  it('puts ten entries into a request, and fewer when they are large', async () => {
    const { broadcaster, bodies } = await setUp([countingApi])
    const sizes = () => bodies().map(({ batch }) => batch.length)
    await broadcaster.broadcastBatch([outgoing(many(15)), outgoing(many(10))])
    expect(sizes()).toEqual([10, 10, 5])
    // A quotation mark takes two bytes inside of JSON.
    const large = outgoing(['news'], { data: '"'.repeat(100_000) })
    await broadcaster.broadcastBatch(Array(5).fill(large))
    expect(sizes()).toEqual([10, 10, 5, 2, 2, 1])
  })

  it('says how much of it it had sent when one of the requests fails', async () => {
    const { broadcaster } = await setUp([answerWith(200), answerWith(500, {})])
    const failed = broadcaster.broadcastBatch([outgoing(many(12))])
    await expect(failed).rejects.toThrow(/with 500.*Before that, 10 of 12 entries of the batch were sent$/)
    await expect(failed).rejects.toMatchObject({ answered: 500, retryable: false })
  })

  it.each([[{}], [{ batch: {} }], [{ batch: [null] }]])(
    'makes nothing of counts such as %j',
    async (answer) => {
      const { broadcaster } = await setUp([answerWith(200, answer)])
      expect(await broadcaster.broadcastBatch([outgoing(['a', 'b'])])).toEqual([
        new Map([
          ['a', {}],
          ['b', {}],
        ]),
      ])
    },
  )
})

describe('HttpBroadcaster and users', () => {
  it.each([
    ['7', '7'],
    ['a b', 'a%20b'],
    ['a/b?c#d', 'a%2Fb%3Fc%23d'],
    ['100%', '100%25'],
    ['zoë', 'zo%C3%AB'],
    ['\ud800', '%EF%BF%BD'],
  ])('writes the id %j as one part of a path', async (id, part) => {
    const { broadcaster, requests } = await setUp()
    await broadcaster.disconnectUser(id)
    await broadcaster.unsubscribeUser(id, 'private-orders.1')
    expect(requests.map(pathOf)).toEqual([
      `POST /apps/app-id/users/${part}/terminate_connections`,
      `POST /apps/app-id/users/${part}/unsubscribe`,
    ])
    expect(requests.map(({ body }) => body)).toEqual(['{}', '{"channel":"private-orders.1"}'])
  })

  it('writes the prefix of a mount before a path', async () => {
    const { broadcaster, requests } = await setUp(undefined, { path: '/reverb' })
    await broadcaster.broadcast(outgoing(['news']))
    expect(requests.map(pathOf)).toEqual(['POST /reverb/apps/app-id/events'])
  })
})

describe('createPusherBroadcaster', () => {
  it('says where it sends, to a compatible host, asks for counts only where it is told to, and cannot unsubscribe a user', async () => {
    const api = await startFakeApi([answerWith(200)])
    const credentials = { PUSHER_APP_ID: '17', PUSHER_APP_KEY: 'key', PUSHER_APP_SECRET: 'secret' }
    const env = {
      ...credentials,
      PUSHER_HOST: '127.0.0.1',
      PUSHER_PORT: String(api.port),
      PUSHER_SCHEME: 'http',
    }
    const info = vi.fn()
    for (const counts of [{}, { info: 'subscription_count' }]) {
      const broadcaster = createPusherBroadcaster({ driver: 'pusher', ...counts }, env, {
        ...silentLogger,
        info,
      })
      await broadcaster.broadcast(outgoing(['news']))
      await broadcaster.broadcastBatch?.([outgoing(['news'])])
      await broadcaster.disconnectUser?.('7')
      await broadcaster.close?.()
      expect(broadcaster.unsubscribeUser).toBeUndefined()
    }
    const line = `Driver pusher sends over HTTP to http://127.0.0.1:${api.port}`
    expect(info.mock.calls).toEqual([[line], [line]])
    expect(api.requests.map(pathOf)).toEqual([
      ...['events', 'batch_events', 'users/7/terminate_connections'].map((path) => `POST /apps/17/${path}`),
      ...['events', 'batch_events', 'users/7/terminate_connections'].map((path) => `POST /apps/17/${path}`),
    ])
    const bodies = api.requests.map(({ body }) => body)
    expect(bodies.filter((body) => body.includes('"info":"subscription_count"'))).toHaveLength(2)
  })
})
