import { describe, expect, it, onTestFinished } from 'vitest'
import type { OutgoingEvent } from '../src/broadcasting/broadcaster.ts'
import { HttpBroadcaster } from '../src/broadcasting/drivers/http.ts'
import { createPusherBroadcaster } from '../src/broadcasting/drivers/pusher.ts'
import { reverbTarget } from '../src/broadcasting/http/reverb-target.ts'
import type { SocketId } from '../src/protocol/names.ts'
import type { ReverbServerOptions } from '../src/server/index.ts'
import { silentLogger } from '../src/support/logger.ts'
import { mountServer, startServer, type TestServer } from './support/server.ts'

// Driver `reverb` in another process, against a server of ours: what it is told comes from the environment.

const places = [
  { place: 'standalone', prefix: '', start: (options?: ReverbServerOptions) => startServer(options) },
  {
    place: 'under a prefix',
    prefix: '/ws',
    start: (options = {}) => startServer({ ...options, path: '/ws' }),
  },
  { place: 'mounted', prefix: '/reverb', start: (options = {}) => mountServer('/reverb', options) },
]

function environment({ port }: TestServer, path: string): Record<string, string> {
  return {
    REVERB_APP_ID: 'app-id',
    REVERB_APP_KEY: 'app-key',
    REVERB_APP_SECRET: 'app-secret',
    REVERB_PUBLIC_HOST: '127.0.0.1',
    REVERB_PUBLIC_PORT: String(port),
    REVERB_PUBLIC_PATH: path,
  }
}

function outgoing(channels: readonly string[], changes: Partial<OutgoingEvent> = {}): OutgoingEvent {
  return { channels, event: 'order.paid', data: '{"id":42}', socketId: undefined, ...changes }
}

describe.each(places)('Sending to a server elsewhere, $place', ({ prefix, start }) => {
  async function setUp(options?: ReverbServerOptions) {
    const running = await start(options)
    const client = await running.connect({}, `${prefix}/app/app-key?protocol=7`)
    const broadcaster = new HttpBroadcaster(reverbTarget({ driver: 'reverb' }, environment(running, prefix)))
    onTestFinished(() => broadcaster.close())
    return { running, client, broadcaster }
  }

  it('delivers an event to its channels and returns their counts', async () => {
    const { client, broadcaster } = await setUp()
    await client.join('news')
    await client.join('presence-room', { user_id: '7' })
    const reached = await broadcaster.broadcast(outgoing(['news', 'presence-room', 'private-empty']))
    expect(reached).toEqual(
      new Map([
        ['news', { subscriptions: 1 }],
        ['presence-room', { subscriptions: 1, users: 1 }],
        ['private-empty', { subscriptions: 0 }],
      ]),
    )
    expect((await client.rest()).map(({ channel, data }) => [channel, data])).toEqual([
      ['news', '{"id":42}'],
      ['presence-room', '{"id":42}'],
    ])
  })

  it('excepts a socket', async () => {
    const { client, broadcaster } = await setUp()
    await client.join('news')
    const socketId = client.socketId as SocketId
    await broadcaster.broadcast(outgoing(['news'], { data: '1', socketId }))
    await broadcaster.broadcast(outgoing(['news'], { data: '2' }))
    expect((await client.rest()).map(({ data }) => data)).toEqual(['2'])
  })

  it('delivers to 250 channels, and to a batch of 25 in order', async () => {
    const { client, broadcaster } = await setUp({ maxChannelsPerConnection: 300 })
    const channels = Array.from({ length: 250 }, (_, index) => `channel-${index}`)
    for (const channel of channels) await client.join(channel)
    const reached = await broadcaster.broadcast(outgoing(channels))
    expect([...reached]).toEqual(channels.map((channel) => [channel, { subscriptions: 1 }]))
    expect((await client.rest()).map(({ channel }) => channel)).toEqual(channels)

    const events = Array.from({ length: 25 }, (_, index) => outgoing(['channel-0'], { data: String(index) }))
    expect(await broadcaster.broadcastBatch(events)).toEqual(
      events.map(() => new Map([['channel-0', { subscriptions: 1 }]])),
    )
    expect((await client.rest()).map(({ data }) => data)).toEqual(events.map(({ data }) => data))
  })

  it('says what the server does not like', async () => {
    const { running, broadcaster } = await setUp({ maxEventSize: 10 })
    const url = `http://127.0.0.1:${running.port}${prefix}`
    await expect(broadcaster.broadcast(outgoing(['not a channel']))).rejects.toMatchObject({
      answered: 400,
      retryable: false,
      message: expect.stringContaining(`${url} answered POST /apps/app-id/events with 400: `),
    })
    const large = outgoing(['news'], { data: '"0123456789"' })
    await expect(broadcaster.broadcast(large)).rejects.toMatchObject({ answered: 413 })

    const env = { ...environment(running, prefix), REVERB_APP_SECRET: 'wrong' }
    const stranger = new HttpBroadcaster(reverbTarget({ driver: 'reverb' }, env))
    onTestFinished(() => stranger.close())
    await expect(stranger.broadcast(outgoing(['news']))).rejects.toMatchObject({
      answered: 401,
      message: expect.stringMatching(/compare REVERB_APP_KEY and REVERB_APP_SECRET with those of the server/),
    })
  })

  it.each(['7', 'a b', 'a/b', '100%', '%41', 'zoë?#'])('C146 disconnects the user %j', async (id) => {
    const { client, broadcaster } = await setUp()
    await client.signin({ id })
    await broadcaster.disconnectUser('somebody else')
    await client.silence()
    await broadcaster.disconnectUser(id)
    expect(await client.closed).toMatchObject({ code: 4009 })
  })

  it('withdraws a channel from a user', async () => {
    const { client, broadcaster } = await setUp()
    await client.signin({ id: 'a/b' })
    await client.join('private-orders.1')
    await broadcaster.unsubscribeUser('a/b', 'private-orders.1')
    expect(await client.next('pusher:subscription_error')).toMatchObject({ channel: 'private-orders.1' })
    await broadcaster.broadcast(outgoing(['private-orders.1']))
    expect(await client.rest()).toEqual([])
  })

  it('works over driver pusher, too', async () => {
    const { running, client } = await setUp()
    await client.join('news')
    const connection = {
      driver: 'pusher',
      appId: 'app-id',
      key: 'app-key',
      secret: 'app-secret',
      info: 'subscription_count',
    }
    const place = { host: '127.0.0.1', port: running.port, scheme: 'http', path: prefix }
    const pusher = createPusherBroadcaster({ ...connection, ...place }, {}, silentLogger)
    onTestFinished(() => pusher.close?.())
    expect(await pusher.broadcast(outgoing(['news']))).toEqual(new Map([['news', { subscriptions: 1 }]]))
    expect(await client.rest()).toMatchObject([{ channel: 'news', event: 'order.paid', data: '{"id":42}' }])
  })
})
