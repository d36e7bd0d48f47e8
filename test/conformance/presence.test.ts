import { beforeEach, describe, expect, it } from 'vitest'
import { payloadOf } from '../../src/testing/index.ts'
import { eventually } from '../support/eventually.ts'
import { turn } from '../support/parts.ts'
import { subscriptionError, unauthorized } from '../support/refusal.ts'
import { registries } from '../support/registry.ts'
import { startServer } from '../support/server.ts'

const room = 'presence-room-1'
const added = (user_id: string, user_info: unknown = {}) => ({
  event: 'pusher_internal:member_added',
  channel: room,
  data: JSON.stringify({ user_id, user_info }),
})
const removed = (user_id: string) => ({
  event: 'pusher_internal:member_removed',
  channel: room,
  data: JSON.stringify({ user_id }),
})

describe.each(registries)('members, with a registry that answers %s', (_, prepare) => {
  beforeEach(prepare)

  it('C61 the first sees itself alone', async () => {
    const client = await (await startServer()).connect()
    const answer = await client.join(room, { user_id: '7', user_info: { name: 'Zoë' } })
    expect(answer.data).toBeTypeOf('string')
    expect(payloadOf(answer)).toEqual({ presence: { count: 1, ids: ['7'], hash: { 7: { name: 'Zoë' } } } })
    await client.silence()
  })

  it('C63 the second is announced to the first, not to itself', async () => {
    const running = await startServer()
    const [first, second] = await running.connectMany(2)
    await first.join(room, { user_id: '7', user_info: { name: 'Zoë' } })
    const answer = await second.join(room, { user_id: '9', user_info: { name: 'Ann' } })
    expect(payloadOf(answer)).toEqual({
      presence: { count: 2, ids: ['7', '9'], hash: { 7: { name: 'Zoë' }, 9: { name: 'Ann' } } },
    })
    expect(await first.next()).toEqual(added('9', { name: 'Ann' }))
    await first.silence()
    await second.silence()
  })

  it('C64 a second connection of a user changes nothing for anybody', async () => {
    const running = await startServer()
    const [first, second, third] = await running.connectMany(3)
    await first.join(room, { user_id: '7', user_info: { name: 'Zoë' } })
    const answer = await second.join(room, { user_id: '7', user_info: { name: 'Another' } })
    const roster = { presence: { count: 1, ids: ['7'], hash: { 7: { name: 'Zoë' } } } }
    expect(payloadOf(answer)).toEqual(roster)
    await second.silence()
    await first.silence()
    await first.close()
    const later = await third.join(room, { user_id: '7' })
    // What the first connection said holds until the user has left completely.
    expect(payloadOf(later)).toEqual(roster)
  })

  it('C65 C66 C82 a user is gone with the last of its connections, and others hear it once', async () => {
    const running = await startServer()
    const [observer, other, leaving, last] = await running.connectMany(4)
    await observer.join(room, { user_id: 'a' })
    await other.join(room, { user_id: 'b' })
    await observer.next('pusher_internal:member_added')
    for (const client of [leaving, last]) await client.join(room, { user_id: '7' })
    for (const client of [observer, other]) await client.next('pusher_internal:member_added')
    await leaving.close()
    await observer.silence()
    last.terminate()
    for (const client of [observer, other]) {
      expect(await client.next()).toEqual(removed('7'))
      await client.silence()
    }
  })

  it('C65 C82 leaving by unsubscribe is announced in the same way, and not to who leaves', async () => {
    const running = await startServer()
    const [observer, leaving] = await running.connectMany(2)
    await observer.join(room, { user_id: 'a' })
    await leaving.join(room, { user_id: '7' })
    await observer.next('pusher_internal:member_added')
    leaving.unsubscribe(room)
    await leaving.silence()
    expect(await observer.next()).toEqual(removed('7'))
    expect(payloadOf(await leaving.join(room, { user_id: '7' }))).toMatchObject({ presence: { count: 2 } })
    expect(await observer.next()).toEqual(added('7'))
  })

  it('C73 the 101st user is refused, a second connection is not, and after one left there is room', async () => {
    const running = await startServer()
    const leaving = await running.connect()
    const staying = await running.connectMany(99)
    const [late, again] = await running.connectMany(2)
    await leaving.join(room, { user_id: 'leaving' })
    for (const [index, client] of staying.entries()) await client.join(room, { user_id: `user-${index}` })
    expect(await late.subscribe(room, late.signed(room, { user_id: 'late' }))).toEqual(
      subscriptionError(room, 'LimitReached', 4100),
    )
    await again.join(room, { user_id: 'user-0' })
    await leaving.close()
    await eventually(() => running.publish(room)).toBe(100)
    await late.join(room, { user_id: 'late' })
  })

  it('C74 of 101 users who join at once exactly 100 are admitted', async () => {
    const running = await startServer()
    const clients = await running.connectMany(101)
    const answers = await Promise.all(
      clients.map((client, index) =>
        client.subscribe(room, client.signed(room, { user_id: `user-${index}` })),
      ),
    )
    const admitted = answers.filter(({ event }) => event === 'pusher_internal:subscription_succeeded')
    const refused = answers.filter(({ event }) => event === 'pusher:subscription_error')
    expect([admitted.length, refused.length]).toEqual([100, 1])
    expect(await running.publish(room)).toBe(100)
  })

  it('C61 C63 of ten who join at once each hears of each exactly once, in the answer or afterwards', async () => {
    const running = await startServer()
    const clients = await running.connectMany(10)
    const users = clients.map((_, index) => `user-${index}`)
    for (const [index, client] of clients.entries()) {
      const { auth, channelData } = client.signed(room, { user_id: users[index] })
      client.send({ event: 'pusher:subscribe', data: { channel: room, auth, channel_data: channelData } })
    }
    await eventually(() => running.server.counters['subscriptionsAccepted']).toBe(10)
    for (const client of clients) {
      const [answer, ...notices] = await client.rest()
      for (const { event } of notices) expect(event).toBe('pusher_internal:member_added')
      // The decode boundary: what the messages of presence channels carry.
      const { presence } = payloadOf(answer ?? { event: '' }) as { presence: { ids: string[] } }
      const told = notices.map((notice) => (payloadOf(notice) as { user_id: string }).user_id)
      expect([...presence.ids, ...told].toSorted()).toEqual(users)
    }
  })

  it('C51 asking again is answered with exactly those of whom one has heard, whoever comes and goes', async () => {
    const running = await startServer({ messageRate: 0 })
    const [observer, visitor] = await running.connectMany(2)
    await observer.join(room, { user_id: 'observer' })
    const { auth, channelData } = visitor.signed(room, { user_id: 'visitor' })
    for (let round = 0; round < 20; round++) {
      visitor.send({ event: 'pusher:subscribe', data: { channel: room, auth, channel_data: channelData } })
      observer.send({ event: 'pusher:subscribe', data: { channel: room } })
      visitor.unsubscribe(room)
      observer.send({ event: 'pusher:subscribe', data: { channel: room } })
      await turn()
    }
    await visitor.rest()
    await eventually(() => running.publish(room)).toBe(1)
    let here = ['observer']
    let answers = 0
    for (const message of await observer.rest()) {
      // The decode boundary: what the messages of presence channels carry.
      const { presence } = payloadOf(message) as { presence?: { ids: string[] } }
      if (message.event === 'pusher_internal:member_added') here = ['observer', 'visitor']
      if (message.event === 'pusher_internal:member_removed') here = ['observer']
      if (presence === undefined) continue
      expect(presence.ids).toEqual(here)
      answers++
    }
    expect(answers).toBeGreaterThan(0)
  })

  it('C76 joining and leaving 500 times on two connections is told as a strict alternation', async () => {
    const running = await startServer({ messageRate: 0 })
    const [observer, ...clients] = await running.connectMany(3)
    await observer.join(room, { user_id: 'observer' })
    for (let round = 0; round < 250; round++) {
      for (const client of clients) {
        const { auth, channelData } = client.signed(room, { user_id: '7' })
        client.send({ event: 'pusher:subscribe', data: { channel: room, auth, channel_data: channelData } })
        client.unsubscribe(room)
      }
    }
    for (const client of clients) client.send({ event: 'pusher:subscribe', data: { channel: 'last' } })
    await eventually(() => running.publish('last')).toBe(2)
    const told: string[] = []
    await eventually(async () => {
      const messages = await observer.rest()
      told.push(...messages.map(({ event }) => event))
      return messages.length
    }).toBe(0)
    expect(told.length).toBeGreaterThan(0)
    const expected = told.map((_, index) => `pusher_internal:member_${index % 2 === 0 ? 'added' : 'removed'}`)
    expect(told).toEqual(expected)
    expect(told.at(-1)).toBe('pusher_internal:member_removed')
    expect(await running.publish(room)).toBe(1)
  })
})

describe('user_id', () => {
  it('C67 7 and "7" are the same member', async () => {
    const running = await startServer()
    const [observer, number, text] = await running.connectMany(3)
    await observer.join(room, { user_id: 'observer' })
    const roster = { presence: { count: 2, ids: ['observer', '7'], hash: { observer: {}, 7: {} } } }
    const first = await number.join(room, { user_id: 7 })
    expect(payloadOf(first)).toEqual(roster)
    expect(await observer.next()).toEqual(added('7'))
    const second = await text.join(room, { user_id: '7' })
    expect(payloadOf(second)).toEqual(roster)
    await text.close()
    await observer.silence()
    await number.close()
    expect(await observer.next()).toEqual(removed('7'))
  })

  it.each([{}, { user_id: '' }, { user_id: null }, { user_id: true }, { user_id: {} }, { user_id: ['7'] }])(
    'C68 of %j is refused',
    async (member) => {
      const client = await (await startServer()).connect()
      expect(await client.subscribe(room, client.signed(room, member))).toEqual(unauthorized(room))
      await client.silence()
    },
  )

  it.for([null, 7, 'text', true, [], [{ user_id: '7' }]])(
    'C68 C72 channel_data of %j is refused',
    async (data) => {
      const client = await (await startServer()).connect()
      const fields = client.signed(room, JSON.stringify(data))
      expect(await client.subscribe(room, fields)).toEqual(unauthorized(room))
    },
  )

  it('C75 of 128 characters is allowed, of 129 is too long', async () => {
    const client = await (await startServer()).connect()
    expect(await client.subscribe(room, client.signed(room, { user_id: 'x'.repeat(129) }))).toEqual(
      subscriptionError(room, 'LimitReached', 4301),
    )
    await client.join(room, { user_id: 'x'.repeat(128) })
  })

  it.each(['__proto__', 'constructor', 'hasOwnProperty', 'ą§¶™€ł', 'a b', '"', '\\', '\u2028', '💥', '0'])(
    'C70 of %j is like any other',
    async (userId) => {
      const running = await startServer()
      const [observer, client] = await running.connectMany(2)
      await observer.join(room, { user_id: 'observer' })
      const info = { [userId]: userId }
      const answer = await client.join(room, { user_id: userId, user_info: info })
      const roster = `{"presence":{"count":2,"ids":["observer",${JSON.stringify(userId)}],"hash":{"observer":{},${JSON.stringify(userId)}:${JSON.stringify(info)}}}}`
      expect(payloadOf(answer)).toEqual(JSON.parse(roster))
      expect(payloadOf(await observer.next())).toEqual({ user_id: userId, user_info: info })
      await client.close()
      expect(payloadOf(await observer.next())).toEqual({ user_id: userId })
      await observer.silence()
    },
  )
})

describe('user_info', () => {
  it('C69 that is absent becomes {}', async () => {
    const running = await startServer()
    const [first, second] = await running.connectMany(2)
    expect(payloadOf(await first.join(room, { user_id: '7' }))).toEqual({
      presence: { count: 1, ids: ['7'], hash: { 7: {} } },
    })
    await second.join(room, { user_id: '9' })
    expect(await first.next()).toEqual(added('9', {}))
  })

  it('C70 arrives as it was, however nested', async () => {
    const info = {
      name: 'Zoë 💥 \u2028 "quoted" \\',
      tags: [1, 2.5, null, true, ['a', { b: [] }]],
      nested: { a: { b: { c: { d: {} } } } },
      constructor: 1,
    }
    const running = await startServer()
    const [first, second] = await running.connectMany(2)
    await first.join(room, { user_id: '7' })
    const answer = await second.join(room, { user_id: '9', user_info: info })
    expect(payloadOf(answer)).toMatchObject({ presence: { hash: { 9: info } } })
    expect(await first.next()).toEqual(added('9', info))
  })

  it('C70 that holds __proto__ arrives as it was and pollutes nothing', async () => {
    const running = await startServer()
    const [first, second] = await running.connectMany(2)
    await first.join(room, { user_id: '7' })
    const channelData = '{"user_id":"9","user_info":{"__proto__":{"polluted":true}}}'
    await second.join(room, channelData)
    expect((await first.next()).data).toBe(channelData)
    expect({}).not.toHaveProperty('polluted')
  })

  it('C75 of 2048 bytes is allowed, of one more is too large; bytes count, not characters', async () => {
    const client = await (await startServer()).connect()
    const infoOf = (text: string) => ({ user_id: '7', user_info: { a: text } })
    const frame = '{"a":""}'.length
    const most = 'x'.repeat(2048 - frame)
    const tooLarge = subscriptionError(room, 'LimitReached', 4301)
    expect(await client.subscribe(room, client.signed(room, infoOf(`${most}x`)))).toEqual(tooLarge)
    expect(await client.subscribe(room, client.signed(room, infoOf('é'.repeat(1024))))).toEqual(tooLarge)
    await client.join(room, infoOf(most))
  })
})

describe('channel_data', () => {
  it.each(['not json', '', '{', '{"user_id":"7"', 'private-mine'])(
    'C71 C72 %j is refused even when it is signed, on private channels too',
    async (channelData) => {
      const client = await (await startServer()).connect()
      for (const channel of [room, 'private-x']) {
        const fields = client.signed(channel, channelData)
        expect(await client.subscribe(channel, fields)).toEqual(unauthorized(channel))
      }
    },
  )

  it('C71 in another order than the signed one is refused', async () => {
    const client = await (await startServer()).connect()
    const { auth } = client.signed(room, '{"user_id":"7","user_info":{}}')
    const channelData = '{"user_info":{},"user_id":"7"}'
    expect(await client.subscribe(room, { auth, channelData })).toEqual(unauthorized(room))
  })

  it('C71 cannot carry the name of another channel into the signature', async () => {
    const client = await (await startServer()).connect()
    // What an endpoint signs that takes any socket id: "{id}:private-victim:private-mine".
    const { auth } = client.signed('private-victim', 'private-mine')
    const fields = { auth, channelData: 'private-mine' }
    expect(await client.subscribe('private-victim', fields)).toEqual(unauthorized('private-victim'))
  })

  it('C80 is asked for by presence channels', async () => {
    const client = await (await startServer()).connect()
    expect(await client.subscribe(room, client.signed(room))).toEqual(unauthorized(room))
    expect(await client.subscribe(room)).toEqual(unauthorized(room))
    await client.silence()
  })

  it('C80 is asked for with its signature', async () => {
    const client = await (await startServer()).connect()
    const { auth } = client.signed(room)
    expect(await client.subscribe(room, { auth, channelData: '{"user_id":"7"}' })).toEqual(unauthorized(room))
    await client.silence()
  })
})

describe('names', () => {
  it.each(['presence-__proto__', 'presence-constructor', 'presence-'])(
    'C70 %s is like any other',
    async (channel) => {
      const running = await startServer()
      const [first, second] = await running.connectMany(2)
      await first.join(channel, { user_id: '7' })
      expect(payloadOf(await second.join(channel, { user_id: '9' }))).toMatchObject({
        presence: { count: 2 },
      })
      await first.next('pusher_internal:member_added')
      expect(await running.publish(channel)).toBe(2)
    },
  )

  it('C61 presence-cache- has members like presence-', async () => {
    const running = await startServer()
    const [first, second] = await running.connectMany(2)
    await first.join('presence-cache-room', { user_id: '7' })
    const answer = await second.join('presence-cache-room', { user_id: '9' })
    expect(payloadOf(answer)).toMatchObject({ presence: { ids: ['7', '9'] } })
  })

  it('C82 whoever disconnects has left every channel', async () => {
    const running = await startServer()
    const [client, observer] = await running.connectMany(2)
    const channels = ['news', 'private-x', 'presence-cache-a', 'presence-b']
    for (const channel of channels) {
      await client.join(channel, { user_id: '7' })
      await client.rest()
    }
    await observer.join('presence-b', { user_id: '9' })
    client.terminate()
    expect(payloadOf(await observer.next('pusher_internal:member_removed'))).toEqual({ user_id: '7' })
    await observer.silence()
    expect(await Promise.all(channels.map((channel) => running.publish(channel)))).toEqual([0, 0, 0, 1])
  })
})
