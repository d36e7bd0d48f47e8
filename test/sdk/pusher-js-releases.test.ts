import Pusher7Module from 'pusher-js-7'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { open, seal, sharedSecret } from '../../src/protocol/encryption.ts'
import { signChannel, signUser } from '../../src/protocol/signature.ts'
import { eventually } from '../support/eventually.ts'
import {
  createPusher,
  join,
  type OfficialOptions,
  Pusher,
  type PusherClient,
  received,
} from '../support/official-clients.ts'
import { credentials, startServer, type TestServer } from '../support/server.ts'

// As with the newest release, the class is the module at run time.
const Pusher7 = Pusher7Module as unknown as typeof Pusher

const masterKey = Buffer.alloc(32, 7)

describe.each([
  { release: '8.6', constructedBy: Pusher },
  { release: '7.6', constructedBy: Pusher7 },
])('pusher-js $release', ({ constructedBy }) => {
  let running: TestServer

  beforeEach(async () => {
    running = await startServer({ subscriptionCount: true })
  })

  function connect(options: OfficialOptions = {}): PusherClient {
    return createPusher(running.port, { constructedBy, ...options })
  }

  /** A client that is signed in as the user. */
  async function signedIn(user: {
    id: string
    user_info?: object
    watchlist?: string[]
  }): Promise<PusherClient> {
    const pusher = connect({
      userAuthentication: {
        transport: 'ajax',
        endpoint: '',
        customHandler: ({ socketId }, done) => {
          const user_data = JSON.stringify(user)
          done(null, { auth: signUser(credentials, socketId, user_data), user_data })
        },
      },
    })
    const success = new Promise((resolve) => pusher.bind('pusher:signin_success', resolve))
    pusher.signin()
    await success
    return pusher
  }

  it('C83 C85 gets the last event of a cache channel', async () => {
    await running.publish('private-cache-prices', 'price', '{"tea":3}')
    const channel = connect().subscribe('private-cache-prices')
    expect(await received(channel, 'price')).toEqual({ tea: 3 })
  })

  it('C84 hears that a cache channel keeps nothing', async () => {
    const channel = connect().subscribe('cache-prices')
    await received(channel, 'pusher:cache_miss')
  })

  it('C92 knows how many are subscribed', async () => {
    const one = await join(connect(), 'news')
    await eventually(() => one.subscriptionCount).toBe(1)
    const two = await join(connect(), 'news')
    await eventually(() => [one.subscriptionCount, two.subscriptionCount]).toEqual([2, 2])
  })

  it('C97 sends and receives client events', async () => {
    const [sender, receiver] = [await join(connect(), 'private-x'), await join(connect(), 'private-x')]
    const heard = received(receiver, 'client-typing')
    sender.trigger('client-typing', { on: true })
    expect(await heard).toEqual({ on: true })
  })

  it('C109 C113 signs in and gets what is sent to its user', async () => {
    const pusher = await signedIn({ id: 'a@b.c' })
    const heard = vi.fn()
    pusher.user.bind('hello', heard)
    await eventually(() => running.publish('#server-to-user-a@b.c', 'hello', '{"n":1}')).toBe(1)
    await eventually(() => heard.mock.calls).toEqual([[{ n: 1 }]])
  })

  it('C116 C118 is told who of its watchlist comes and goes', async () => {
    const pusher = await signedIn({ id: '7', watchlist: ['8'] })
    const online = vi.fn()
    pusher.user.watchlist.bind('online', online)
    await signedIn({ id: '8' })
    await eventually(() => online.mock.calls).toEqual([[{ name: 'online', user_ids: ['8'] }]])
  })

  it('C78 joins a presence channel as the signed-in user', async () => {
    const pusher = await signedIn({ id: '7', user_info: { name: 'Zoë' } })
    pusher.config.channelAuthorizer = ({ socketId, channelName }, done) => {
      done(null, { auth: signChannel(credentials, socketId, channelName) })
    }
    const channel = await join(pusher, 'presence-room')
    expect(channel).toMatchObject({ members: { count: 1, me: { id: '7', info: { name: 'Zoë' } } } })
  })

  it('C119 ends for good when its user is disconnected', async () => {
    const pusher = await signedIn({ id: '7' })
    const states: string[] = []
    pusher.connection.bind('state_change', ({ current }: { current: string }) => states.push(current))
    await running.server.disconnectUser('7')
    await eventually(() => states).toEqual(['disconnected'])
  })

  it('is told by its channel that access was withdrawn', async () => {
    const pusher = await signedIn({ id: '7' })
    const channel = await join(pusher, 'private-x')
    const error = received(channel, 'pusher:subscription_error')
    await running.server.unsubscribeUser('7', 'private-x')
    expect(await error).toMatchObject({ type: 'AuthError', status: 401 })
    expect(await running.publish('private-x')).toBe(0)
  })

  it('C168 C169 decrypts what was sealed, kept events too, while the server knows no key', async () => {
    const name = 'private-encrypted-cache-x'
    const secret = sharedSecret(name, masterKey)
    const sealed = seal(secret, '{"id":42}')
    expect(open(secret, sealed)).toBe('{"id":42}')
    await running.publish(name, 'order.paid', sealed)
    const pusher = connect({
      channelAuthorization: {
        transport: 'ajax',
        endpoint: '',
        customHandler: ({ socketId, channelName }, done) => {
          const shared_secret = Buffer.from(secret).toString('base64')
          done(null, { auth: signChannel(credentials, socketId, channelName), shared_secret })
        },
      },
    })
    const channel = pusher.subscribe(name)
    expect(await received(channel, 'order.paid')).toEqual({ id: 42 })
  })
})
