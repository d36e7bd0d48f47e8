import { expect, it } from 'vitest'
import { signChannel } from '../../src/protocol/signature.ts'
import { payloadOf } from '../../src/testing/index.ts'
import { createPusher, received } from '../support/official-clients.ts'
import { credentials } from '../support/server.ts'
import { Endpoint } from '../support/webhooks.ts'
import type { Driver } from './driver.ts'
import {
  type Authenticated,
  type Authorized,
  app,
  authorizedBy,
  secretOf,
  setUp,
  signIn,
  signInAs,
} from './set-up.ts'

const order = { id: 42, name: 'Zoë' }

/** What every SDK for servers can do, and must be able to do with ours. */
export function testServerSdk(sdk: Driver): void {
  it('C148 publishes to one channel and to many', async () => {
    const { client } = await setUp(sdk)
    await client.join('news')
    await client.join('private-orders.42')
    await sdk.call('trigger', { channels: ['news'], name: 'order.paid', data: order })
    const [only, ...others] = await client.rest()
    expect(others).toEqual([])
    expect(only).toMatchObject({ event: 'order.paid', channel: 'news', data: expect.any(String) })
    expect(only && payloadOf(only)).toEqual(order)

    const channels = ['news', 'private-orders.42', 'empty']
    await sdk.call('trigger', { channels, name: String.raw`App\Events\Paid`, data: 'text' })
    expect(
      (await client.rest()).map((message) => [message.channel, message.event, payloadOf(message)]),
    ).toEqual([
      ['news', String.raw`App\Events\Paid`, 'text'],
      ['private-orders.42', String.raw`App\Events\Paid`, 'text'],
    ])
  })

  it('C131 excepts a socket', async () => {
    const { server, client } = await setUp(sdk)
    const other = await server.connect()
    await client.join('news')
    await other.join('news')
    const { socketId: socket_id } = client
    await sdk.call('trigger', { channels: ['news'], name: 'order.paid', data: order, socket_id })
    await client.silence()
    expect(await other.rest()).toMatchObject([{ event: 'order.paid' }])
  })

  it('C138 C148 publishes a batch, in its order', async () => {
    const { client } = await setUp(sdk)
    await client.join('news')
    const batch = ['a', 'b', 'c'].map((name) => ({ channel: 'news', name, data: { name } }))
    await sdk.call('trigger_batch', { batch })
    expect((await client.rest()).map((message) => [message.event, payloadOf(message)])).toEqual([
      ['a', { name: 'a' }],
      ['b', { name: 'b' }],
      ['c', { name: 'c' }],
    ])
  })

  it('C140 C141 C148 asks for channels, by prefix and with counts', async () => {
    const { client } = await setUp(sdk)
    await client.join('news')
    await client.join('presence-a@b;c=d,e', { user_id: 7 })
    const all = await sdk.call<{ channels: object }>('channels', { prefix: '', info: [] })
    expect(Object.keys(all.channels).sort()).toEqual(['news', 'presence-a@b;c=d,e'])
    expect(await sdk.call('channels', { prefix: 'presence-a@b;c', info: ['user_count'] })).toEqual({
      channels: { 'presence-a@b;c=d,e': { user_count: 1 } },
    })
    expect(await sdk.call('channels', { prefix: 'presence-none', info: ['user_count'] })).toEqual({
      channels: {},
    })
  })

  it('C142 C144 C148 asks for one channel and for its users', async () => {
    const { client } = await setUp(sdk)
    const channel = 'presence-a@b;c=d,e'
    await client.join(channel, { user_id: 7 })
    const info = ['user_count', 'subscription_count']
    expect(await sdk.call('channel', { channel, info })).toMatchObject({
      occupied: true,
      user_count: 1,
      subscription_count: 1,
    })
    expect(await sdk.call('users', { channel })).toEqual({ users: [{ id: '7' }] })
    expect(await sdk.call('channel', { channel: 'nobody', info: [] })).not.toHaveProperty('occupied', true)
    expect(await sdk.call('users', { channel: 'presence-nobody' })).toEqual({ users: [] })
  })

  it.each(['7', 'a@b.c'])('C113 C114 C148 sends to the user %j, and to nobody else', async (id) => {
    const { server, client } = await setUp(sdk)
    const other = await server.connect()
    await signInAs(client, id)
    await signInAs(other, '8')
    await sdk.call('send_to_user', { user_id: id, name: 'order.paid', data: order })
    const message = await client.next('order.paid')
    expect([message.channel, payloadOf(message)]).toEqual([`#server-to-user-${id}`, order])
    await other.silence()
  })

  it('C163 signs private channels as we do, and the server accepts it', async () => {
    const { client } = await setUp(sdk)
    const { socketId: socket_id } = client
    const channel = 'private-orders.42'
    const authorized = await sdk.call<Authorized>('authorize', { socket_id, channel })
    expect(authorized).toEqual({ auth: signChannel(credentials, socket_id, channel) })
    expect((await client.subscribe(channel, authorized)).event).toBe('pusher_internal:subscription_succeeded')
  })

  it('C163 signs presence channels, and the server knows the member by it', async () => {
    const { client } = await setUp(sdk)
    const member = { user_id: '7', user_info: { name: 'Zoë' } }
    const { socketId: socket_id } = client
    const { auth, channel_data: channelData } = await sdk.call<Authorized>('authorize', {
      socket_id,
      channel: 'presence-room',
      member,
    })
    const joined = await client.subscribe('presence-room', { auth, channelData })
    expect(joined.event).toBe('pusher_internal:subscription_succeeded')
    expect(payloadOf(joined)).toEqual({
      presence: { count: 1, ids: ['7'], hash: { 7: { name: 'Zoë' } } },
    })
  })

  it('C163 C168 C169 encrypts for pusher-js, and the server passes it on unread', async () => {
    const { server, client } = await setUp(sdk)
    const channel = 'private-encrypted-orders.42'
    const { socketId: socket_id } = client
    const authorized = await sdk.call<Authorized>('authorize', { socket_id, channel })
    expect(authorized.auth).toBe(signChannel(credentials, socket_id, channel))
    // The SDK for Java leaves out the padding.
    expect(Buffer.from(authorized.shared_secret ?? '', 'base64')).toEqual(secretOf(channel))

    await client.join(channel)
    const reader = createPusher(server.port, { channelAuthorization: authorizedBy(sdk) }).subscribe(channel)
    await received(reader, 'pusher:subscription_succeeded')
    const decrypted = received(reader, 'order.paid')
    await sdk.call('trigger', { channels: [channel], name: 'order.paid', data: order })
    expect(await decrypted).toEqual(order)
    expect(payloadOf(await client.next('order.paid'))).toEqual({
      nonce: expect.any(String),
      ciphertext: expect.any(String),
    })
  })

  it('C154 C155 verifies webhooks of this server, and no others', async () => {
    const endpoint = await Endpoint.open()
    const { client } = await setUp(sdk, { webhookUrl: [endpoint.url], webhookBatchMs: 0 })
    await client.join('presence-room', { user_id: '7' })
    client.send({ event: 'client-typing', channel: 'presence-room', data: { name: 'Zoë' } })
    const expected = [
      { name: 'channel_occupied', channel: 'presence-room' },
      { name: 'member_added', channel: 'presence-room', user_id: '7' },
      {
        name: 'client_event',
        channel: 'presence-room',
        event: 'client-typing',
        data: '{"name":"Zoë"}',
        socket_id: client.socketId,
        user_id: '7',
      },
    ]
    for (const event of expected) {
      const { headers, body } = await endpoint.next()
      const { 'x-pusher-key': key, 'x-pusher-signature': signature } = headers
      const webhook = { key, signature, body }
      expect(await sdk.call('webhook', webhook)).toMatchObject({
        time_ms: expect.any(Number),
        events: [event],
      })
      const altered = { ...webhook, body: body.replace('room', 'hall') }
      await expect(sdk.call('webhook', altered)).rejects.toThrow('nvalid webhook')
      await expect(sdk.call('webhook', { ...webhook, key: 'other' })).rejects.toThrow('nvalid webhook')
    }
  })

  it('says what is wrong when the secret is', async () => {
    const { server } = await setUp(sdk)
    await sdk.call('use', { host: '127.0.0.1', port: server.port, ...app, secret: 'wrong' })
    const published = sdk.call('trigger', { channels: ['news'], name: 'order.paid', data: order })
    await expect(published).rejects.toThrow(/"code":401/)
  })
}

/** What those SDKs can do that sign users in. */
export function testUserAuth(sdk: Driver): void {
  it('C109 signs users in', async () => {
    const { client } = await setUp(sdk)
    const user = { id: '7', user_info: { name: 'Zoë' } }
    const { socketId: socket_id } = client
    await signIn(client, await sdk.call<Authenticated>('authenticate', { socket_id, user }))
  })
}

/** Asserts that the SDK closes the signed-in connections of the user, and not those of a member of the same id. */
export async function expectTerminated(sdk: Driver, id: string): Promise<void> {
  const { server, client } = await setUp(sdk)
  const member = await server.connect()
  await signInAs(client, id)
  await member.join('presence-room', { user_id: id })
  expect(await sdk.call('terminate', { user_id: id })).toEqual({})
  expect(await client.closed).toMatchObject({ code: 4009 })
  await member.silence()
}
