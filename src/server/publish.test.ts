import { describe, expect, it, vi } from 'vitest'
import { channelName, makeApp, Parts, socketIdOf } from '../../test/support/parts.ts'
import { createPublish } from './publish.ts'

const news = channelName('news')

/** A server with two subscribers who have their answer. */
async function twoInNews() {
  const parts = new Parts()
  const clients = [parts.connect(), parts.connect()] as const
  for (const client of clients) client.subscribe('news')
  for (const client of clients) await client.heard()
  return { parts, one: clients[0], two: clients[1] }
}

describe('publish', () => {
  it('says at once to how many it was handed', async () => {
    const { parts, one } = await twoInNews()
    expect(
      parts.publish({ kind: 'published', app: parts.app, channel: news, event: 'a', data: '{"id":42}' }),
    ).toBe(2)
    await one.heard()
    expect(parts.metrics).toMatchObject({ eventsPublished: 1, deliveries: 2 })
  })

  it('C130 passes the data on byte for byte', async () => {
    const { parts, one } = await twoInNews()
    const data = '{ "id" : 4.20e1, "é":"\\u00e9" }'
    void parts.publish({ kind: 'published', app: parts.app, channel: news, event: 'a', data })
    await new Promise((resolve) => setImmediate(resolve))
    expect(one.socket.take()).toEqual([{ event: 'a', channel: 'news', data }])
  })

  it('C131 leaves out the excepted connection, and nobody for an unknown id', async () => {
    const { parts, one, two } = await twoInNews()
    const event = { kind: 'published' as const, app: parts.app, channel: news, event: 'a', data: '' }
    expect(parts.publish({ ...event, except: one.connection.socketId })).toBe(1)
    expect(await one.heard()).toEqual([])
    expect(await two.heard()).toEqual(['a'])
    expect(parts.publish({ ...event, except: socketIdOf('9.9') })).toBe(2)
  })

  it('reaches nobody in a channel that nobody is in', async () => {
    const { parts } = await twoInNews()
    const channel = channelName('other')
    expect(parts.publish({ kind: 'published', app: parts.app, channel, event: 'a', data: '' })).toBe(0)
  })

  it('C178 reaches nobody in another app', async () => {
    const { parts, one } = await twoInNews()
    const app = makeApp({ id: 'other' })
    expect(parts.publish({ kind: 'published', app, channel: news, event: 'a', data: '' })).toBe(0)
    expect(await one.heard()).toEqual([])
  })

  describe('after 1 MiB in one turn', () => {
    // Seventeen are less than 1 MiB; every second is written at once.
    const data = 'x'.repeat(60_000)

    it('resolves in the next, when everything has been written', async () => {
      const { parts, one } = await twoInNews()
      const counts = Array.from({ length: 19 }, () =>
        parts.publish({ kind: 'published', app: parts.app, channel: news, event: 'a', data }),
      )
      expect(counts.slice(0, 17)).toEqual(Array(17).fill(2))
      expect(one.socket.take()).toHaveLength(18)
      expect(counts[18]).toBeInstanceOf(Promise)
      expect(await counts[18]).toBe(2)
      expect(one.socket.take()).toHaveLength(1)
      expect(parts.publish({ kind: 'published', app: parts.app, channel: news, event: 'a', data })).toBe(2)
    })

    it('does not wait where nobody listens', () => {
      const parts = new Parts()
      const { connection, subscribe } = parts.connect()
      subscribe('news')
      for (const channel of [news, channelName('other')]) {
        const event = {
          kind: 'published' as const,
          app: parts.app,
          channel,
          event: 'a',
          data,
          except: connection.socketId,
        }
        for (let count = 0; count < 20; count++) expect(parts.publish(event)).toBe(0)
      }
    })

    it('lets the loop turn although a publisher awaits each event', async () => {
      const { parts } = await twoInNews()
      const turned = vi.fn()
      setImmediate(turned)
      for (let count = 0; count < 20; count++) {
        await parts.publish({ kind: 'published', app: parts.app, channel: news, event: 'a', data })
      }
      expect(turned).toHaveBeenCalled()
    })
  })

  it('traces an event once, however many receive it', async () => {
    const { parts } = await twoInNews()
    const lines: string[] = []
    const trace = (...parts: string[]) => void lines.push(parts.join(' '))
    const publish = createPublish({ ...parts, trace })
    void publish({ kind: 'published', app: parts.app, channel: news, event: 'a', data: '1' })
    expect(lines).toEqual(['out news {"event":"a","channel":"news","data":"1"}'])
  })
})
