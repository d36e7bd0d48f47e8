import PusherServer from 'pusher'
import { describe, expect, it } from 'vitest'
import { signUser } from '../../src/protocol/signature.ts'
import { Api, apiApp } from '../support/api.ts'
import { unauthorized } from '../support/refusal.ts'
import { startServer } from '../support/server.ts'

// While secrets are exchanged both are live, wherever something is verified (protocol.md 4.2).
const apps = [{ ...apiApp, secret: 'new-secret', previousSecret: 'old-secret' }]
const live = ['new-secret', 'old-secret']
const dead = ['older-secret', 'app-secret', '', 'new-secret,old-secret']
const event = { name: 'order.paid', channels: ['news'], data: '{"id":42}' }

describe.each(live)('with the live secret %s', (secret) => {
  const credentials = { key: apiApp.key, secret }

  it.each(['private-x', 'private-cache-x', 'private-encrypted-x'])('%s may be joined', async (channel) => {
    const running = await startServer({ apps })
    await (await running.connect({ credentials })).join(channel)
  })

  it('presence-x may be joined, and the rest is delivered as ever', async () => {
    const running = await startServer({ apps })
    const client = await running.connect({ credentials })
    await client.join('presence-x', { user_id: '7' })
    expect(await running.publish('presence-x')).toBe(1)
  })

  it('a user may sign in', async () => {
    const running = await startServer({ apps })
    const client = await running.connect({ credentials })
    expect(await client.signin({ id: '7' })).toMatchObject({ event: 'pusher:signin_success' })
  })

  it('every route of the HTTP API may be asked', async () => {
    const running = await startServer({ apps })
    const api = new Api({ port: running.port, app: { ...apiApp, secret } })
    const batch = [{ name: 'a', channel: 'news', data: '1' }]
    for (const path of ['/channels', '/channels/news', '/channels/presence-x/users', '/connections']) {
      expect([path, (await api.get(path)).status]).toEqual([path, 200])
    }
    for (const [path, body] of [
      ['/events', event],
      ['/batch_events', { batch }],
      ['/users/7/terminate_connections', {}],
      ['/users/7/unsubscribe', { channel: 'news' }],
    ] as const) {
      expect([path, (await api.post(path, body)).status]).toEqual([path, 200])
    }
  })

  it('the Node SDK may publish', async () => {
    const running = await startServer({ apps })
    const { id: appId, key } = apiApp
    const sdk = new PusherServer({ appId, key, secret, host: '127.0.0.1', port: String(running.port) })
    expect((await sdk.trigger('news', 'order.paid', { id: 42 })).status).toBe(200)
  })
})

describe.each(dead)('with the secret %j, which is not live', (secret) => {
  it('nothing is verified', async () => {
    const running = await startServer({ apps })
    const credentials = { key: apiApp.key, secret }
    const client = await running.connect({ credentials })
    for (const channel of ['private-x', 'private-encrypted-x']) {
      expect(await client.subscribe(channel, client.signed(channel))).toEqual(unauthorized(channel))
    }
    const presence = client.signed('presence-x', { user_id: '7' })
    expect(await client.subscribe('presence-x', presence)).toEqual(unauthorized('presence-x'))
    const user_data = '{"id":"7"}'
    const auth = signUser(credentials, client.socketId, user_data)
    client.send({ event: 'pusher:signin', data: { auth, user_data } })
    expect(await client.next()).toMatchObject({ event: 'pusher:error', data: { code: 4009 } })
    const api = new Api({ port: running.port, app: { ...apiApp, secret } })
    expect((await api.post('/events', event)).status).toBe(401)
  })
})

describe('what the server signs itself', () => {
  it('is signed with the new secret', async () => {
    const { server } = await startServer({ apps })
    expect(server.credentials()).toEqual({ key: apiApp.key, secret: 'new-secret' })
  })
})
