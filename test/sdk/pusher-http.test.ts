import PusherServer from 'pusher'
import { describe, expect, it } from 'vitest'
import { signChannel, signUser } from '../../src/protocol/signature.ts'
import { apiApp } from '../support/api.ts'
import { createPusher, received } from '../support/official-clients.ts'
import { credentials, mountServer, startServer, type TestServer } from '../support/server.ts'

const masterKey = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='

const places = [
  { place: 'standalone', prefix: '', start: () => startServer() },
  { place: 'mounted', prefix: '/reverb', start: () => mountServer('/reverb') },
]

function sdkOf({ port }: TestServer, prefix: string, secret = apiApp.secret): PusherServer {
  return new PusherServer({
    appId: apiApp.id,
    key: apiApp.key,
    secret,
    // The SDK has no option for a prefix: it goes behind the port.
    host: `127.0.0.1:${port}${prefix}`,
    encryptionMasterKeyBase64: masterKey,
  })
}

describe.each(places)('C148 the pusher SDK for Node, $place', ({ prefix, start }) => {
  async function setUp() {
    const running = await start()
    const client = await running.connect({}, `${prefix}/app/${credentials.key}?protocol=7`)
    return { running, client, sdk: sdkOf(running, prefix) }
  }

  it('triggers an event on one channel and on many', async () => {
    const { client, sdk } = await setUp()
    await client.join('news')
    await client.join('private-orders.42')
    const one = await sdk.trigger('news', 'order.paid', { id: 42, name: 'Zoë' })
    expect([one.status, await one.json()]).toEqual([200, {}])
    expect(await client.rest()).toStrictEqual([
      { event: 'order.paid', channel: 'news', data: '{"id":42,"name":"Zoë"}' },
    ])

    await sdk.trigger(['news', 'private-orders.42', 'empty'], 'order.paid', 'text')
    expect((await client.rest()).map(({ channel, data }) => [channel, data])).toEqual([
      ['news', 'text'],
      ['private-orders.42', 'text'],
    ])
  })

  it('C131 excepts a socket', async () => {
    const { client, sdk } = await setUp()
    await client.join('news')
    await sdk.trigger('news', 'order.paid', 1, { socket_id: client.socketId })
    await client.silence()
    await sdk.trigger('news', 'order.paid', 2, { socket_id: '1.1' })
    expect(await client.rest()).toMatchObject([{ data: '2' }])
  })

  it('C137 learns how many are there', async () => {
    const { client, sdk } = await setUp()
    await client.join('presence-room', { user_id: '7' })
    const answer = await sdk.trigger(['presence-room'], 'x', 1, { info: 'user_count,subscription_count' })
    expect(await answer.json()).toEqual({
      channels: { 'presence-room': { user_count: 1, subscription_count: 1 } },
    })
  })

  it('C138 C139 triggers a batch', async () => {
    const { client, sdk } = await setUp()
    await client.join('news')
    const answer = await sdk.triggerBatch([
      { channel: 'news', name: 'a', data: { n: 1 } },
      { channel: 'news', name: 'b', data: 'text', info: 'subscription_count' },
    ])
    expect(await answer.json()).toEqual({ batch: [{}, { subscription_count: 1 }] })
    expect((await client.rest()).map(({ event, data }) => [event, data])).toEqual([
      ['a', '{"n":1}'],
      ['b', 'text'],
    ])
  })

  it('C140 C142 C144 asks for channels, one channel and its users', async () => {
    const { client, sdk } = await setUp()
    await client.join('presence-a@b;c=d', { user_id: 7 })
    const get = async (path: string, params = {}) => (await sdk.get({ path, params })).json()
    expect(await get('/channels', { filter_by_prefix: 'presence-a@', info: 'user_count' })).toEqual({
      channels: { 'presence-a@b;c=d': { user_count: 1 } },
    })
    expect(await get('/channels/presence-a@b;c=d', { info: 'user_count,subscription_count' })).toEqual({
      occupied: true,
      user_count: 1,
      subscription_count: 1,
    })
    expect(await get('/channels/presence-a@b;c=d/users')).toEqual({ users: [{ id: '7' }] })
  })

  it('is told 401 with a wrong secret, and 400 for what is wrong with an event', async () => {
    const { running, sdk } = await setUp()
    const refused = expect.objectContaining({ status: 401, body: expect.stringContaining('"code":401') })
    await expect(sdkOf(running, prefix, 'wrong').trigger('news', 'x', 1)).rejects.toEqual(refused)
    await expect(sdk.trigger('news', 'pusher:x', 1)).rejects.toMatchObject({ status: 400 })
  })

  it('C163 signs channels and users as we do, and what it signs is accepted', async () => {
    const { client, sdk } = await setUp()
    const { socketId } = client
    const app = { key: apiApp.key, secret: apiApp.secret }

    const authorized = sdk.authorizeChannel(socketId, 'private-orders.42')
    expect(authorized).toEqual({ auth: signChannel(app, socketId, 'private-orders.42') })
    const answer = await client.subscribe('private-orders.42', { auth: authorized.auth })
    expect(answer.event).toBe('pusher_internal:subscription_succeeded')

    const member = { user_id: '7', user_info: { name: 'Zoë' } }
    const present = sdk.authorizeChannel(socketId, 'presence-room', member)
    const channelData = JSON.stringify(member)
    expect(present).toEqual({
      auth: signChannel(app, socketId, 'presence-room', channelData),
      channel_data: channelData,
    })
    const joined = await client.subscribe('presence-room', { auth: present.auth, channelData })
    expect(joined.event).toBe('pusher_internal:subscription_succeeded')

    const user = sdk.authenticateUser(socketId, { id: '7' })
    expect(user).toEqual({ auth: signUser(app, socketId, '{"id":"7"}'), user_data: '{"id":"7"}' })
  })

  it('C168 C169 encrypts for pusher-js, and the server passes it on unread', async () => {
    const { running, client, sdk } = await setUp()
    const name = 'private-encrypted-orders.42'
    await client.join(name)
    const pusher = createPusher(running.port, {
      wsPath: prefix,
      channelAuthorization: {
        transport: 'ajax',
        endpoint: '',
        customHandler: ({ socketId, channelName }, done) =>
          done(null, sdk.authorizeChannel(socketId, channelName)),
      },
    })
    const channel = pusher.subscribe(name)
    await received(channel, 'pusher:subscription_succeeded')
    const decrypted = received(channel, 'order.paid')
    await sdk.trigger(name, 'order.paid', { id: 42 })
    expect(await decrypted).toEqual({ id: 42 })
    const relayed = await client.next('order.paid')
    expect(JSON.parse(String(relayed.data))).toEqual({
      nonce: expect.any(String),
      ciphertext: expect.any(String),
    })
    expect(relayed.data).not.toContain('42}')
  })
})
