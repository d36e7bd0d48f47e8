import { describe, expect, it, vi } from 'vitest'
import { FakeRelay } from '../../test/support/fake-relay.ts'
import { ManualLog } from '../../test/support/manual-log.ts'
import { ManualRegistry } from '../../test/support/manual-registry.ts'
import { channelName, makeApp, Parts, socketIdOf } from '../../test/support/parts.ts'
import { pending } from '../../test/support/pending.ts'
import { channelEvent } from '../protocol/messages.ts'
import type { Kept } from './adapter.ts'
import { memoryRelay } from './adapters/memory.ts'
import { UnreachableError } from './errors.ts'
import { encodeFrame } from './frame.ts'
import { createPublish } from './publish.ts'

const news = channelName('news')

const prices = channelName('cache-prices')
const succeeded = 'pusher_internal:subscription_succeeded'

/** An event of the application that carries nothing. */
const eventOf = ({ app }: Parts, channel = news, event = 'a') =>
  ({ kind: 'published', app, channel, event, data: '{}' }) as const

/** A server with two subscribers who have their answer. */
async function twoInNews(options: ConstructorParameters<typeof Parts>[0] = {}) {
  const parts = new Parts(options)
  const clients = [parts.connect(), parts.connect()] as const
  for (const client of clients) client.subscribe('news')
  for (const client of clients) await client.heard()
  return { parts, one: clients[0], two: clients[1] }
}

/** Two subscribers of a cache channel who have their answer, one who has not, and a log that says what a test wants. */
async function inPrices() {
  const [relay, log] = [new FakeRelay(), new ManualLog()]
  const parts = new Parts({ relay, log })
  const [one, two, joining] = [parts.connect(), parts.connect(), parts.connect()]
  for (const client of [one, two, joining]) client.subscribe('cache-prices')
  for (const client of [one, two]) {
    await log.answer()
    await client.heard()
  }
  const kept = (outcome: Kept) => vi.spyOn(parts.log, 'keep').mockReturnValue(outcome)
  return { parts, relay, one, two, joining, kept }
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
    const { publish } = createPublish({ ...parts, relay: memoryRelay, trace })
    void publish({ kind: 'published', app: parts.app, channel: news, event: 'a', data: '1' })
    expect(lines).toEqual(['out news {"event":"a","channel":"news","data":"1"}'])
  })

  it('puts into words what somebody may want to hear, and nothing else', () => {
    const parts = new Parts()
    const trace = vi.fn()
    const alone = createPublish({ ...parts, relay: memoryRelay, trace }).publish
    const together = createPublish({ ...parts, relay: new FakeRelay(), trace }).publish
    const event = { app: parts.app, channel: news, event: 'a', data: '' }
    for (const kind of ['published', 'client', 'count', 'member'] as const) {
      expect(alone({ ...event, kind })).toBe(0)
    }
    for (const kind of ['count', 'member'] as const) expect(together({ ...event, kind })).toBe(0)
    expect(trace).not.toHaveBeenCalled()
    for (const kind of ['published', 'client'] as const) expect(together({ ...event, kind })).toBe(0)
    expect(trace).toHaveBeenCalledTimes(2)
  })
})

describe('publish, with other nodes,', () => {
  it('hands everybody the same frame, those on this node first and at once', async () => {
    const relay = new FakeRelay()
    const { parts, one, two } = await twoInNews({ relay })
    const { promise, resolve } = pending<boolean>()
    relay.reached = promise
    const except = one.connection.socketId
    const recipients = parts.publish({ ...eventOf(parts), kind: 'client', except })
    expect([await one.heard(), await two.heard()]).toEqual([[], ['a']])
    const frame = two.socket.writes.at(-1)
    expect(relay.sent).toEqual([{ appId: parts.app.id, channel: 'news', frame, except }])
    resolve(true)
    expect(await recipients).toBe(1)
  })

  it('reaches them although nobody on this node is in the channel', () => {
    const relay = new FakeRelay()
    const parts = new Parts({ relay })
    expect(parts.publish(eventOf(parts))).toBe(0)
    expect(relay.sent.map(({ channel }) => channel)).toEqual(['news'])
  })

  it.each(['count', 'member'] as const)(
    'keeps from them what only its own subscribers are told (%s)',
    async (kind) => {
      const relay = new FakeRelay()
      const { parts, one } = await twoInNews({ relay })
      expect(parts.publish({ ...eventOf(parts), kind })).toBe(2)
      expect(await one.heard()).toEqual(['a'])
      expect(relay.sent).toEqual([])
    },
  )

  it('goes on on this node while the others cannot be reached', async () => {
    const relay = new FakeRelay()
    const { parts, one } = await twoInNews({ relay })
    relay.reached = Promise.resolve(false)
    expect(await parts.publish(eventOf(parts))).toBe(2)
    expect(await one.heard()).toEqual(['a'])
  })

  describe('everywhere or nowhere', () => {
    it('waits for them before anybody on this node gets it', async () => {
      const relay = new FakeRelay()
      const { parts, one } = await twoInNews({ relay })
      const { promise, resolve } = pending<boolean>()
      relay.reached = promise
      const recipients = parts.publish({ ...eventOf(parts), everywhere: true })
      expect(relay.sent).toHaveLength(1)
      expect(await one.heard()).toEqual([])
      resolve(true)
      expect(await recipients).toBe(2)
      expect(await one.heard()).toEqual(['a'])
    })

    it.each([
      ['at once', false],
      ['later', Promise.resolve(false)],
    ])('rejects, and reaches nobody, when they cannot be reached, which is known %s', async (_, reached) => {
      const relay = new FakeRelay()
      const { parts, one } = await twoInNews({ relay })
      relay.reached = reached
      const publishing = (async () => parts.publish({ ...eventOf(parts), everywhere: true }))()
      await expect(publishing).rejects.toThrow(UnreachableError)
      await expect(publishing).rejects.toMatchObject({ answered: 503 })
      expect(await one.heard()).toEqual([])
    })

    it('counts those who are there when they have been reached', async () => {
      const relay = new FakeRelay()
      const { parts, one } = await twoInNews({ relay })
      relay.reached = Promise.resolve(true)
      const recipients = parts.publish({ ...eventOf(parts), everywhere: true })
      one.say({ event: 'pusher:unsubscribe', data: { channel: 'news' } })
      expect(await recipients).toBe(1)
    })
  })

  describe('on a cache channel', () => {
    it('leaves to the log what comes from there, and says how many will get it', async () => {
      const { parts, relay, one, two, joining, kept } = await inPrices()
      kept({ position: 1, arrives: true })
      expect(parts.publish(eventOf(parts, prices))).toBe(3)
      expect(parts.publish({ ...eventOf(parts, prices), except: one.connection.socketId })).toBe(2)
      expect(parts.publish({ ...eventOf(parts, prices), except: joining.connection.socketId })).toBe(2)
      const { socketId: stranger } = parts.connect().connection
      expect(parts.publish({ ...eventOf(parts, prices), except: stranger })).toBe(3)
      expect(parts.publish(eventOf(parts, channelName('cache-other')))).toBe(0)
      expect([await one.heard(), await two.heard()]).toEqual([[], []])
      expect(relay.sent).toEqual([])
      expect(parts.metrics.deliveries).toBe(0)
    })

    it('delivers itself what does not', async () => {
      const { parts, relay, one, kept } = await inPrices()
      kept({ position: 1, arrives: false })
      expect(parts.publish(eventOf(parts, prices))).toBe(3)
      expect(await one.heard()).toEqual(['a'])
      expect(relay.sent).toEqual([])
    })

    it('delivers and hands on what could not be kept, although nobody will find it', async () => {
      const { parts, relay, one, kept } = await inPrices()
      kept({ position: 0, arrives: false })
      relay.reached = Promise.resolve(false)
      expect(await parts.publish(eventOf(parts, prices))).toBe(3)
      expect(await one.heard()).toEqual(['a'])
      expect(relay.sent.map(({ channel }) => channel)).toEqual(['cache-prices'])
    })

    it('rejects, and reaches nobody, when it should be everywhere and could not be kept', async () => {
      const { parts, relay, one, kept } = await inPrices()
      kept({ position: 0, arrives: false })
      const publishing = (async () => parts.publish({ ...eventOf(parts, prices), everywhere: true }))()
      await expect(publishing).rejects.toThrow(UnreachableError)
      expect(await one.heard()).toEqual([])
      expect(relay.sent).toEqual([])
    })

    it('keeps no client events', async () => {
      const { parts, relay, one, kept } = await inPrices()
      const keep = kept({ position: 1, arrives: true })
      expect(parts.publish({ ...eventOf(parts, prices), kind: 'client' })).toBe(3)
      expect(await one.heard()).toEqual(['a'])
      expect(keep).not.toHaveBeenCalled()
      expect(relay.sent).toHaveLength(1)
    })
  })
})

describe('what arrives from other nodes', () => {
  const frameOf = (event: string) => encodeFrame(channelEvent('news', event, '{}'))
  const frame = frameOf('a')

  it('reaches the subscribers of this node, the very frame, but not whoever sent it', async () => {
    const relay = new FakeRelay()
    const { parts, one, two } = await twoInNews({ relay })
    relay.others.arrived(parts.app.id, news, frame, one.connection.socketId, 0)
    relay.others.arrived(parts.app.id, news, frame, socketIdOf('9.9'), 0)
    expect([await one.heard(), await two.heard()]).toEqual([['a'], ['a', 'a']])
    expect(two.socket.writes.at(-1)).toEqual(Buffer.concat([frame, frame]))
    expect(parts.metrics).toMatchObject({ deliveries: 3, eventsPublished: 0 })
    expect(relay.sent).toEqual([])
  })

  it('C178 reaches nobody in another channel or another app', async () => {
    const relay = new FakeRelay()
    const { parts, one } = await twoInNews({ relay })
    relay.others.arrived(parts.app.id, channelName('other'), frame, undefined, 0)
    relay.others.arrived('other', news, frame, undefined, 0)
    expect(await one.heard()).toEqual([])
  })

  it('C57 comes after the answer to whoever is joining', async () => {
    const [relay, registry] = [new FakeRelay(), new ManualRegistry()]
    const parts = new Parts({ relay, registry })
    const client = parts.connect()
    client.subscribe('news')
    relay.others.arrived(parts.app.id, news, frame, undefined, 0)
    await registry.answer()
    expect(await client.heard()).toEqual([succeeded, 'a'])
  })

  it('C89 comes once to whoever has got it out of the log, and to the others as well', async () => {
    const [relay, log] = [new FakeRelay(), new ManualLog()]
    const parts = new Parts({ relay, log })
    const [one, two] = [parts.connect(), parts.connect()]
    const arrives = (event: string, position: number) => {
      relay.others.arrived(parts.app.id, prices, frameOf(event), undefined, position)
    }
    one.subscribe('cache-prices')
    await log.answer()
    await one.heard()
    for (const event of ['a', 'b']) {
      void log.keep(parts.app, prices, { event, data: '{}', frame: frameOf(event), except: undefined })
    }
    two.subscribe('cache-prices')
    log.take(3)
    arrives('a', 1)
    for (let call = 0; call < 3; call++) await log.answer()
    arrives('b', 2)
    arrives('c', 3)
    expect(await two.heard()).toEqual([succeeded, 'b', 'c'])
    expect(await one.heard()).toEqual(['a', 'b', 'c'])
  })
})

describe('what the log sends back', () => {
  it('counts an excepted connection of another app, whatever its channels are called', () => {
    const parts = new Parts()
    const other = parts.connect({ app: makeApp({ id: 'other' }) })
    for (const client of [parts.connect(), other]) client.subscribe('cache-x')
    vi.spyOn(parts.log, 'keep').mockReturnValue({ position: 1, arrives: true })
    const except = other.connection.socketId
    const channel = channelName('cache-x')
    expect(parts.publish({ kind: 'published', app: parts.app, channel, event: 'a', data: '', except })).toBe(
      1,
    )
  })
})
