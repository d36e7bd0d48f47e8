import { describe, expect, it } from 'vitest'
import { seal } from '../../src/protocol/encryption.ts'
import { sign } from '../../src/protocol/signature.ts'
import { Driver } from './driver.ts'
import { testServerSdk, testUserAuth } from './server-sdk.ts'
import { app, secretOf, setUp, signInAs } from './set-up.ts'

describe('The SDK for Go', () => {
  const sdk = new Driver('pusher-http-go')

  testServerSdk(sdk)
  testUserAuth(sdk)

  it('C137 C148 learns from a publish how many are there', async () => {
    const { client } = await setUp(sdk)
    await client.join('news')
    await client.join('presence-room', { user_id: '7' })
    const channels = ['news', 'presence-room']
    const info = ['user_count', 'subscription_count']
    expect(await sdk.call('trigger', { channels, name: 'a', data: '', info })).toEqual({
      channels: {
        news: { subscription_count: 1 },
        'presence-room': { user_count: 1, subscription_count: 1 },
      },
    })
  })

  it('C139 C148 learns from a batch how many are there', async () => {
    const { client } = await setUp(sdk)
    await client.join('news')
    const batch = [
      { channel: 'empty', name: 'a', data: '' },
      { channel: 'news', name: 'b', data: '', info: 'subscription_count' },
    ]
    expect(await sdk.call('trigger_batch', { batch })).toEqual({ batch: [{}, { subscription_count: 1 }] })
  })

  it('C114 C148 sends to a user whose id is no channel name', async () => {
    const { client } = await setUp(sdk)
    await signInAs(client, 'u 1/é')
    await sdk.call('send_to_user', { user_id: 'u 1/é', name: 'order.paid', data: '1' })
    expect(await client.next('order.paid')).toMatchObject({ channel: '#server-to-user-u 1/é', data: '1' })
  })

  it('C168 decrypts what we encrypt', async () => {
    await setUp(sdk)
    const channel = 'private-encrypted-orders.42'
    // The SDK decrypts only in webhooks; that of a client event is the one that could carry any.
    const event = {
      name: 'client_event',
      channel,
      event: 'client-paid',
      data: seal(secretOf(channel), '{"id":42}'),
    }
    const body = JSON.stringify({ time_ms: Date.now(), events: [event] })
    const webhook = { key: app.key, signature: sign(app.secret, body), body }
    expect(await sdk.call('webhook', webhook)).toMatchObject({ events: [{ channel, data: '{"id":42}' }] })
  })
})
