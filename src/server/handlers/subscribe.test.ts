import { describe, expect, it, vi } from 'vitest'
import { FakeRelay } from '../../../test/support/fake-relay.ts'
import { ManualRegistry } from '../../../test/support/manual-registry.ts'
import { channelName, Parts, type TestClient, turn, userData } from '../../../test/support/parts.ts'
import { pending } from '../../../test/support/pending.ts'
import { channelEvent } from '../../protocol/messages.ts'
import { payloadOf } from '../../testing/index.ts'
import { MemoryRegistry } from '../adapters/memory-registry.ts'
import type { AppOptions } from '../apps/app-options.ts'
import { encodeFrame } from '../frame.ts'

const succeeded = 'pusher_internal:subscription_succeeded'
const refused = 'pusher:subscription_error'
const added = 'pusher_internal:member_added'
const removed = 'pusher_internal:member_removed'

/** A server whose registry answers when the test says so. */
function farAway(app: Partial<AppOptions> = {}) {
  const registry = new ManualRegistry()
  return { registry, parts: new Parts({ app, registry }) }
}

const unsubscribe = ({ say }: TestClient, channel: string) =>
  say({ event: 'pusher:unsubscribe', data: { channel } })

/** The payload of everything that was written to a client since the last time. */
async function payloads({ socket }: TestClient): Promise<unknown[]> {
  await turn()
  return socket.take().map(payloadOf)
}

/** What a full roster of these users looks like. */
const rosterOf = (...ids: string[]) => ({
  presence: { count: ids.length, ids, hash: Object.fromEntries(ids.map((id) => [id, {}])) },
})

const news = (event: string) => channelEvent('news', event, '{}')

/** Joins and is done with it. */
async function joined(parts: Parts, registry: ManualRegistry, channel: string, data?: string) {
  const client = parts.connect()
  client.subscribe(channel, data)
  await registry.answerAll()
  expect(await client.heard()).toEqual([succeeded])
  return client
}

describe('subscribe', () => {
  it('answers, then delivers, all in one turn', async () => {
    const parts = new Parts()
    const client = parts.connect()
    client.subscribe('news')
    parts.send('news', 'a')
    await turn()
    expect(client.socket.writes).toHaveLength(1)
    expect(client.socket.take()).toEqual([
      { event: succeeded, channel: 'news', data: '{}' },
      { event: 'a', channel: 'news', data: '{}' },
    ])
    expect(parts.metrics.subscriptionsAccepted).toBe(1)
  })

  it.each(['', 'a b', 'a'.repeat(201), 'é', '#server-to-user-'])(
    'C47 C48 refuses the channel name %j and repeats no more of it than is allowed',
    async (channel) => {
      const client = new Parts().connect()
      client.subscribe(channel)
      await turn()
      const [message] = client.socket.take()
      expect(message).toMatchObject({ event: refused, channel: channel.slice(0, 200) })
      expect(message && payloadOf(message)).toMatchObject({ type: 'LimitReached', status: 4009 })
    },
  )

  describe('a presence channel', () => {
    it('C61 C63 tells the newcomer who is there, and the others who came', async () => {
      const parts = new Parts()
      const [one, two] = [parts.connect(), parts.connect()]
      one.subscribe('presence-x', userData('7'))
      expect(await payloads(one)).toEqual([rosterOf('7')])
      two.subscribe('presence-x', userData('8'))
      expect(await payloads(two)).toEqual([rosterOf('7', '8')])
      expect(await payloads(one)).toEqual([{ user_id: '8', user_info: {} }])
    })

    it('C64 tells nobody of a second connection of a user', async () => {
      const parts = new Parts()
      const [one, two] = [parts.connect(), parts.connect()]
      for (const client of [one, two]) client.subscribe('presence-x', userData('7'))
      expect(await one.heard()).toEqual([succeeded])
      expect(await payloads(two)).toEqual([rosterOf('7')])
    })

    it('tells of a newcomer before it tells that it is gone, also when it never read anything', async () => {
      const parts = new Parts({ sendBuffer: 1000 })
      const witness = parts.connect()
      witness.subscribe('presence-x', userData('1'))
      for (let id = 2; id < 52; id++) {
        parts.connect().subscribe('presence-x', userData(String(id), 'x'.repeat(1500)))
      }
      expect((await witness.heard()).slice(0, 2)).toEqual([succeeded, added])
      // The answer holds more than 64 KiB, so it is written at once: the newcomer ends while it joins.
      const slow = parts.connect()
      slow.socket.queued = 100_000
      slow.subscribe('presence-x', userData('slow'))
      expect(slow.socket.closed?.code).toBe(4100)
      expect(await witness.heard()).toEqual([added, removed])
      expect(parts.registry.occupancy(parts.app, channelName('presence-x'))).toMatchObject({ users: 51 })
    })

    it('C73 refuses a new user when it is full, and leaves nothing behind', async () => {
      const parts = new Parts({ app: { presenceMaxMembers: 1 } })
      const [one, two] = [parts.connect(), parts.connect()]
      one.subscribe('presence-x', userData('7'))
      await one.heard()
      two.subscribe('presence-x', userData('8'))
      expect(await payloads(two)).toEqual([
        { type: 'LimitReached', status: 4100, error: 'This channel has 1 members already' },
      ])
      expect(two.connection.subscriptions.size).toBe(0)
      parts.send('presence-x', 'a')
      expect(await two.heard()).toEqual([])
      expect(await one.heard()).toEqual(['a'])
    })
  })

  describe('again', () => {
    it('C51 is answered again and changes nothing', async () => {
      const parts = new Parts()
      const [one, two] = [parts.connect(), parts.connect()]
      for (const client of [one, two]) client.subscribe('presence-x', userData(client.connection.socketId))
      await one.heard()
      await two.heard()
      one.subscribe('presence-x', userData('somebody-else'))
      expect(await payloads(one)).toEqual([rosterOf('1.1', '1.2')])
      expect(await two.heard()).toEqual([])
      expect(parts.registry.occupancy(parts.app, channelName('presence-x'))).toEqual({
        subscriptions: 2,
        users: 2,
      })
      expect(parts.metrics.subscriptionsAccepted).toBe(2)
    })

    it('C52 does not need to be signed', async () => {
      const parts = new Parts()
      const client = parts.connect()
      client.subscribe('private-x')
      client.say({ event: 'pusher:subscribe', data: { channel: 'private-x', auth: 'app-key:0' } })
      parts.send('private-x', 'a')
      expect(await client.heard()).toEqual([succeeded, succeeded, 'a'])
    })

    it('C51 is answered at once, with exactly those of whom it was told', async () => {
      const { registry, parts } = farAway()
      const one = await joined(parts, registry, 'presence-x', userData('7'))
      const two = parts.connect()
      two.subscribe('presence-x', userData('8'))
      one.subscribe('presence-x')
      await registry.answer()
      one.subscribe('presence-x')
      unsubscribe(two, 'presence-x')
      one.subscribe('presence-x')
      await registry.answer()
      one.subscribe('presence-x')
      expect(await payloads(one)).toEqual([
        rosterOf('7'),
        { user_id: '8', user_info: {} },
        rosterOf('7', '8'),
        rosterOf('7', '8'),
        { user_id: '8' },
        rosterOf('7'),
      ])
    })

    it('is answered to whoever leaves right afterwards, and not to whoever has not even joined', async () => {
      const { registry, parts } = farAway()
      const live = await joined(parts, registry, 'presence-x', userData('7'))
      const joining = parts.connect()
      joining.subscribe('presence-x', userData('8'))
      for (const client of [live, joining]) {
        client.subscribe('presence-x')
        unsubscribe(client, 'presence-x')
      }
      await registry.answerAll()
      expect(await live.heard()).toEqual([succeeded])
      expect(await joining.heard()).toEqual([])
    })
  })

  describe('more channels than a connection may have', () => {
    it('refuses the next, also while the others are joining', async () => {
      const { registry, parts } = farAway({ maxChannelsPerConnection: 2 })
      const client = parts.connect()
      for (const channel of ['a', 'b', 'c']) client.subscribe(channel)
      expect(await payloads(client)).toEqual([
        { type: 'LimitReached', status: 4100, error: 'This connection has 2 channels already' },
      ])
      await registry.answerAll()
      expect(await client.heard()).toEqual([succeeded, succeeded])
      client.subscribe('a')
      expect(await client.heard()).toEqual([succeeded])
      unsubscribe(client, 'a')
      client.subscribe('c')
      await registry.answerAll()
      expect(await client.heard()).toEqual([succeeded])
    })

    it('does not exist with a limit of 0', async () => {
      const client = new Parts({ app: { maxChannelsPerConnection: 0 } }).connect()
      for (let count = 0; count < 300; count++) client.subscribe(`news-${count}`)
      expect(await client.heard()).toEqual(Array(300).fill(succeeded))
    })
  })

  describe('while it joins', () => {
    it('C57 holds events and delivers them after the answer, exactly once', async () => {
      const { registry, parts } = farAway()
      const client = parts.connect()
      client.subscribe('news')
      parts.send('news', 'a')
      parts.send('news', 'b')
      expect(await client.heard()).toEqual([])
      await registry.answer()
      parts.send('news', 'c')
      expect(await client.heard()).toEqual([succeeded, 'a', 'b', 'c'])
      expect(client.connection.heldBytes).toBe(0)
    })

    it('C57 C61 has in its roster whoever joins in the meantime, and is not told of them', async () => {
      const { registry, parts } = farAway()
      const [one, two, three] = [parts.connect(), parts.connect(), parts.connect()]
      for (const [index, client] of [one, two, three].entries()) {
        client.subscribe('presence-x', userData(String(index + 1)))
      }
      // Both take effect before either is answered.
      await Promise.all([registry.answer(), registry.answer()])
      expect(await payloads(one)).toEqual([rosterOf('1', '2')])
      expect(await payloads(two)).toEqual([rosterOf('1', '2')])
      await registry.answer()
      expect(await payloads(three)).toEqual([rosterOf('1', '2', '3')])
      for (const client of [one, two]) expect(await client.heard()).toEqual([added])
    })

    it('C57 has nobody in its roster who goes in the meantime, and is not told of them', async () => {
      const { registry, parts } = farAway()
      const gone = await joined(parts, registry, 'presence-x', userData('1'))
      const client = parts.connect()
      client.subscribe('presence-x', userData('2'))
      unsubscribe(gone, 'presence-x')
      await Promise.all([registry.answer(), registry.answer()])
      expect(await payloads(client)).toEqual([rosterOf('2')])
    })

    it('C92 hears the counts of the meantime after the answer, its own among them', async () => {
      const { registry, parts } = farAway({ subscriptionCount: true })
      const [one, two] = [parts.connect(), parts.connect()]
      for (const client of [one, two]) client.subscribe('news')
      await Promise.all([registry.answer(), registry.answer()])
      const told = [{}, { subscription_count: 1 }, { subscription_count: 2 }]
      expect([await payloads(one), await payloads(two)]).toEqual([told, told])
    })

    it('C55 a disconnect leaves nothing behind', async () => {
      const { registry, parts } = farAway()
      const witness = await joined(parts, registry, 'presence-x', userData('1'))
      const client = parts.connect()
      client.subscribe('presence-x', userData('7'))
      client.subscribe('news')
      client.connection.end()
      await registry.answerAll()
      await parts.released(5_000)
      expect(registry.occupied(parts.app)).toEqual({ 'presence-x': { subscriptions: 1, users: 1 } })
      expect(parts.channels.find(parts.app, 'news')).toBeUndefined()
      expect(parts.channels.find(parts.app, 'presence-x')).toMatchObject({
        live: { size: 1 },
        joining: { size: 0 },
      })
      expect(await witness.heard()).toEqual([added, removed])
      expect(await client.heard()).toEqual([])
    })

    it('C53 an unsubscribe ends it: nothing is delivered, nothing is left', async () => {
      const { registry, parts } = farAway()
      const client = parts.connect()
      client.subscribe('news')
      parts.send('news', 'a')
      unsubscribe(client, 'news')
      await registry.answerAll()
      parts.send('news', 'b')
      expect(await client.heard()).toEqual([])
      expect(registry.occupied(parts.app)).toEqual({})
      expect(parts.channels.find(parts.app, 'news')).toBeUndefined()
    })

    it('C53 subscribe, unsubscribe, subscribe ends subscribed, once', async () => {
      const { registry, parts } = farAway()
      const client = parts.connect()
      client.subscribe('news')
      unsubscribe(client, 'news')
      client.subscribe('news')
      await registry.answerAll()
      parts.send('news', 'a')
      expect(await client.heard()).toEqual([succeeded, 'a'])
      expect(registry.occupied(parts.app)).toEqual({ news: { subscriptions: 1, users: 0 } })
    })

    it('C53 the same in a presence channel does not tell the client that it is gone', async () => {
      const { registry, parts } = farAway()
      const witness = await joined(parts, registry, 'presence-x', userData('1'))
      const client = parts.connect()
      client.subscribe('presence-x', userData('7'))
      unsubscribe(client, 'presence-x')
      client.subscribe('presence-x', userData('7'))
      await registry.answerAll()
      expect(await payloads(client)).toEqual([rosterOf('1', '7')])
      expect(await witness.heard()).toEqual([added, removed, added])
      expect(registry.occupied(parts.app)).toEqual({ 'presence-x': { subscriptions: 2, users: 2 } })
    })

    it('C54 a hundred subscribes make one subscription and get a hundred answers', async () => {
      const { registry, parts } = farAway({ messageRate: 0 })
      const client = parts.connect()
      for (let count = 0; count < 100; count++) client.subscribe('news')
      parts.send('news', 'a')
      await registry.answerAll()
      expect(await client.heard()).toEqual([...Array(100).fill(succeeded), 'a'])
      expect(registry.occupied(parts.app)).toEqual({ news: { subscriptions: 1, users: 0 } })
      parts.send('news', 'b')
      expect(await client.heard()).toEqual(['b'])
    })

    it('excepts the connection that an event came from', async () => {
      const { registry, parts } = farAway()
      const client = parts.connect()
      client.subscribe('news')
      const { app } = parts
      const { name } = client.connection.subscriptions.get('news')?.channel ?? {}
      const except = client.connection.socketId
      expect(
        name && parts.publish({ kind: 'published', app, channel: name, event: 'a', data: '', except }),
      ).toBe(0)
      expect(name && parts.publish({ kind: 'published', app, channel: name, event: 'b', data: '' })).toBe(1)
      await registry.answer()
      expect(await client.heard()).toEqual([succeeded, 'b'])
    })

    it('leaves nothing when the channel turns out to be full', async () => {
      const { registry, parts } = farAway({ presenceMaxMembers: 1 })
      await joined(parts, registry, 'presence-x', userData('1'))
      const client = parts.connect()
      client.subscribe('presence-x', userData('2'))
      parts.send('presence-x', 'a')
      await registry.answerAll()
      expect(await client.heard()).toEqual([refused])
      expect(client.connection.subscriptions.size).toBe(0)
      expect(registry.occupied(parts.app)).toEqual({ 'presence-x': { subscriptions: 1, users: 1 } })
    })
  })

  describe('a channel that other nodes publish to', () => {
    /** A server that does not follow channels before the test says so. */
    function following() {
      const relay = new FakeRelay()
      const { promise, resolve } = pending<void>()
      relay.following = promise
      return { relay, parts: new Parts({ relay }), followed: resolve }
    }

    it('is confirmed when it is followed, and not before', async () => {
      const { relay, parts, followed } = following()
      const [one, two] = [parts.connect(), parts.connect()]
      for (const client of [one, two]) client.subscribe('news')
      relay.others.arrived(parts.app.id, channelName('news'), encodeFrame(news('a')), undefined, 0)
      for (const client of [one, two]) expect(await client.heard()).toEqual([])
      followed()
      await turn()
      for (const client of [one, two]) expect(await client.heard()).toEqual([succeeded, 'a'])
      expect(relay.followed).toEqual(['follow app-id news'])
    })

    it('C55 is not confirmed to whoever has left it by then, and not followed any more', async () => {
      const { relay, parts, followed } = following()
      const client = parts.connect()
      client.subscribe('news')
      unsubscribe(client, 'news')
      followed()
      await turn()
      expect(await client.heard()).toEqual([])
      expect(relay.followed).toEqual(['follow app-id news', 'unfollow app-id news'])
    })

    it('has in its roster who is there when it is followed', async () => {
      const { parts, followed } = following()
      const [one, two] = [parts.connect(), parts.connect()]
      for (const client of [one, two]) client.subscribe('presence-x', userData(client.connection.socketId))
      followed()
      await turn()
      for (const client of [one, two]) expect(await payloads(client)).toEqual([rosterOf('1.1', '1.2')])
    })

    it('is not followed any more when the registry does not let anybody in', async () => {
      const relay = new FakeRelay()
      const registry = new ManualRegistry()
      const parts = new Parts({ registry, relay })
      const client = parts.connect()
      client.subscribe('news')
      await registry.fail(new Error('broken'))
      expect(await client.heard()).toEqual([refused])
      expect(relay.followed).toEqual(['follow app-id news', 'unfollow app-id news'])
    })
  })

  describe('C60 when the registry fails', () => {
    const serverError = { type: 'ServerError', status: 4302, error: 'Subscribing failed on the server' }

    it('later, the client is told, nothing is left, and it can try again', async () => {
      const { registry, parts } = farAway()
      const client = parts.connect()
      client.subscribe('news')
      parts.send('news', 'a')
      await registry.fail(new Error('no connection to 10.0.0.7'))
      expect(await payloads(client)).toEqual([serverError])
      expect(parts.lines).toEqual(['Handling subscribe failed: no connection to 10.0.0.7'])
      expect(parts.channels.find(parts.app, 'news')).toBeUndefined()
      expect(client.connection).toMatchObject({ open: true, subscriptions: { size: 0 } })
      client.subscribe('news')
      await registry.answer()
      parts.send('news', 'b')
      expect(await client.heard()).toEqual([succeeded, 'b'])
    })

    it('for one that was left, the next on the same channel is not touched', async () => {
      const { registry, parts } = farAway()
      const client = parts.connect()
      client.subscribe('news')
      unsubscribe(client, 'news')
      client.subscribe('news')
      await registry.fail(new Error('broken'))
      await registry.answerAll()
      parts.send('news', 'a')
      expect((await client.heard()).slice(-2)).toEqual([succeeded, 'a'])
      unsubscribe(client, 'news')
      await registry.answerAll()
      expect(parts.channels.find(parts.app, 'news')).toBeUndefined()
    })

    it('at once, the same', async () => {
      const registry = new MemoryRegistry()
      const parts = new Parts({ registry })
      const client = parts.connect()
      vi.spyOn(registry, 'join').mockImplementationOnce(() => {
        throw new Error('broken')
      })
      client.subscribe('news')
      expect(await payloads(client)).toEqual([serverError])
      expect(parts.channels.find(parts.app, 'news')).toBeUndefined()
      client.subscribe('news')
      expect(await client.heard()).toEqual([succeeded])
    })
  })
})

describe('subscribing to a channel that is full', () => {
  it('C53 does not tell of a refusal when it was taken back before, and asked again', async () => {
    const registry = new ManualRegistry()
    const parts = new Parts({ app: { presenceMaxMembers: 1 }, registry })
    const [one, two] = [parts.connect(), parts.connect()]
    one.subscribe('presence-x', userData('1'))
    await registry.answer()
    two.subscribe('presence-x', userData('2'))
    one.say({ event: 'pusher:unsubscribe', data: { channel: 'presence-x' } })
    two.say({ event: 'pusher:unsubscribe', data: { channel: 'presence-x' } })
    two.subscribe('presence-x', userData('2'))
    await registry.answerAll()
    expect(await two.heard()).toEqual(['pusher_internal:subscription_succeeded'])
  })
})
