import Echo from 'laravel-echo'
import PusherModule, { type Channel, type Options } from 'pusher-js'
import { onTestFinished } from 'vitest'
import { signChannel } from '../../src/protocol/signature.ts'
import { credentials } from './server.ts'

export type PusherClient = Channel['pusher']

// pusher-js declares a default export that `nodenext` takes for the namespace; at run time it is the class.
export const Pusher = PusherModule as unknown as new (key: string, options: Options) => PusherClient

/** Any 32 bytes will do for a channel whose events nobody decrypts. */
const sharedSecret = Buffer.alloc(32, 7).toString('base64')

export interface OfficialOptions extends Partial<Options> {
  key?: string
  /** Another release of pusher-js. @default the newest */
  constructedBy?: typeof Pusher
  /** The user that a presence channel is joined as. */
  user?: { user_id: string; user_info?: object }
}

/** A pusher-js client that authorizes itself for every channel; it disconnects after the test. */
export function createPusher(
  port: number,
  { key, user, constructedBy = Pusher, ...options }: OfficialOptions = {},
): PusherClient {
  const pusher = new constructedBy(key ?? credentials.key, {
    cluster: '',
    wsHost: '127.0.0.1',
    wsPort: port,
    wssPort: port,
    forceTLS: false,
    enabledTransports: ['ws', 'wss'],
    channelAuthorization: {
      transport: 'ajax',
      endpoint: '',
      customHandler: ({ socketId, channelName }, done) => {
        const isPresence = channelName.startsWith('presence-')
        const channelData = isPresence ? JSON.stringify(user ?? { user_id: '1' }) : undefined
        const auth = signChannel(credentials, socketId, channelName, channelData)
        done(null, {
          auth,
          ...(channelData !== undefined && { channel_data: channelData }),
          ...(channelName.startsWith('private-encrypted-') && { shared_secret: sharedSecret }),
        })
      },
    },
    ...options,
  })
  onTestFinished(() => pusher.disconnect())
  return pusher
}

/** A Laravel Echo over such a client. */
export function createEcho(port: number, options: OfficialOptions = {}): Echo<'reverb'> {
  return new Echo({ broadcaster: 'reverb', client: createPusher(port, options), key: credentials.key })
}

/** Resolves when a pusher-js client has reached the state. */
export function reached(pusher: PusherClient, state: string): Promise<void> {
  return new Promise((resolve) => {
    if (pusher.connection.state === state) resolve()
    else pusher.connection.bind(state, () => resolve())
  })
}

/** Resolves with what the next such event of a channel carries. */
export function received(channel: Channel, event: string): Promise<unknown> {
  return new Promise((resolve) => {
    const listener = (data: unknown) => {
      channel.unbind(event, listener)
      resolve(data)
    }
    channel.bind(event, listener)
  })
}

/** Subscribes to a channel; resolves to it when the server has let the client in. */
export async function join(pusher: PusherClient, name: string): Promise<Channel> {
  const channel = pusher.subscribe(name)
  await received(channel, 'pusher:subscription_succeeded')
  return channel
}
