import { describe, expect, it } from 'vitest'
import { type ProtocolClient, payloadOf } from '../../src/testing/index.ts'
import { skippingClock } from '../support/clock.ts'
import { startServer, type TestServer } from '../support/server.ts'

const counting = { subscriptionCount: true }

/** The counts among what a client hears now. */
async function countsOf(client: ProtocolClient): Promise<unknown[]> {
  const counts = (await client.rest()).filter(({ event }) => event === 'pusher_internal:subscription_count')
  return counts.map(({ data }) => Number(/^\{"subscription_count":(\d+)\}$/.exec(String(data))?.[1]))
}

/** So many subscribers of a channel. */
async function crowd(running: TestServer, channel: string, size: number): Promise<ProtocolClient[]> {
  const clients = await running.connectMany(size)
  for (const client of clients) await client.join(channel)
  return clients
}

describe('subscription_count', () => {
  it.each(['news', 'private-x', 'private-encrypted-x', 'cache-x', 'private-cache-x'])(
    'C92 tells the subscribers of %s, the newcomer too, of everyone who comes and goes',
    async (channel) => {
      const running = await startServer(counting)
      const [one, two] = await running.connectMany(2)
      await one.join(channel)
      expect(await countsOf(one)).toEqual([1])
      await two.join(channel)
      expect([await countsOf(two), await countsOf(one)]).toEqual([[2], [2]])
      two.unsubscribe(channel)
      await two.silence()
      expect(await countsOf(one)).toEqual([1])
    },
  )

  it('C92 comes after the answer and the cached event, as a string on the channel', async () => {
    const running = await startServer(counting)
    await running.publish('cache-x', 'price', '1')
    const client = await running.connect()
    await client.join('cache-x')
    expect(await client.rest()).toEqual([
      { event: 'price', channel: 'cache-x', data: '1' },
      { event: 'pusher_internal:subscription_count', channel: 'cache-x', data: '{"subscription_count":1}' },
    ])
  })

  it('C92 tells of those who disconnect', async () => {
    const running = await startServer(counting)
    const [one, two] = await running.connectMany(2)
    for (const client of [one, two]) await client.join('news')
    await one.rest()
    two.terminate()
    expect(payloadOf(await one.next())).toEqual({ subscription_count: 1 })
  })

  it('C93 counts connections, not users', async () => {
    const running = await startServer(counting)
    const [one, two] = await running.connectMany(2)
    for (const client of [one, two]) await client.signin({ id: '7' })
    for (const client of [one, two]) await client.join('private-x')
    expect(await countsOf(two)).toEqual([2])
  })

  it('C51 does not change when somebody subscribes again', async () => {
    const running = await startServer(counting)
    const client = await running.connect()
    await client.join('news')
    await client.rest()
    await client.join('news')
    expect(await countsOf(client)).toEqual([])
  })

  it('C94 is told at most once in five seconds above 100 subscribers, and in the end the last value', async () => {
    const skip = skippingClock()
    const running = await startServer(counting)
    const witness = await running.connect()
    await witness.join('news')
    const others = await crowd(running, 'news', 99)
    expect((await countsOf(witness)).at(-1)).toBe(100)
    await crowd(running, 'news', 5)
    expect(await countsOf(witness)).toEqual([101])
    await skip(4.9)
    expect(await countsOf(witness)).toEqual([])
    await skip(0.2)
    expect(await countsOf(witness)).toEqual([105])
    await skip(10)
    expect(await countsOf(witness)).toEqual([])
    for (const client of others.slice(0, 5)) {
      client.unsubscribe('news')
      await client.rest()
    }
    expect(await countsOf(witness)).toEqual([104, 100])
  })

  it.each(['presence-x', 'presence-cache-x'])('C95 is not told in %s', async (channel) => {
    const running = await startServer(counting)
    const client = await running.connect()
    await client.join(channel, { user_id: '7' })
    expect(await countsOf(client)).toEqual([])
  })

  it('C95 is not told in the channel of a user', async () => {
    const running = await startServer(counting)
    const client = await running.connect()
    await client.signin({ id: '7' })
    expect(await client.subscribe('#server-to-user-7')).toMatchObject({
      event: 'pusher_internal:subscription_succeeded',
    })
    await client.silence()
  })

  it('C95 is told to nobody unless the app wants it', async () => {
    const client = await (await startServer()).connect()
    await client.join('news')
    await client.silence()
  })
})
