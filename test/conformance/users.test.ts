import { describe, expect, it } from 'vitest'
import { signUser } from '../../src/protocol/signature.ts'
import { payloadOf } from '../../src/testing/index.ts'
import { skippingClock } from '../support/clock.ts'
import { refusalOf, refusedSignin, unauthorized } from '../support/refusal.ts'
import { credentials, startServer } from '../support/server.ts'

const overWatchlist = { event: 'pusher:error', data: { message: expect.stringMatching(/\S/), code: 4302 } }
const removed = 'pusher_internal:member_removed'

/** What a watchlist message says. */
function watched(online: readonly string[], offline: readonly string[]): object {
  const events = [
    { name: 'online', user_ids: online },
    { name: 'offline', user_ids: offline },
  ]
  const data = JSON.stringify({ events: events.filter(({ user_ids }) => user_ids.length > 0) })
  return { event: 'pusher_internal:watchlist_events', data }
}

describe('pusher:signin', () => {
  it.each([
    '{"id":"7"}',
    '{ "user_info" : {"name":"Zoë","n":1.0},\n"id":"a@b.c" }',
    '{"id":"ą§¶™€łü€ß£","watchlist":[]}',
    '{"id":"u 1/é%","unknown":{"deep":[1]}}',
  ])('C109 gives %j back byte for byte', async (userData) => {
    const client = await (await startServer()).connect()
    const answer = await client.signin(userData)
    expect(answer).toEqual({
      event: 'pusher:signin_success',
      data: JSON.stringify({ user_data: userData }),
    })
    await client.silence()
  })

  it('C33 takes its data as a string of JSON, too', async () => {
    const client = await (await startServer()).connect()
    const user_data = '{"id":"7"}'
    const data = JSON.stringify({ auth: signUser(credentials, client.socketId, user_data), user_data })
    client.send({ event: 'pusher:signin', data })
    await client.next('pusher:signin_success')
  })

  it.each([
    ['another secret', signUser({ key: 'app-key', secret: 'x' }, '1.1', '{"id":"7"}')],
    ['another key', signUser({ key: 'other', secret: 'app-secret' }, '1.1', '{"id":"7"}')],
    ['no signature', ''],
    ['a number', 7],
    ['null', null],
    ['an object', {}],
  ])('C110 is refused with %s for auth, and nothing is closed', async (_name, auth) => {
    const client = await (await startServer()).connect()
    expect(await client.signin({ id: '7' }, auth)).toEqual(refusedSignin)
    await client.silence()
  })

  it.each([
    'no json',
    '[]',
    'null',
    '7',
    '"7"',
    '{}',
    '{"id":""}',
    '{"id":7}',
    '{"id":null}',
    '{"id":{}}',
    '{"id":true}',
    '{"id":"\\ud83d"}',
    JSON.stringify({ id: 'x'.repeat(129) }),
    '{"id":"7","watchlist":"8"}',
    '{"id":"7","watchlist":[null]}',
    '{"id":"7","watchlist":{"0":"8"}}',
    '{"id":"7","watchlist":[["8"]]}',
  ])('C110 is refused for the user_data %s, although it is signed', async (userData) => {
    const client = await (await startServer()).connect()
    expect(await client.signin(userData)).toEqual(refusedSignin)
    expect(await client.subscribe('#server-to-user-7')).toEqual(unauthorized('#server-to-user-7'))
    expect(await client.signin({ id: '7' })).toMatchObject({ event: 'pusher:signin_success' })
  })

  it.each([{}, { auth: 'x' }, { user_data: '{}' }, { auth: 'x', user_data: 7 }, null, [], 'x'])(
    'C110 is refused with the data %j, and nothing is closed',
    async (data) => {
      const client = await (await startServer()).connect()
      client.send({ event: 'pusher:signin', data })
      expect(await client.next()).toMatchObject({ event: 'pusher:error' })
      await client.silence()
    },
  )

  it('C111 may be repeated by the same user, whose watchlist is then the new one', async () => {
    const running = await startServer()
    const client = await running.signedIn('7', { watchlist: ['8'] })
    expect(await client.next()).toEqual(watched([], ['8']))
    await client.signin({ id: '7', watchlist: ['9'] })
    expect(await client.next()).toEqual(watched([], ['9']))
    await running.signedIn('8')
    await client.silence()
    await running.signedIn('9')
    expect(await client.next()).toEqual(watched(['9'], []))
  })

  it('C111 is refused for another user, and the first one stays', async () => {
    const running = await startServer()
    const client = await running.signedIn('7')
    expect(await client.signin({ id: '8' })).toEqual(refusedSignin)
    expect(await client.subscribe('#server-to-user-8')).toEqual(unauthorized('#server-to-user-8'))
    expect(await client.subscribe('#server-to-user-7')).toMatchObject({
      event: 'pusher_internal:subscription_succeeded',
    })
  })

  it('accepts the secret before the present one', async () => {
    const app = { id: 'a', key: 'app-key', secret: 'new', previousSecret: 'app-secret' }
    const client = await (await startServer({ apps: [app] })).connect()
    expect(await client.signin({ id: '7' })).toMatchObject({ event: 'pusher:signin_success' })
  })
})

describe('the channel of a user', () => {
  it('C112 is for its owner alone', async () => {
    const running = await startServer()
    const [stranger, other] = [await running.connect(), await running.signedIn('8')]
    const channel = '#server-to-user-7'
    for (const client of [stranger, other]) {
      expect(await client.subscribe(channel, client.signed(channel))).toEqual(unauthorized(channel))
    }
    const owner = await running.signedIn('7')
    expect(await owner.subscribe(channel)).toEqual({
      event: 'pusher_internal:subscription_succeeded',
      channel,
      data: '{}',
    })
  })

  it.each(['7', 'a@b.c', 'u 1', 'é/%'])(
    'C113, C114 reaches every connection of %s and nobody else',
    async (id) => {
      const running = await startServer()
      const channel = `#server-to-user-${id}`
      const own = [await running.signedIn(id), await running.signedIn(id)]
      const other = await running.signedIn('8')
      for (const client of own) await client.subscribe(channel)
      await other.subscribe('#server-to-user-8')
      expect(await running.publish(channel, 'hello', '{"n":1}')).toBe(2)
      for (const client of own)
        expect(await client.next()).toEqual({ event: 'hello', channel, data: '{"n":1}' })
      await other.silence()
    },
  )
})

describe('presence by sign-in', () => {
  it('C78 needs no channel_data: the member is the signed-in user', async () => {
    const running = await startServer()
    const client = await running.signedIn('7', { user_info: { name: 'Zoë' } })
    const answer = await client.subscribe('presence-x', client.signed('presence-x'))
    expect(payloadOf(answer)).toEqual({ presence: { count: 1, ids: ['7'], hash: { 7: { name: 'Zoë' } } } })
  })

  it('C78 has empty info where the user has none', async () => {
    const client = await (await startServer()).signedIn('7')
    const answer = await client.subscribe('presence-x', client.signed('presence-x'))
    expect(payloadOf(answer)).toMatchObject({ presence: { hash: { 7: {} } } })
  })

  it('C78 keeps to the limits of members', async () => {
    const client = await (await startServer()).signedIn('7', { user_info: { text: 'x'.repeat(2048) } })
    const answer = await client.subscribe('presence-x', client.signed('presence-x'))
    expect(payloadOf(answer)).toMatchObject({ type: 'LimitReached', status: 4301 })
  })

  it('C79 gives way to channel_data', async () => {
    const client = await (await startServer()).signedIn('7')
    const answer = await client.join('presence-x', { user_id: 'other' })
    expect(payloadOf(answer)).toMatchObject({ presence: { ids: ['other'] } })
  })

  it('C80 is refused to whoever is not signed in', async () => {
    const client = await (await startServer()).connect()
    const answer = await client.subscribe('presence-x', client.signed('presence-x'))
    expect(answer).toEqual(unauthorized('presence-x'))
  })
})

describe('a watchlist', () => {
  it('C115 begins with who is online and who is not, after the answer', async () => {
    const running = await startServer()
    await running.signedIn('8')
    const client = await running.signedIn('7', { watchlist: ['8', '9', '7', 8] })
    expect(await client.next()).toEqual(watched(['8', '7'], ['9']))
    await client.silence()
  })

  it('C115 that is empty says nothing', async () => {
    await (await (await startServer()).signedIn('7', { watchlist: [] })).silence()
  })

  it('C116 tells of the first connection of a user and of the departure of the last, a little later', async () => {
    const skip = skippingClock()
    const running = await startServer()
    const client = await running.signedIn('7', { watchlist: ['8'] })
    await client.next()
    const one = await running.signedIn('8')
    expect(await client.next()).toEqual(watched(['8'], []))
    const two = await running.signedIn('8')
    await client.silence()
    await one.close()
    await two.close()
    await client.silence()
    await skip(3.1)
    expect(await client.next()).toEqual(watched([], ['8']))
  })

  it('C116 says nothing of a user who is back at once', async () => {
    const skip = skippingClock()
    const running = await startServer()
    const client = await running.signedIn('7', { watchlist: ['8'] })
    await client.next()
    const one = await running.signedIn('8')
    await client.next()
    await one.close()
    await skip(2)
    const late = await running.signedIn('9', { watchlist: ['8'] })
    expect(await late.next()).toEqual(watched(['8'], []))
    await running.signedIn('8')
    await skip(5)
    await client.silence()
    await late.silence()
  })

  it('C117 above 100 users is cut, and the connection stays', async () => {
    const running = await startServer()
    const ids = Array.from({ length: 101 }, (_, index) => `u${index}`)
    const client = await running.signedIn('7', { watchlist: ids })
    expect(await client.next()).toEqual(overWatchlist)
    expect(await client.next()).toEqual(watched([], ids.slice(0, 100)))
    await running.signedIn('u100')
    await client.silence()
    await running.signedIn('u99')
    expect(await client.next()).toEqual(watched(['u99'], []))
  })

  it('C178 knows only users of its own app', async () => {
    const apps = ['one', 'two'].map((id) => ({ id, key: id, secret: id }))
    const running = await startServer({ apps })
    const [one, two] = await Promise.all(
      ['one', 'two'].map((id) => running.connect({ credentials: { key: id, secret: id } }, `/app/${id}`)),
    )
    await one?.signin({ id: '8' })
    await two?.signin({ id: '7', watchlist: ['8'] })
    expect(await two?.next()).toEqual(watched([], ['8']))
  })
})

describe('revoking', () => {
  it('C119 closes the signed-in connections of a user with 4009, and no others', async () => {
    const running = await startServer()
    const own = [await running.signedIn('7'), await running.signedIn('7')]
    const [other, member] = [await running.signedIn('8'), await running.connect()]
    await member.join('presence-x', { user_id: '7' })
    await running.server.disconnectUser('7')
    for (const client of own) expect(await refusalOf(client)).toBe(4009)
    for (const client of [other, member]) await client.silence()
  })

  it('C120 of an unknown user does nothing', async () => {
    const running = await startServer()
    await running.server.disconnectUser('nobody')
    await running.server.unsubscribeUser('nobody', 'news')
  })

  it('takes one channel from a user, who is told, and whose member leaves', async () => {
    const running = await startServer()
    const [user, observer] = [await running.signedIn('7'), await running.connect()]
    await user.join('presence-x', { user_id: '7' })
    await user.join('private-y')
    await observer.join('presence-x', { user_id: '9' })
    await user.rest()
    await running.server.unsubscribeUser('7', 'presence-x')
    expect(await user.next()).toEqual(unauthorized('presence-x'))
    expect(payloadOf(await observer.next(removed))).toEqual({ user_id: '7' })
    expect(await running.publish('presence-x')).toBe(1)
    expect(await running.publish('private-y')).toBe(1)
    await user.next('news')
    await user.silence()
  })

  it('leaves a channel to connections of others and to those without a sign-in', async () => {
    const running = await startServer()
    const [user, other, member] = [
      await running.signedIn('7'),
      await running.signedIn('8'),
      await running.connect(),
    ]
    for (const client of [user, other, member]) await client.join('presence-x', { user_id: '7' })
    await running.server.unsubscribeUser('7', 'presence-x')
    expect(await user.next()).toEqual(unauthorized('presence-x'))
    for (const client of [other, member]) await client.silence()
    expect(await running.publish('presence-x')).toBe(2)
  })

  it.each(['', 'not a channel', '#x'])('refuses %j for a channel', async (channel) => {
    const { server } = await startServer()
    await expect(server.unsubscribeUser('7', channel)).rejects.toThrow('is not a channel name')
  })
})

describe('the time to authorise', () => {
  it('C121 closes an anonymous connection with 4009, public channels or not', async () => {
    const skip = skippingClock()
    const running = await startServer({ userAuthTimeout: 20 })
    const [idle, reader] = await running.connectMany(2)
    await reader.join('news')
    await skip(20)
    for (const client of [idle, reader]) expect(await refusalOf(client)).toBe(4009)
  })

  it('C121 leaves those alone who sign in or join a private or presence channel', async () => {
    const skip = skippingClock()
    const running = await startServer({ userAuthTimeout: 20 })
    const idle = await running.connect()
    const [user, guest, member] = [await running.signedIn('7'), ...(await running.connectMany(2))]
    await guest?.join('private-x')
    await member?.join('presence-x', { user_id: '7' })
    await skip(20)
    expect(await refusalOf(idle)).toBe(4009)
    for (const client of [user, guest, member]) await client?.silence()
  })
})
