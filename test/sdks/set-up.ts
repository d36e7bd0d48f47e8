import type { Options } from 'pusher-js'
import { expect } from 'vitest'
import { parseMasterKey, sharedSecret } from '../../src/protocol/encryption.ts'
import { events } from '../../src/protocol/events.ts'
import { signUser } from '../../src/protocol/signature.ts'
import type { ReverbServerOptions } from '../../src/server/index.ts'
import { type ProtocolClient, payloadOf } from '../../src/testing/index.ts'
import { credentials, startServer, type TestServer } from '../support/server.ts'
import type { Driver } from './driver.ts'

/** The app of these tests; the SDK for Python takes only digits as its id. */
export const app = {
  app_id: '1',
  ...credentials,
  master_key: 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=',
}

/** The key of an encrypted channel of this app, as we make it. */
export function secretOf(channel: string): Uint8Array {
  const masterKey = parseMasterKey(app.master_key)
  if (masterKey === undefined) throw new TypeError('The master key is not the Base64 of 32 bytes')
  return sharedSecret(channel, masterKey)
}

/** What an SDK's auth helper answers for a channel. */
export interface Authorized {
  readonly auth: string
  readonly channel_data?: string
  readonly shared_secret?: string
}

/** What an SDK's auth helper answers for a user. */
export interface Authenticated {
  readonly auth: string
  readonly user_data: string
}

/** Starts a server at the root of a port, where every SDK can reach it; it ends with the test. */
export function startRoot(options: ReverbServerOptions = {}): Promise<TestServer> {
  return startServer({ appId: app.app_id, ...options })
}

/** A server, the SDK pointed at it, and a client that is connected. */
export async function setUp(
  sdk: Driver,
  options: ReverbServerOptions = {},
): Promise<{ server: TestServer; client: ProtocolClient }> {
  const server = await startRoot(options)
  await sdk.call('use', { host: '127.0.0.1', port: server.port, ...app })
  return { server, client: await server.connect() }
}

/** Signs a client in with what an auth endpoint answers, as pusher-js does, and subscribes what is sent to the user. */
export async function signIn(client: ProtocolClient, { auth, user_data }: Authenticated): Promise<void> {
  client.send({ event: events.signin, data: { auth, user_data } })
  expect(payloadOf(await client.next(events.signinSuccess))).toEqual({ user_data })
  // The decode boundary: what has been signed here is an object with an id.
  const { id } = JSON.parse(user_data) as { id: string }
  const subscribed = await client.subscribe(`#server-to-user-${id}`, { auth: '' })
  expect(subscribed.event).toBe(events.subscriptionSucceeded)
}

/** The same with what our own auth endpoint answers. */
export function signInAs(client: ProtocolClient, id: string): Promise<void> {
  const user_data = JSON.stringify({ id })
  return signIn(client, { auth: signUser(credentials, client.socketId, user_data), user_data })
}

/** Lets an SDK be the auth endpoint of a pusher-js client. */
export function authorizedBy(sdk: Driver): NonNullable<Options['channelAuthorization']> {
  return {
    transport: 'ajax',
    endpoint: '',
    customHandler: async ({ socketId: socket_id, channelName: channel }, done) =>
      done(null, await sdk.call<Authorized>('authorize', { socket_id, channel })),
  }
}
