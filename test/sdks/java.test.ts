import { describe, expect, it } from 'vitest'
import { Driver } from './driver.ts'
import { expectTerminated, testServerSdk } from './server-sdk.ts'
import { setUp, signInAs } from './set-up.ts'

describe('The SDK for Java', () => {
  const sdk = new Driver('pusher-http-java')

  testServerSdk(sdk)

  it('C114 C148 sends to a user whose id is no channel name', async () => {
    const { client } = await setUp(sdk)
    await signInAs(client, 'u 1/é')
    await sdk.call('send_to_user', { user_id: 'u 1/é', name: 'order.paid', data: 1 })
    expect(await client.next('order.paid')).toMatchObject({ channel: '#server-to-user-u 1/é', data: '1' })
  })

  it.each(['7', 'a@b.c', 'u 1', 'é', '50% off/on'])(
    'C119 C146 C148 terminates the connections of the user %j with its signed requests',
    (id) => expectTerminated(sdk, id),
  )
})
