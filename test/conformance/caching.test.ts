import { describe, expect, it } from 'vitest'
import type { ProtocolClient } from '../../src/testing/index.ts'
import { apiOf } from '../support/api.ts'
import { stoppedClock } from '../support/clock.ts'
import { turn } from '../support/parts.ts'
import { startServer } from '../support/server.ts'

const kinds = ['cache-x', 'private-cache-x', 'presence-cache-x', 'private-encrypted-cache-x']
const miss = (channel: string) => ({ event: 'pusher:cache_miss', channel, data: '{}' })

/** Everything a newcomer hears after its answer. */
async function heardBy(client: ProtocolClient, channel: string): Promise<object[]> {
  await client.join(channel, { user_id: client.socketId })
  return client.rest()
}

describe('a cache channel', () => {
  it.each(kinds)('C83, C85 gives a newcomer to %s the last event right after its answer', async (channel) => {
    const running = await startServer()
    await running.publish(channel, 'old', '{"price":1}')
    await running.publish(channel, 'price', '{ "price": 2 }')
    const client = await running.connect()
    expect(await heardBy(client, channel)).toEqual([{ event: 'price', channel, data: '{ "price": 2 }' }])
  })

  it.each(kinds)('C84, C38 tells a newcomer to %s that nothing is kept', async (channel) => {
    const client = await (await startServer()).connect()
    expect(await heardBy(client, channel)).toEqual([miss(channel)])
  })

  it('C86 keeps what was published while nobody was there, by the HTTP API too, and when the last has left', async () => {
    const running = await startServer()
    await apiOf(running).post('/events', { name: 'price', channel: 'cache-x', data: '1' })
    const [one, two] = await running.connectMany(2)
    const kept = [{ event: 'price', channel: 'cache-x', data: '1' }]
    expect(await heardBy(one, 'cache-x')).toEqual(kept)
    one.unsubscribe('cache-x')
    await one.silence()
    expect(await heardBy(two, 'cache-x')).toEqual(kept)
  })

  it('C87 is empty when its time is over', async () => {
    const pass = stoppedClock()
    const running = await startServer({ cacheTtl: 10 })
    const [one, two] = await running.connectMany(2)
    await running.publish('cache-x', 'price', '1')
    pass(9.9)
    expect(await heardBy(one, 'cache-x')).toMatchObject([{ event: 'price' }])
    pass(0.2)
    expect(await heardBy(two, 'cache-x')).toEqual([miss('cache-x')])
  })

  it('C87 counts the time from the last event', async () => {
    const pass = stoppedClock()
    const running = await startServer({ cacheTtl: 10 })
    await running.publish('cache-x', 'price', '1')
    pass(9)
    await running.publish('cache-x', 'price', '2')
    pass(9)
    const client = await running.connect()
    expect(await heardBy(client, 'cache-x')).toMatchObject([{ data: '2' }])
  })

  it('C88 keeps no client event', async () => {
    const running = await startServer()
    const [sender, client] = await running.connectMany(2)
    await running.publish('private-cache-x', 'price', '1')
    await heardBy(sender, 'private-cache-x')
    sender.send({ event: 'client-price', channel: 'private-cache-x', data: { forged: true } })
    await sender.silence()
    expect(await heardBy(client, 'private-cache-x')).toMatchObject([{ event: 'price', data: '1' }])
  })

  it('C86 keeps neither comings nor goings of members', async () => {
    const running = await startServer()
    const [one, two, three] = await running.connectMany(3)
    await running.publish('presence-cache-x', 'price', '1')
    await heardBy(one, 'presence-cache-x')
    await heardBy(two, 'presence-cache-x')
    two.unsubscribe('presence-cache-x')
    await two.silence()
    expect(await heardBy(three, 'presence-cache-x')).toMatchObject([{ event: 'price', data: '1' }])
  })

  it('C89 brings each of many events to a newcomer exactly once, in order, however they race', async () => {
    const running = await startServer()
    const clients = await running.connectMany(20)
    let last = 0
    const publishing = (async () => {
      while (last < 500) {
        await running.publish('cache-x', 'price', String(++last))
        await turn()
      }
    })()
    for (const client of clients) await client.join('cache-x')
    await publishing
    const heard = await Promise.all(
      clients.map(async (client) => (await client.rest()).map(({ data }) => Number(data))),
    )
    // They came at different times, while the events did.
    expect(new Set(heard.map(({ length }) => length)).size).toBeGreaterThan(1)
    for (const numbers of heard) {
      const [first = 0] = numbers
      // Nothing was kept yet when the answer says so.
      const events = Number.isInteger(first) && first > 0 ? numbers : numbers.slice(1)
      const start = events[0] ?? 0
      expect(events).toEqual(Array.from({ length: 500 - start + 1 }, (_, index) => start + index))
    }
  })

  it('C90 keeps for everybody what was published for all but one', async () => {
    const running = await startServer()
    const client = await running.connect()
    await running.publish('cache-x', 'price', '1', client.socketId)
    expect(await heardBy(client, 'cache-x')).toMatchObject([{ event: 'price', data: '1' }])
  })

  it('C51 gives the event to nobody who subscribes again', async () => {
    const running = await startServer()
    const client = await running.connect()
    await running.publish('cache-x', 'price', '1')
    await heardBy(client, 'cache-x')
    await client.join('cache-x')
    await client.silence()
  })

  it.each(['news', 'private-x', 'presence-x', 'private-encrypted-x', 'cached-x'])(
    'C91 is not what %s is: no miss, no event',
    async (channel) => {
      const running = await startServer()
      const client = await running.connect()
      await running.publish(channel, 'price', '1')
      expect(await heardBy(client, channel)).toEqual([])
    },
  )

  it('C178 keeps for each app its own', async () => {
    const apps = ['one', 'two'].map((id) => ({ id, key: id, secret: id }))
    const running = await startServer({ apps })
    await running.server.publish({ appKey: 'one', channels: ['cache-x'], event: 'price', data: '1' })
    const client = await running.connect({ credentials: { key: 'two', secret: 'two' } }, '/app/two')
    expect(await heardBy(client, 'cache-x')).toEqual([miss('cache-x')])
  })
})
