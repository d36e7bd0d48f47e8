import { describe, expect, it } from 'vitest'
import { FakeRelay } from '../../../test/support/fake-relay.ts'
import { ManualRegistry } from '../../../test/support/manual-registry.ts'
import { channelName, makeApp, Parts, type TestClient, turn, userData } from '../../../test/support/parts.ts'
import { pending } from '../../../test/support/pending.ts'
import { signUser } from '../../protocol/signature.ts'
import type { Order } from '../adapter.ts'
import { UnreachableError } from '../errors.ts'

const removed = 'pusher_internal:member_removed'
const refused = 'pusher:subscription_error'
const room = channelName('presence-x')

/** A client that is signed in and in the room, and has heard what there is to hear. */
async function signedIn(parts: Parts, id: string, app = parts.app): Promise<TestClient> {
  const client = parts.connect({ app })
  const user_data = JSON.stringify({ id })
  const auth = signUser(app, client.connection.socketId, user_data)
  client.say({ event: 'pusher:signin', data: { auth, user_data } })
  client.subscribe(room, userData(id))
  await client.heard()
  return client
}

/** Two connections of user 7 and one of user 8, in a room, on one of several nodes. */
async function inRoom() {
  const relay = new FakeRelay()
  const parts = new Parts({ relay })
  const clients = [
    await signedIn(parts, '7'),
    await signedIn(parts, '7'),
    await signedIn(parts, '8'),
  ] as const
  for (const client of clients) await client.heard()
  return { relay, parts, clients }
}

describe('revoke', () => {
  describe('#disconnect', () => {
    it('C119 closes the connections of the user here, and has the other nodes do the same', async () => {
      const { relay, parts, clients } = await inRoom()
      await parts.revoke.disconnect(parts.app, '7')
      expect(clients.map(({ socket }) => socket.closed?.code)).toEqual([4009, 4009, undefined])
      expect(await clients[2].heard()).toEqual([removed])
      expect(relay.orders).toEqual([{ name: 'disconnect', appId: 'app-id', userId: '7' }])
    })

    it('C120 has the other nodes do it also when the user is not on this one', async () => {
      const { relay, parts } = await inRoom()
      await parts.revoke.disconnect(parts.app, 'nobody')
      expect(relay.orders).toEqual([{ name: 'disconnect', appId: 'app-id', userId: 'nobody' }])
    })
  })

  describe('#unsubscribe', () => {
    it('ends the subscriptions of the user here, and has the other nodes do the same', async () => {
      const { relay, parts, clients } = await inRoom()
      await parts.revoke.unsubscribe(parts.app, '7', room)
      const heard = await Promise.all(clients.map((client) => client.heard()))
      expect(heard).toEqual([[refused], [refused], [removed]])
      expect(clients[0].connection.open).toBe(true)
      expect(relay.orders).toEqual([{ name: 'unsubscribe', appId: 'app-id', userId: '7', channel: room }])
    })

    it('has the other nodes do it although the registry of this one fails', async () => {
      const [relay, registry] = [new FakeRelay(), new ManualRegistry()]
      const parts = new Parts({ relay, registry })
      const signingIn = signedIn(parts, '7')
      await registry.answerAll()
      await signingIn
      await registry.answerAll()
      const unsubscribing = parts.revoke.unsubscribe(parts.app, '7', room)
      const outcome = expect(unsubscribing).rejects.toThrow('broken')
      await registry.fail(new Error('broken'))
      await outcome
      expect(relay.orders).toHaveLength(1)
    })
  })

  describe.each(['disconnect', 'unsubscribe'] as const)('when the other nodes are asked to %s,', (name) => {
    const revoke = async ({ revoke, app }: Parts) => revoke[name](app, '7', room)

    it('waits for them, and not with what is to be done here', async () => {
      const { relay, parts, clients } = await inRoom()
      const { promise, resolve } = pending<boolean>()
      relay.reached = promise
      let done = false
      const revoking = revoke(parts).then(() => {
        done = true
      })
      expect(await clients[2].heard()).toEqual([removed])
      expect(done).toBe(false)
      resolve(true)
      await revoking
    })

    it.each([
      ['at once', false],
      ['later', Promise.resolve(false)],
    ])('rejects when they cannot be reached, which is known %s, and has done it here', async (_, reached) => {
      const { relay, parts, clients } = await inRoom()
      relay.reached = reached
      const revoking = revoke(parts)
      await expect(revoking).rejects.toThrow(UnreachableError)
      await expect(revoking).rejects.toMatchObject({ answered: 503 })
      expect(await clients[2].heard()).toEqual([removed])
    })
  })
})

describe('an order of another node', () => {
  const disconnect: Order = { name: 'disconnect', appId: 'app-id', userId: '7' }
  const unsubscribe: Order = { name: 'unsubscribe', appId: 'app-id', userId: '7', channel: room }

  it('C119 to disconnect a user is obeyed here, and goes no further', async () => {
    const { relay, clients } = await inRoom()
    relay.others.ordered(disconnect)
    expect(clients.map(({ socket }) => socket.closed?.code)).toEqual([4009, 4009, undefined])
    expect(await clients[2].heard()).toEqual([removed])
    expect(relay.orders).toEqual([])
  })

  it('to take a channel from a user is obeyed here, and goes no further', async () => {
    const { relay, clients } = await inRoom()
    relay.others.ordered(unsubscribe)
    const heard = await Promise.all(clients.map((client) => client.heard()))
    expect(heard).toEqual([[refused], [refused], [removed]])
    expect(relay.orders).toEqual([])
  })

  it('C120 concerns nobody who is not in that channel, or is somebody else', async () => {
    const { relay, parts, clients } = await inRoom()
    relay.others.ordered({ ...unsubscribe, channel: channelName('other') })
    for (const order of [disconnect, unsubscribe]) relay.others.ordered({ ...order, userId: 'nobody' })
    for (const client of clients) expect(await client.heard()).toEqual([])
    expect(parts.metrics.handlerFailures).toBe(0)
  })

  it('C178 concerns nobody in another app', async () => {
    const { relay, parts, clients } = await inRoom()
    const stranger = await signedIn(parts, '7', makeApp({ id: 'other' }))
    for (const order of [disconnect, unsubscribe]) relay.others.ordered({ ...order, appId: 'other' })
    expect(stranger.socket.closed?.code).toBe(4009)
    for (const client of clients) expect(await client.heard()).toEqual([])
  })

  it('that cannot be obeyed wholly is counted and logged', async () => {
    const [relay, registry] = [new FakeRelay(), new ManualRegistry()]
    const parts = new Parts({ relay, registry })
    const signingIn = signedIn(parts, '7')
    await registry.answerAll()
    const client = await signingIn
    await registry.answerAll()
    await client.heard()
    relay.others.ordered(unsubscribe)
    await registry.fail(new Error('broken'))
    expect(await client.heard()).toEqual([refused])
    expect(parts.lines).toEqual(['Obeying the order to unsubscribe a user failed: broken'])
    expect(parts.metrics.handlerFailures).toBe(1)
  })
})

describe('an order to disconnect', () => {
  it('finds a connection whose sign-in is under way', async () => {
    const [registry, relay] = [new ManualRegistry(), new FakeRelay()]
    const parts = new Parts({ registry, relay })
    const client = parts.connect()
    const user_data = '{"id":"7"}'
    const auth = signUser(parts.app, client.connection.socketId, user_data)
    client.say({ event: 'pusher:signin', data: { auth, user_data } })
    relay.others.ordered({ name: 'disconnect', appId: parts.app.id, userId: '7' })
    await registry.answer()
    await turn()
    expect(client.socket.closed?.code).toBe(4009)
  })
})
