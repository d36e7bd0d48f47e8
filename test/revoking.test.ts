import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Application, Broadcast, PresenceChannel } from '../src/index.ts'
import { silentLogger } from '../src/support/logger.ts'
import { eventually } from './support/eventually.ts'
import { startApp } from './support/mounted-app.ts'
import { createPusher, join, type PusherClient, reached, received } from './support/official-clients.ts'

// Signed-in users as the application meets them: it sends to one, shows one the door, takes a channel from one.

let app: Application
let port: number

beforeEach(async () => {
  const rules = () => void Broadcast.channel('room', () => true)
  ;({ app, port } = await startApp({ env: {}, logger: silentLogger, rules }))
})

afterEach(() => app.shutdown())

/** The browser of a user, connected and signed in. */
async function visit(user: string): Promise<PusherClient> {
  const at = (name: string) => ({
    transport: 'ajax' as const,
    endpoint: `http://127.0.0.1:${port}/broadcasting/${name}`,
    headers: { 'X-User': user },
  })
  const pusher = createPusher(port, {
    key: 'local',
    wsPath: '/reverb',
    channelAuthorization: at('auth'),
    userAuthentication: at('user-auth'),
  })
  await reached(pusher, 'connected')
  pusher.signin()
  await pusher.user.signinDonePromise
  return pusher
}

describe('Broadcast', () => {
  it('C113 sends to one user, on all connections of that user, and to nobody else', async () => {
    const [phone, laptop, other] = [await visit('7'), await visit('7'), await visit('8')]
    const heard = vi.fn()
    for (const pusher of [phone, laptop, other]) pusher.user.bind('InvoicePaid', heard)
    const reach = async (event: string) => {
      const { channels } = await Broadcast.user(7).as(event).with({ id: 42 }).send()
      return channels[0]?.recipients
    }
    // A client joins its own channel by itself, some time after it has signed in.
    await eventually(() => reach('Knock')).toBe(2)
    expect(await reach('InvoicePaid')).toBe(2)
    await eventually(() => heard.mock.calls).toEqual([[{ id: 42 }], [{ id: 42 }]])
  })

  it('C119 disconnects a user for good, and nobody else', async () => {
    const [phone, laptop, other] = [await visit('7'), await visit('7'), await visit('8')]
    const gone = [reached(phone, 'disconnected'), reached(laptop, 'disconnected')]
    await Broadcast.disconnectUser(7)
    await Promise.all(gone)
    expect(other.connection.state).toBe('connected')
  })

  it('takes a channel from a user, who is told so and leaves the room', async () => {
    const [one, two] = [await visit('7'), await visit('8')]
    const room = await join(two, 'presence-room')
    const mine = await join(one, 'presence-room')
    const removed = received(room, 'pusher:member_removed')
    const told = received(mine, 'pusher:subscription_error')
    await Broadcast.unsubscribeUser('7', new PresenceChannel('room'))
    expect(await told).toMatchObject({ type: 'AuthError', status: 401 })
    expect(await removed).toMatchObject({ id: '7' })
    expect(one.connection.state).toBe('connected')
    const { channels } = await Broadcast.on('presence-room').as('x').send()
    expect(channels).toEqual([{ name: 'presence-room', recipients: 1 }])
  })
})
