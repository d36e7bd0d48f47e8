import { setTimeout } from 'node:timers/promises'
import PusherJs from 'pusher-js'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  BroadcastingClient,
  type BroadcastingSettings,
  type BroadcastMessage,
  type ChannelState,
  type ConnectionStatus,
  type PusherOptions,
} from '../src/client/index.ts'
import { signChannel } from '../src/protocol/signature.ts'
import { eventually } from './support/eventually.ts'
import { freePort } from './support/free-port.ts'
import { credentials, mountServer, startServer } from './support/server.ts'
import { startTcpProxy } from './support/tcp-proxy.ts'

// The types of pusher-js call the default import a namespace; at run time it is the class.
const { instances } = PusherJs as unknown as { readonly instances: readonly unknown[] }

// The client over the real pusher-js, against a real server. In a browser the auth endpoint is asked by XHR; Node has
// no page to be relative to, so a handler answers in its place.

type Authorize = NonNullable<
  Extract<PusherOptions['channelAuthorization'], { customHandler: unknown }>
>['customHandler']

function authorizeAs(id: string): Authorize {
  return ({ socketId, channelName }, done) => {
    const isPresence = channelName.startsWith('presence-')
    const channelData = isPresence ? JSON.stringify({ user_id: id, user_info: { name: id } }) : undefined
    const auth = signChannel(credentials, socketId, channelName, channelData)
    done(null, { auth, ...(channelData !== undefined && { channel_data: channelData }) })
  }
}

function createClient(port: number, customHandler = authorizeAs('ada'), settings: BroadcastingSettings = {}) {
  const errors: unknown[] = []
  const client = new BroadcastingClient({
    key: credentials.key,
    linger: 0,
    onError: (error) => errors.push(error),
    ...settings,
    options: {
      wsHost: '127.0.0.1',
      wsPort: port,
      forceTLS: false,
      wsPath: '',
      channelAuthorization: { customHandler },
    },
  })
  return { client, errors }
}

/** Resolves when the channel's state is as wanted; keeps the channel subscribed until the test ends. */
function reached(
  client: BroadcastingClient,
  channel: string,
  isWanted: (state: ChannelState) => boolean,
): Promise<ChannelState> {
  return new Promise((resolve) => {
    const check = (state: ChannelState) => isWanted(state) && resolve(state)
    onTestFinished(client.subscribe(channel, { onState: check }))
    check(client.channelState(channel))
  })
}

const isSubscribed = ({ status }: ChannelState) => status.state === 'subscribed'
const isSubscribing = ({ status }: ChannelState) => status.state === 'subscribing'
const isFailed = ({ status }: ChannelState) => status.state === 'failed'
const has = (...ids: string[]) => {
  return ({ members }: ChannelState) =>
    members
      .map(({ id }) => id)
      .sort()
      .join() === ids.sort().join()
}

function statusReached(
  client: BroadcastingClient,
  state: ConnectionStatus['state'],
): Promise<ConnectionStatus> {
  return new Promise((resolve) => {
    const check = (status: ConnectionStatus) => status.state === state && resolve(status)
    onTestFinished(client.onStatus(check))
    check(client.status)
  })
}

function nextMessage(client: BroadcastingClient, channel: string): Promise<BroadcastMessage> {
  return new Promise((resolve) => onTestFinished(client.subscribe(channel, { onMessage: resolve })))
}

/** A way to a server; all connections that go there can be cut, and new ones can be made at once. */
async function createCutter(port: number) {
  const proxy = await startTcpProxy(port)
  const cut = () => {
    proxy.cut()
    proxy.heal()
  }
  return { port: proxy.port, cut }
}

describe('BroadcastingClient with pusher-js and a server', () => {
  it.each(['orders', 'private-orders.1', 'presence-orders.1'])(
    'hears what is published to %s',
    async (channel) => {
      const server = await startServer()
      const { client, errors } = createClient(server.port)
      await reached(client, channel, isSubscribed)
      const message = nextMessage(client, channel)
      expect(await server.publish(channel, 'OrderShipped', '{"order_id":1}')).toBe(1)
      expect(await message).toEqual({
        event: 'OrderShipped',
        data: { order_id: 1 },
        receivedAt: expect.any(Number),
      })
      expect(errors).toEqual([])
    },
  )

  it('tells the socket id with which toOthers() excepts it', async () => {
    const server = await startServer()
    const { client } = createClient(server.port)
    await reached(client, 'orders', isSubscribed)
    expect(await server.publish('orders', 'OrderShipped', '{}', client.socketId)).toBe(0)
  })

  it('ends the connection when nobody is subscribed any more, and takes it up again', async () => {
    const server = await startServer()
    const { client } = createClient(server.port)
    const stop = client.subscribe('orders')
    await statusReached(client, 'connected')
    stop()
    expect(await statusReached(client, 'disconnected')).toEqual({ state: 'disconnected', error: undefined })
    await reached(client, 'news', isSubscribed)
    expect(await server.publish('orders')).toBe(0)
    expect(await server.publish('news')).toBe(1)
  })

  it('knows members as they come and go, and hears from which of them a whisper is', async () => {
    const server = await startServer()
    const [ada, bob] = [createClient(server.port), createClient(server.port, authorizeAs('bob'))]
    const { me } = await reached(ada.client, 'presence-shop', isSubscribed)
    expect(me).toEqual({ id: 'ada', info: { name: 'ada' } })
    const stop = bob.client.subscribe('presence-shop')
    await reached(ada.client, 'presence-shop', has('ada', 'bob'))

    const heard = new Promise((resolve) => {
      const listener = (payload: unknown, sender: unknown) => resolve({ payload, sender })
      onTestFinished(ada.client.listen('presence-shop', 'client-typing', listener))
    })
    await eventually(() => bob.client.whisper('presence-shop', 'client-typing', { on: true })).toBe(true)
    expect(await heard).toEqual({ payload: { on: true }, sender: { userId: 'bob' } })

    stop()
    await reached(ada.client, 'presence-shop', has('ada'))
  })

  it('joins again after the connection was cut, and then knows who is there', async () => {
    const server = await startServer()
    const { port, cut } = await createCutter(server.port)
    const { client, errors } = createClient(port)
    const { client: bob } = createClient(server.port, authorizeAs('bob'))
    const stop = bob.subscribe('presence-shop')
    await reached(client, 'presence-shop', has('ada', 'bob'))
    const socketId = client.socketId
    cut()
    const lost = await reached(client, 'presence-shop', isSubscribing)
    expect(lost.members.map(({ id }) => id).sort()).toEqual(['ada', 'bob'])
    stop()
    await reached(client, 'presence-shop', (state) => isSubscribed(state) && has('ada')(state))
    expect(client.socketId).not.toBe(socketId)
    expect(await server.publish('presence-shop')).toBe(1)
    expect(errors).toEqual([])
  })

  it('is back soon after a restart during which nothing listened, and joins each channel once', async () => {
    const port = await freePort()
    const first = await startServer({ port })
    const { client, errors } = createClient(port)
    await reached(client, 'orders', isSubscribed)
    await reached(client, 'private-orders.1', isSubscribed)
    const seen: ConnectionStatus['state'][] = []
    const messages: BroadcastMessage[] = []
    onTestFinished(client.onStatus(({ state }) => seen.push(state)))
    onTestFinished(client.subscribe('orders', { onMessage: (message) => messages.push(message) }))
    const lost = reached(client, 'orders', isSubscribing)
    await first.server.close()
    await lost
    // Long enough for pusher-js to meet the closed port, after which it waits for fifteen seconds.
    await setTimeout(1500)

    const next = await startServer({ port })
    for (const channel of ['orders', 'private-orders.1']) {
      await eventually(() => isSubscribed(client.channelState(channel))).toBe(true)
      expect(await next.publish(channel)).toBe(1)
    }
    await eventually(() => messages).toHaveLength(1)
    expect(seen).toEqual(['connecting', 'connected'])
    expect(errors).toEqual([])
  }, 25_000)

  it('does not join again what was left before the server had answered', async () => {
    const server = await startServer()
    const { port, cut } = await createCutter(server.port)
    const answers: (() => void)[] = []
    const { client } = createClient(port, (params, done) =>
      answers.push(() => authorizeAs('ada')(params, done)),
    )
    await reached(client, 'orders', isSubscribed)
    client.subscribe('private-orders.1')()
    await eventually(() => answers).toHaveLength(1)
    cut()
    await reached(client, 'orders', isSubscribing)
    await reached(client, 'orders', isSubscribed)
    for (const answer of answers) answer()
    // Frames of a connection are answered in their order, so whatever the answers caused has happened by then.
    await reached(client, 'news', isSubscribed)
    expect(await server.publish('private-orders.1')).toBe(0)
  })

  it('shows a refusal of the auth endpoint, even one that comes at once, and tries again for the next one', async () => {
    const server = await startServer()
    let signedIn = false
    const { client, errors } = createClient(server.port, (params, done) =>
      signedIn ? authorizeAs('ada')(params, done) : done(new Error('nobody is signed in'), null),
    )
    await reached(client, 'orders', isSubscribed)
    const { status } = await reached(client, 'private-orders.1', isFailed)
    expect(status).toMatchObject({ error: { message: expect.stringContaining('nobody is signed in') } })
    expect(errors).toHaveLength(1)
    signedIn = true
    await reached(client, 'private-orders.1', isSubscribed)
    expect(errors).toHaveLength(1)
  })

  it('shows a refusal of the server, and tries again although pusher-js would wait for ever', async () => {
    const server = await startServer()
    let forged = true
    const { client } = createClient(server.port, (params, done) =>
      forged ? done(null, { auth: `${credentials.key}:forged` }) : authorizeAs('ada')(params, done),
    )
    const { status } = await reached(client, 'private-orders.1', isFailed)
    expect(status).toMatchObject({ error: { status: 401 } })
    forged = false
    await reached(client, 'private-orders.1', isSubscribed)
  })

  describe.each([
    [
      'throws',
      () => {
        throw new Error('nobody is signed in')
      },
    ],
    ['rejects', () => Promise.reject(new Error('nobody is signed in'))],
  ])('when the authorization handler %s', (_how, fail) => {
    it.each(['before', 'after'])(
      'shows it as a refusal, also %s the connection is there, and tries again for the next one',
      async (when) => {
        const server = await startServer()
        let signedIn = false
        const { client, errors } = createClient(server.port, (params, done) =>
          signedIn ? authorizeAs('ada')(params, done) : fail(),
        )
        if (when === 'after') await reached(client, 'orders', isSubscribed)
        const { status } = await reached(client, 'private-orders.1', isFailed)
        expect(status).toMatchObject({ error: { message: expect.stringContaining('nobody is signed in') } })
        // What comes after it is not in its way.
        await reached(client, 'news', isSubscribed)
        expect(client.channelState('private-orders.1').status.state).toBe('failed')
        const unwatch = client.subscribe('private-orders.1')
        await eventually(() => errors).toHaveLength(2)
        unwatch()
        signedIn = true
        await reached(client, 'private-orders.1', isSubscribed)
      },
    )
  })

  it('reports what an authorization handler throws after its answer, which stands', async () => {
    const server = await startServer()
    const thrown = new Error('the audit log is full')
    const { client, errors } = createClient(server.port, async (params, done) => {
      await authorizeAs('ada')(params, done)
      throw thrown
    })
    await reached(client, 'private-orders.1', isSubscribed)
    expect(errors).toEqual([thrown])
    expect(client.channelState('private-orders.1').status).toEqual({ state: 'subscribed' })
  })

  it('leaves nothing in the list of pusher-js when its connection has ended', async () => {
    const server = await startServer()
    const others = new Set(instances)
    const { client } = createClient(server.port)
    const stop = client.subscribe('orders')
    await statusReached(client, 'connected')
    const [own, ...more] = instances.filter((instance) => !others.has(instance))
    expect(own).toBeDefined()
    expect(more).toEqual([])
    stop()
    await statusReached(client, 'disconnected')
    expect(instances).not.toContain(own)
  })

  it('says that the server does not know its key, and gives up', async () => {
    const server = await startServer()
    const { client, errors } = createClient(server.port, undefined, { key: 'unknown' })
    onTestFinished(client.subscribe('orders'))
    const status = await statusReached(client, 'disconnected')
    expect(status).toMatchObject({ error: { pusherCode: 4001 } })
    expect(errors).toEqual([expect.objectContaining({ pusherCode: 4001 })])
  })

  it('says on the console which address it tries when nothing of ours has ever answered there', async () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    onTestFinished(() => warn.mockRestore())
    const { port } = await mountServer('/reverb')
    const { key } = credentials
    const options = { wsHost: '127.0.0.1', wsPort: port, forceTLS: false, unavailableTimeout: 100 }
    const client = new BroadcastingClient({ key, path: '/wrong', linger: 0, options })
    onTestFinished(client.subscribe('orders'))
    await statusReached(client, 'unavailable')
    const address = `ws://127.0.0.1:${port}/wrong/app/${key}`
    expect(warn.mock.calls).toEqual([[expect.stringContaining(address)]])
  })

  it('reports a whisper that the server refuses', async () => {
    const server = await startServer({ clientEvents: 'none' })
    const { client, errors } = createClient(server.port)
    await reached(client, 'private-chat', isSubscribed)
    expect(client.whisper('private-chat', 'client-typing')).toBe(true)
    await eventually(() => errors).toEqual([expect.objectContaining({ pusherCode: 4301 })])
  })

  it('takes what clientOptions() returns', async () => {
    const server = await startServer()
    const client = new BroadcastingClient({ ...server.server.clientOptions(), linger: 0 })
    await reached(client, 'orders', isSubscribed)
    expect(await server.publish('orders')).toBe(1)
  })
})
