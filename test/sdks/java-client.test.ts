import { describe, expect, it } from 'vitest'
import { seal } from '../../src/protocol/encryption.ts'
import { signUser } from '../../src/protocol/signature.ts'
import { eventually } from '../support/eventually.ts'
import { credentials } from '../support/server.ts'
import { connect, connectWithOther, testClientSdk } from './client-sdk.ts'
import { Driver } from './driver.ts'
import { secretOf, startRoot } from './set-up.ts'

describe('The client for Java', () => {
  const sdk = new Driver('pusher-java-client')

  testClientSdk(sdk)

  it('C99 knows who sent a client event on a presence channel', async () => {
    const channel = 'presence-room'
    const { other } = await connectWithOther(sdk, channel, { user_id: '7' })
    other.send({ event: 'client-typing', channel, data: 'x', user_id: '8' })
    expect(await sdk.next()).toEqual({ event: 'client-typing', channel, data: 'x', user_id: '7' })
  })

  it('C168 decrypts what we encrypt', async () => {
    const server = await startRoot()
    await connect(sdk, server)
    const channel = 'private-encrypted-orders.42'
    await sdk.call('subscribe', { channel })
    await server.publish(channel, 'order.paid', seal(secretOf(channel), '{"name":"Zoë"}'))
    expect(await sdk.next()).toMatchObject({ event: 'order.paid', channel, data: '{"name":"Zoë"}' })
  })

  it('C109 C112 C113 signs in, and hears what is sent to its user', async () => {
    const server = await startRoot()
    const { socket_id } = await connect(sdk, server)
    const user_data = '{ "id": "a@b.c", "user_info": { "name": "Zoë" } }'
    const auth = signUser(credentials, socket_id, user_data)
    await sdk.call('signin', { answer: JSON.stringify({ auth, user_data }) })
    const channel = '#server-to-user-a@b.c'
    // The client says to nobody that it is signed in: it is when something reaches it.
    await eventually(() => server.publish(channel, 'order.paid', '{"id":42}')).toBe(1)
    expect(await sdk.call('user')).toBe('a@b.c')
    expect(await sdk.next()).toMatchObject({ event: 'order.paid', channel, data: '{"id":42}' })
  })
})
