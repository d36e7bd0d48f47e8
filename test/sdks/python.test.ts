import { describe, expect, it } from 'vitest'
import { Driver } from './driver.ts'
import { testServerSdk } from './server-sdk.ts'
import { type Authenticated, setUp, signIn, signInAs } from './set-up.ts'

describe('The SDK for Python', () => {
  const sdk = new Driver('pusher-http-python')

  testServerSdk(sdk)

  it('C139 C148 learns from a batch how many are there', async () => {
    const { client } = await setUp(sdk)
    await client.join('presence-room', { user_id: '7' })
    const batch = [
      { channel: 'news', name: 'a', data: '' },
      { channel: 'presence-room', name: 'b', data: '', info: 'user_count,subscription_count' },
    ]
    expect(await sdk.call('trigger_batch', { batch })).toEqual({
      batch: [{}, { user_count: 1, subscription_count: 1 }],
    })
  })

  it('C109 signs users in', async () => {
    const { client } = await setUp(sdk)
    const user = { id: '7', user_info: { name: 'Zoë' } }
    const { socketId: socket_id } = client
    await signIn(client, await sdk.call<Authenticated>('authenticate', { socket_id, user }))
  })

  it.each(['7', 'a@b.c'])(
    'C119 C145 C148 terminates the connections of the user %j, at a path without an app',
    async (id) => {
      const { server, client } = await setUp(sdk)
      const member = await server.connect()
      await signInAs(client, id)
      await member.join('presence-room', { user_id: id })
      expect(await sdk.call('terminate', { user_id: id })).toEqual({})
      expect(await client.closed).toMatchObject({ code: 4009 })
      await member.silence()
    },
  )

  it('C120 C145 terminates the connections of a user who has none', async () => {
    await setUp(sdk)
    expect(await sdk.call('terminate', { user_id: 'nobody' })).toEqual({})
  })
})
