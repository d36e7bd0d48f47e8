import { describe, expect, it } from 'vitest'
import { apiOf } from '../support/api.ts'
import { startServer } from '../support/server.ts'

const entry = { name: 'a', channel: 'news', data: '1' }
const numbered = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ ...entry, name: `e${index}` }))

describe('POST /batch_events', () => {
  it('C138 delivers 10 events in their order', async () => {
    const running = await startServer()
    const client = await running.connect()
    await client.join('news')
    await client.join('sports')
    const batch = numbered(10).map((event, index) => ({ ...event, channel: index % 2 ? 'sports' : 'news' }))
    const { status, body } = await apiOf(running).post('/batch_events', { batch })
    expect([status, body]).toEqual([200, {}])
    const delivered = (await client.rest()).map(({ event: name, channel, data }) => ({ name, channel, data }))
    expect(delivered).toEqual(batch)
  })

  const bad: [what: string, batch: unknown][] = [
    ['11 events', numbered(11)],
    ['no event', []],
    ['no array', {}],
    ['no batch', undefined],
    ['an entry without a name', [entry, { ...entry, name: undefined }]],
    ['an entry without data', [entry, { ...entry, data: undefined }]],
    ['an entry without a channel', [entry, { ...entry, channel: undefined }]],
    ['an entry with channels', [entry, { ...entry, channel: undefined, channels: ['news'] }]],
    ['an entry with a bad channel', [entry, { ...entry, channel: 'a b' }]],
    ['an entry with a reserved name', [entry, { ...entry, name: 'pusher:x' }]],
    ['an entry with a bad socket id', [entry, { ...entry, socket_id: 'x' }]],
    ['an entry that is null', [entry, null]],
  ]
  it.each(bad)('C138 gets 400 with %s, and nothing is delivered', async (_, batch) => {
    const running = await startServer()
    const client = await running.connect()
    await client.join('news')
    const { status, body } = await apiOf(running).post('/batch_events', { batch })
    expect([status, body]).toEqual([400, { code: 400, error: expect.stringMatching(/\w/) }])
    await client.silence()
  })

  it('C135 gets 413 when the data of one entry is too large, and nothing is delivered', async () => {
    const running = await startServer({ maxEventSize: 10 })
    const client = await running.connect()
    await client.join('news')
    const status = async (data: string) =>
      (await apiOf(running).post('/batch_events', { batch: [entry, { ...entry, data }] })).status
    expect(await status('ü'.repeat(6))).toBe(413)
    await client.silence()
    expect(await status('ü'.repeat(5))).toBe(200)
    expect(await client.rest()).toHaveLength(2)
  })

  it('C139 answers with one element per entry once an entry asks', async () => {
    const running = await startServer()
    const [one, two] = await running.connectMany(2)
    await one?.join('news')
    await one?.join('presence-room', { user_id: '7' })
    await two?.join('presence-room', { user_id: '7' })
    const batch = [
      entry,
      { ...entry, info: 'user_count,subscription_count' },
      { ...entry, channel: 'presence-room', info: 'user_count' },
      { ...entry, channel: 'presence-room', info: 'cakes' },
    ]
    const { status, body } = await apiOf(running).post('/batch_events', { batch })
    expect([status, body]).toEqual([200, { batch: [{}, { subscription_count: 1 }, { user_count: 1 }, {}] }])
  })

  it('C131 excepts a connection per entry', async () => {
    const running = await startServer()
    const [one, two] = await running.connectMany(2)
    await one?.join('news')
    await two?.join('news')
    const batch = [
      { ...entry, socket_id: one?.socketId },
      { ...entry, socket_id: two?.socketId, name: 'b' },
    ]
    expect((await apiOf(running).post('/batch_events', { batch })).status).toBe(200)
    expect((await one?.rest())?.map(({ event }) => event)).toEqual(['b'])
    expect((await two?.rest())?.map(({ event }) => event)).toEqual(['a'])
  })
})
