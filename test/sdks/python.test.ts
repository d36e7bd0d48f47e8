import { describe, expect, it } from 'vitest'
import { Driver } from './driver.ts'
import { expectTerminated, testServerSdk, testUserAuth } from './server-sdk.ts'
import { setUp } from './set-up.ts'

describe('The SDK for Python', () => {
  const sdk = new Driver('pusher-http-python')

  testServerSdk(sdk)
  testUserAuth(sdk)

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

  it.each(['7', 'a@b.c'])(
    'C119 C145 C148 terminates the connections of the user %j, at a path without an app',
    (id) => expectTerminated(sdk, id),
  )

  it('C120 C145 terminates the connections of a user who has none', async () => {
    await setUp(sdk)
    expect(await sdk.call('terminate', { user_id: 'nobody' })).toEqual({})
  })
})
