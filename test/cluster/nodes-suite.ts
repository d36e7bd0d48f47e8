import { beforeEach, describe, expect, it } from 'vitest'
import type { ReverbServerOptions } from '../../src/server/index.ts'
import { payloadOf } from '../../src/testing/index.ts'
import { apiOf } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'
import { Observer } from '../support/observer.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { Endpoint } from '../support/webhooks.ts'

/** What joins the nodes of a test; made anew for each, and gone after it. */
export interface Backend {
  /** The way of one more node to it. */
  way(): Promise<Way>
  /** It starts anew and knows nothing. */
  wipe(): Promise<void>
}

/** How a node reaches the others. */
export interface Way {
  /** What makes a server one that goes this way. */
  readonly options: ReverbServerOptions
  /** Nothing comes through any more, until it heals. */
  cut(): void
  heal(): void
}

/** A server that is one of several. */
interface Node extends TestServer {
  readonly way: Way
}

const room = 'presence-room'

/** For those that are to be taken for dead: a busy machine may keep others from saying that they live. */
const shortLease: ReverbServerOptions = { nodeTtl: 2 }

/** A node that has joined the others. */
async function startNode(backend: Backend, options: ReverbServerOptions = {}): Promise<Node> {
  const way = await backend.way()
  const node = Object.assign(await startServer({ drain: 0, ...way.options, ...options }), { way })
  await joined(node)
  return node
}

function joined({ server }: TestServer) {
  return eventually(() => server.trouble ?? 'joined').toBe('joined')
}

/** Nothing of the others reaches a node any more, and it has noticed. */
async function cutOff({ way, server }: Node): Promise<void> {
  way.cut()
  await eventually(() => server.trouble).toBeTypeOf('string')
}

/** A node that was cut off has joined the others again. */
async function bringBack(node: Node): Promise<void> {
  node.way.heal()
  await joined(node)
}

async function usersOf(node: TestServer): Promise<unknown> {
  return (await apiOf(node).read(`/channels/${room}/users`))['users']
}

function idsOf(answer: { data?: unknown }): unknown {
  const payload = payloadOf({ event: '', ...answer })
  return typeof payload === 'object' && payload !== null && 'presence' in payload
    ? (payload.presence as { ids: unknown }).ids
    : payload
}

/** What must hold for several nodes, whatever joins them. */
export function nodesSuite(name: string, makeBackend: () => Promise<Backend>): void {
  describe(`several nodes joined by ${name}`, { timeout: 30_000 }, () => {
    let backend: Backend

    beforeEach(async () => {
      backend = await makeBackend()
    })

    async function startNodes(options: ReverbServerOptions = {}): Promise<[Node, Node]> {
      return Promise.all([startNode(backend, options), startNode(backend, options)])
    }

    /** Two nodes, with a client on each: `here` on the first, `there` on the second. */
    async function startPair(options: ReverbServerOptions = {}) {
      const [one, two] = await startNodes(options)
      const [here, there] = await Promise.all([one.connect(), two.connect()])
      return { one, two, here, there }
    }

    /** The same, and both are in the room: 7 here, and 8 there, of whom 7 has heard. */
    async function startInRoom() {
      const pair = await startPair()
      await pair.here.join(room, { user_id: '7' })
      await pair.there.join(room, { user_id: '8' })
      await pair.here.next('pusher_internal:member_added')
      return pair
    }

    describe('events', () => {
      it('C172 an event published on one reaches the subscribers of both exactly once', async () => {
        const { one, two, here, there } = await startPair()
        await Promise.all([here.join('news'), there.join('news')])
        for (const [event, node] of [
          ['first', one],
          ['second', two],
        ] as const) {
          await node.publish('news', event)
          expect(await here.next()).toMatchObject({ event })
          expect(await there.next()).toMatchObject({ event })
        }
        await Promise.all([here.silence(), there.silence()])
      })

      it('C131 an excepted connection is excepted on whichever node it is', async () => {
        const { one, here, there } = await startPair()
        await Promise.all([here.join('news'), there.join('news')])
        const body = { name: 'sent', channel: 'news', data: '{}', socket_id: there.socketId }
        expect(await apiOf(one).post('/events', body)).toMatchObject({ status: 200 })
        await one.publish('news', 'after')
        expect(await here.next()).toMatchObject({ event: 'sent' })
        expect(await there.next()).toMatchObject({ event: 'after' })
      })

      it('C173 what one publishes in order arrives in order on each', async () => {
        const { one, here, there } = await startPair()
        await Promise.all([here.join('news'), there.join('news')])
        const numbers = Array.from({ length: 200 }, (_, index) => String(index))
        for (const number of numbers) await one.publish('news', 'n', number)
        for (const client of [here, there]) {
          const got: unknown[] = []
          while (got.length < numbers.length) got.push((await client.next('n')).data)
          expect(got).toEqual(numbers)
        }
      })

      it('C96 C108 client events reach the members on the other node, with the id of their sender, and not the sender', async () => {
        const { here, there } = await startInRoom()
        here.send({ event: 'client-typing', channel: room, data: { at: 1 } })
        expect(await there.next()).toEqual({
          event: 'client-typing',
          channel: room,
          data: '{"at":1}',
          user_id: '7',
        })
        await here.silence()
      })

      it('a node gets only the channels that somebody there is in', async () => {
        const [one, two] = await startNodes()
        const there = await two.connect()
        await there.join('wanted')
        const before = two.server.counters['relayReceived']
        for (let count = 0; count < 20; count++) await one.publish('unwanted')
        await one.publish('wanted', 'sent')
        await there.next('sent')
        expect(two.server.counters['relayReceived']).toBe((before ?? 0) + 1)
      })

      it('C85 a cached event is had from every node, in the order of the log', async () => {
        const [one, two] = await startNodes()
        const names = ['cache-news', 'private-cache-news', 'presence-cache-news']
        const there = await two.connect()
        for (const channel of names) {
          await one.publish(channel, 'old')
          await two.publish(channel, 'kept', '{"a":1}')
          await there.join(channel, channel.startsWith('presence') ? { user_id: '7' } : undefined)
          expect(await there.next()).toEqual({ event: 'kept', channel, data: '{"a":1}' })
          await one.publish(channel, 'live')
          expect(await there.next()).toMatchObject({ event: 'live', channel })
        }
        await there.silence()
      })
    })

    describe('presence', () => {
      it('C62 C63 the roster has the members of the other node, who hear of a newcomer', async () => {
        const { here, there } = await startPair()
        await here.join(room, { user_id: '7', user_info: { name: 'Zoë' } })
        const answer = await there.join(room, { user_id: '8' })
        expect(payloadOf(answer)).toEqual({
          presence: { count: 2, ids: ['7', '8'], hash: { 7: { name: 'Zoë' }, 8: {} } },
        })
        expect(await here.next()).toMatchObject({ event: 'pusher_internal:member_added' })
        await there.silence()
        await here.silence()
      })

      it('C64 C65 a user with connections on both is one member, and gone with the last', async () => {
        const [one, two] = await startNodes()
        const [watcher, here, there] = await Promise.all([one.connect(), one.connect(), two.connect()])
        await watcher.join(room, { user_id: 'w' })
        await here.join(room, { user_id: '7' })
        expect(idsOf(await there.join(room, { user_id: '7' }))).toEqual(['w', '7'])
        await watcher.next('pusher_internal:member_added')
        await here.close()
        // What is told after it would have come behind it.
        await two.publish(room, 'between')
        expect(await watcher.next()).toMatchObject({ event: 'between' })
        await there.close()
        expect(await watcher.next()).toMatchObject({
          event: 'pusher_internal:member_removed',
          data: '{"user_id":"7"}',
        })
        await watcher.silence()
      })

      it('C74 of 101 users who join on two nodes at once exactly 100 are admitted', async () => {
        const [one, two] = await startNodes()
        const clients = await Promise.all(
          Array.from({ length: 101 }, (_, index) => (index % 2 === 0 ? one : two).connect()),
        )
        const answers = await Promise.all(
          clients.map((client, index) =>
            client.subscribe(room, client.signed(room, { user_id: String(index) })),
          ),
        )
        const refused = answers.filter(({ event }) => event === 'pusher:subscription_error')
        expect(refused).toHaveLength(1)
        const { body } = await apiOf(one).get(`/channels/${room}`, { info: 'user_count,subscription_count' })
        expect(body).toMatchObject({ user_count: 100 })
        await eventually(() =>
          apiOf(two).read(`/channels/${room}`, { info: 'subscription_count' }),
        ).toMatchObject({
          subscription_count: 100,
        })
      })

      it('C76 a user who comes and goes on both is told of in turn, and everybody agrees in the end', async () => {
        const [one, two] = await startNodes()
        const [watchHere, watchThere, here, there] = await Promise.all([
          one.connect(),
          two.connect(),
          one.connect(),
          two.connect(),
        ])
        const observers = [new Observer(watchHere), new Observer(watchThere)]
        await watchHere.join(room, { user_id: 'a' })
        await watchThere.join(room, { user_id: 'b' })
        for (const client of [here, there]) {
          const { auth, channelData: channel_data } = client.signed(room, { user_id: '7' })
          for (let round = 0; round < 100; round++) {
            client.send({ event: 'pusher:subscribe', data: { channel: room, auth, channel_data } })
            client.send({ event: 'pusher:unsubscribe', data: { channel: room } })
          }
          client.send({ event: 'pusher:subscribe', data: { channel: room, auth, channel_data } })
        }
        await eventually(() => usersOf(one)).toEqual([{ id: 'a' }, { id: 'b' }, { id: '7' }])
        for (const observer of observers) {
          await eventually(async () =>
            (await observer.look()).filter((heard) => heard.endsWith('7')).at(-1),
          ).toBe('+7')
          const seven = observer.heard.filter((heard) => heard.endsWith('7'))
          expect(seven).toEqual(seven.map((_, index) => (index % 2 === 0 ? '+7' : '-7')))
        }
      })

      it('C77 the members of a node that is gone leave within its lease and three seconds, once', async () => {
        const [one, two] = await startNodes(shortLease)
        const lost = await startNode(backend, shortLease)
        const [watchHere, watchThere, ghost] = await Promise.all([
          one.connect(),
          two.connect(),
          lost.connect(),
        ])
        await watchHere.join(room, { user_id: 'a' })
        await watchThere.join(room, { user_id: 'b' })
        await ghost.join(room, { user_id: '7' })
        const observers = [new Observer(watchHere), new Observer(watchThere)]
        await eventually(() => observers[1]?.look()).toContain('+7')
        lost.way.cut()
        for (const observer of observers) await eventually(() => observer.look()).toContain('-7')
        for (const observer of observers) {
          expect((await observer.look()).filter((heard) => heard === '-7')).toHaveLength(1)
        }
        // Whom it still has, is there again when it is.
        await ghost.silence()
        lost.way.heal()
        for (const observer of observers) await eventually(() => observer.look()).toContain('-7')
        for (const observer of observers)
          await eventually(async () => (await observer.look()).at(-1)).toBe('+7')
      })
    })

    describe('counts, quotas and the HTTP API', () => {
      it('C3 connections of both have ids of their own', async () => {
        const [one, two] = await startNodes()
        const nodes = Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? one : two))
        const clients = await Promise.all(nodes.map((node) => node.connect()))
        expect(new Set(clients.map(({ socketId }) => socketId)).size).toBe(clients.length)
      })

      it('C93 the count is that of both, and comes to both', async () => {
        const { here, there } = await startPair({ subscriptionCount: true })
        await here.join('news')
        expect(await here.next()).toMatchObject({ data: '{"subscription_count":1}' })
        await there.join('news')
        expect(await there.next()).toMatchObject({ data: '{"subscription_count":2}' })
        expect(await here.next()).toMatchObject({ data: '{"subscription_count":2}' })
        await there.close()
        expect(await here.next()).toMatchObject({ data: '{"subscription_count":1}' })
      })

      it('C9 the quota of an app is one for all nodes', async () => {
        const [one, two] = await startNodes({ maxConnections: 2 })
        await one.connect()
        const second = await two.connect()
        const third = await one.open()
        expect(await third.next()).toMatchObject({ event: 'pusher:error', data: { code: 4004 } })
        await second.close()
        await eventually(async () => {
          const next = await one.open()
          return (await next.next()).event
        }).toBe('pusher:connection_established')
      })

      it('C140 C150 channels, users and connections are those of all nodes', async () => {
        const { one, two, here, there } = await startPair()
        expect(await apiOf(one).read('/channels')).toEqual({ channels: {} })
        await here.join('news')
        await there.join('news')
        await there.join(room, { user_id: '7' })
        const signed = await two.signedIn('7')
        await signed.join('#server-to-user-7')
        for (const node of [one, two]) {
          const api = apiOf(node)
          expect(await api.read('/channels', { info: 'subscription_count' })).toEqual({
            channels: { news: { subscription_count: 2 }, [room]: { subscription_count: 1 } },
          })
          expect(await usersOf(node)).toEqual([{ id: '7' }])
          await eventually(() => api.read('/connections')).toEqual({ connections: 3 })
        }
        await here.close()
        await eventually(() => apiOf(two).read('/connections')).toEqual({ connections: 2 })
      })
    })

    describe('webhooks', () => {
      it('C152 C153 one node tells of the first subscription, and one of the last departure, of nobody who moves', async () => {
        const endpoint = await Endpoint.open()
        const webhooks = { webhookUrl: [endpoint.url], webhookBatchMs: 0 }
        const { one, here, there } = await startPair(webhooks)
        await here.join(room, { user_id: '7' })
        await there.join(room, { user_id: '7' })
        await here.close()
        await there.close()
        const back = await one.connect()
        await back.join(room, { user_id: '7' })
        await back.close()
        const told = [
          { name: 'channel_occupied', channel: room },
          { name: 'member_added', channel: room, user_id: '7' },
          { name: 'member_removed', channel: room, user_id: '7' },
          { name: 'channel_vacated', channel: room },
        ]
        await eventually(() => endpoint.events.length).toBe(told.length)
        expect(endpoint.events).toEqual(expect.arrayContaining(told))
      })
    })

    describe('users', () => {
      it('C113 C119 what is sent to a user reaches every connection, and terminating closes them on both', async () => {
        const [one, two] = await startNodes()
        const [here, there] = await Promise.all([one.signedIn('7'), two.signedIn('7')])
        const other = await two.connect()
        await other.join(room, { user_id: '7' })
        await here.join('#server-to-user-7')
        await there.join('#server-to-user-7')
        await apiOf(one).post('/events', { name: 'hi', channel: '#server-to-user-7', data: '{}' })
        expect(await here.next()).toMatchObject({ event: 'hi' })
        expect(await there.next()).toMatchObject({ event: 'hi' })
        expect(await apiOf(one).call('POST', '/users/7/terminate_connections')).toMatchObject({ status: 200 })
        expect((await here.closed).code).toBe(4009)
        expect((await there.closed).code).toBe(4009)
        await other.silence()
      })

      it('C78 C112 what needs the user may be sent with the sign-in, without waiting for its answer', async () => {
        const client = await (await startNode(backend)).connect()
        const answers = await Promise.all([
          client.signin({ id: '7' }),
          client.join('#server-to-user-7'),
          client.join(room),
        ])
        expect(answers[0]).toMatchObject({ event: 'pusher:signin_success' })
        expect(idsOf(answers[2])).toEqual(['7'])
        await client.silence()
      })

      it('a subscription is withdrawn on both', async () => {
        const [one, two] = await startNodes()
        const [here, there] = await Promise.all([one.signedIn('7'), two.signedIn('7')])
        await here.join('private-x')
        await there.join('private-x')
        await one.server.unsubscribeUser('7', 'private-x')
        expect(await here.next()).toMatchObject({ event: 'pusher:subscription_error', channel: 'private-x' })
        expect(await there.next()).toMatchObject({ event: 'pusher:subscription_error', channel: 'private-x' })
      })

      it('C116 watchers hear of the first sign-in and of the last departure, wherever these are', async () => {
        const [one, two] = await startNodes()
        const watcher = await one.signedIn('w', { watchlist: ['7'] })
        expect(payloadOf(await watcher.next())).toEqual({ events: [{ name: 'offline', user_ids: ['7'] }] })
        const there = await two.signedIn('7')
        expect(payloadOf(await watcher.next())).toEqual({ events: [{ name: 'online', user_ids: ['7'] }] })
        const here = await one.signedIn('7')
        await there.close()
        await two.signedIn('8')
        await watcher.silence()
        await here.close()
        expect(payloadOf(await watcher.next())).toEqual({ events: [{ name: 'offline', user_ids: ['7'] }] })
      })
    })

    describe('out of reach', () => {
      it('C149 a node goes on alone: local delivery works, the HTTP API says 503 and delivers nothing, and it is not ready', async () => {
        const { one, here, there } = await startInRoom()
        await here.join('news')
        await cutOff(one)
        const body = { name: 'sent', channel: 'news', data: '{}' }
        expect(await apiOf(one).post('/events', body)).toMatchObject({ status: 503 })
        expect(await apiOf(one).get('/channels')).toMatchObject({ status: 503 })
        expect(await apiOf(one).call('GET', '/ready', { base: '' })).toMatchObject({ status: 503 })
        await here.silence()
        expect(await one.publish('news', 'local')).toBe(1)
        expect(await here.next()).toMatchObject({ event: 'local' })
        // Subscribing goes by what the node knows.
        const late = await one.connect()
        expect(idsOf(await late.join(room, { user_id: '9' }))).toEqual(['7', '8', '9'])
        expect(await here.next()).toMatchObject({ event: 'pusher_internal:member_added' })
        await bringBack(one)
        expect(await there.next()).toMatchObject({ event: 'pusher_internal:member_added' })
        expect(await apiOf(one).post('/events', body)).toMatchObject({ status: 200 })
        expect(await here.next()).toMatchObject({ event: 'sent' })
      })

      it('C177 the broker restarts empty: nobody is disconnected, nobody leaves, and everything is right again', async () => {
        const { one, two, here, there } = await startInRoom()
        await backend.wipe()
        await Promise.all([joined(one), joined(two)])
        await eventually(() => usersOf(one)).toHaveLength(2)
        await eventually(() => apiOf(two).read('/connections')).toEqual({ connections: 2 })
        await two.publish(room, 'after')
        expect(await here.next()).toMatchObject({ event: 'after' })
        expect(await there.next()).toMatchObject({ event: 'after' })
        await there.close()
        expect(await here.next()).toMatchObject({ event: 'pusher_internal:member_removed' })
      })

      it('whoever left meanwhile is told of when the node is back', async () => {
        const { one, here, there } = await startInRoom()
        await cutOff(one)
        await there.close()
        await here.silence()
        await bringBack(one)
        expect(await here.next()).toMatchObject({
          event: 'pusher_internal:member_removed',
          data: '{"user_id":"8"}',
        })
      })
    })
  })
}
