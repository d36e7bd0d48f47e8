import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import PusherServer from 'pusher'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { skippingClock, stoppedClock } from '../../../test/support/clock.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { channelName, socketIdOf, turn } from '../../../test/support/parts.ts'
import { pending } from '../../../test/support/pending.ts'
import {
  answers,
  appTelling,
  Endpoint,
  hangs,
  inTurn,
  Teller,
  type Told,
  takes,
} from '../../../test/support/webhooks.ts'
import { verifyWebhook, webhookNames } from '../../protocol/webhook.ts'
import type { App } from '../apps/app.ts'

/** Tries that follow one another quickly. */
const quick = { firstPause: 10, longestPause: 40, patience: 100, lifetime: 600 }

/** Whether the official SDK believes a request. */
function isValid({ headers, body: rawBody }: Told, secret = 'app-secret', key = 'app-key'): boolean {
  const sdk = new PusherServer({ appId: 'app-id', key, secret, host: '127.0.0.1' })
  return sdk.webhook({ headers, rawBody }).isValid()
}

function channelsOf(told: readonly Told[]): string[] {
  return told.flatMap(({ events }) => events.map(({ channel }) => channel))
}

/** The data of the client events that an endpoint was told of, in all channels unless one is named. */
function dataOf({ events }: Endpoint, channel?: string): string[] {
  return events.flatMap((event) => {
    const isMeant = event.name === 'client_event' && (channel ?? event.channel) === event.channel
    return isMeant ? [event.data] : []
  })
}

/** Has time pass from try to try, until what is told is given up. */
async function givenUp({ metrics }: Teller): Promise<void> {
  for (let failed = 1; metrics.webhookEventsDropped === 0; failed++) {
    await eventually(() => metrics.webhooksFailed).toBe(failed)
    vi.advanceTimersToNextTimer()
  }
}

/** Has timers, and these clocks beside them, stand still until the test moves them. */
function stopTimers(...clocks: readonly ('Date' | 'performance')[]): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', ...clocks] })
  onTestFinished(() => {
    vi.useRealTimers()
  })
}

/** Takes requests so many at a time, a moment after the last of them has come, in which there may be one too many. */
class Together {
  readonly #size: number
  readonly #open: ServerResponse[] = []
  most = 0

  constructor(size: number) {
    this.#size = size
  }

  hold(response: ServerResponse): void {
    this.most = Math.max(this.most, this.#open.push(response))
    if (this.#open.length !== this.#size) return
    setTimeout(() => {
      for (const each of this.#open.splice(0)) each.writeHead(204).end()
    }, 10)
  }
}

/** Resolves when so many requests have been taken. */
async function settled({ metrics }: Teller, requests: number): Promise<void> {
  await eventually(() => metrics.webhooksSent).toBe(requests)
}

describe('Webhooks', () => {
  describe('what is told', () => {
    it('C154 C155 is signed over its bytes, with headers in the spelling and the values that SDKs compare', async () => {
      const endpoint = await Endpoint.open()
      const before = Date.now()
      new Teller().clientEvent(appTelling([endpoint]), 'private-x', '{"name":"Zoë ☃"}')
      const told = await endpoint.next()
      expect(told.rawHeaders).toEqual(expect.arrayContaining(['X-Pusher-Key', 'X-Pusher-Signature']))
      expect(told.headers).toMatchObject({ 'content-type': 'application/json', 'x-pusher-key': 'app-key' })
      expect(isValid(told)).toBe(true)
      expect(isValid(told, 'other')).toBe(false)
      expect(verifyWebhook({ key: 'app-key', secret: 'app-secret' }, told.headers, told.body)).toEqual(
        told.webhook,
      )
      expect(Number.isInteger(told.webhook.time_ms)).toBe(true)
      expect(told.webhook.time_ms).toBeGreaterThanOrEqual(before)
      expect(told.webhook.time_ms).toBeLessThanOrEqual(Date.now())
    })

    it('C155 C156 C157 has exactly the members of its kind', async () => {
      const endpoint = await Endpoint.open()
      const app = appTelling([endpoint])
      const teller = new Teller({ batchMs: 20 })
      const channel = channelName('presence-cache-x')
      teller.occupied(app, channel)
      teller.member(app, 'member_added', channel, '7')
      teller.happens(app, 'cache_miss', channel)
      teller.clientEvent(app, channel, '{"on":true}', '7')
      teller.clientEvent(app, 'private-x', 'null')
      teller.lifecycle.announce({ name: 'subscription_count', app, channel: channelName('news'), count: 3 })
      teller.member(app, 'member_removed', channel, '7')
      teller.happens(app, 'channel_vacated', channel)
      const client = { name: 'client_event', event: 'client-typing', socket_id: '1.1' }
      expect((await endpoint.next()).events).toStrictEqual([
        { name: 'channel_occupied', channel },
        { name: 'member_added', channel, user_id: '7' },
        { name: 'cache_miss', channel },
        { ...client, channel, data: '{"on":true}', user_id: '7' },
        { ...client, channel: 'private-x', data: 'null' },
        { name: 'subscription_count', channel: 'news', subscription_count: 3 },
        { name: 'member_removed', channel, user_id: '7' },
        { name: 'channel_vacated', channel },
      ])
    })

    it('carries the headers of the endpoint, none of which stands in for one of ours', async () => {
      const { url } = await Endpoint.open()
      const endpoint = await Endpoint.open()
      const headers = {
        Authorization: 'Bearer t',
        'content-type': 'text/plain',
        'x-pusher-signature': 'mine',
      }
      new Teller().occupied(appTelling([{ url }, { url: endpoint.url, headers }]), 'news')
      const told = await endpoint.next()
      expect(told.headers).toMatchObject({ authorization: 'Bearer t', 'content-type': 'application/json' })
      expect(isValid(told)).toBe(true)
    })

    it('C157 is one cache miss per channel and pause', async () => {
      const endpoint = await Endpoint.open()
      const app = appTelling([endpoint])
      const pass = stoppedClock()
      const teller = new Teller({ timings: { missPause: 80 } })
      teller.happens(app, 'cache_miss', 'cache-a')
      teller.happens(app, 'cache_miss', 'cache-a')
      teller.happens(app, 'cache_miss', 'cache-b')
      pass(0.1)
      teller.happens(app, 'cache_miss', 'cache-a')
      await settled(teller, 3)
      expect(channelsOf(endpoint.told).sort()).toEqual(['cache-a', 'cache-a', 'cache-b'])
    })

    it('C162 is nothing of the channels of users', async () => {
      const endpoint = await Endpoint.open()
      const app = appTelling([endpoint])
      const teller = new Teller()
      teller.occupied(app, '#server-to-user-7', 'news')
      await teller.webhooks.flush(5_000)
      expect(channelsOf(endpoint.told)).toEqual(['news'])
    })
  })

  describe('who is told', () => {
    it('C158 is an endpoint of what it wants, in a body of its own', async () => {
      const members = await Endpoint.open()
      const orders = await Endpoint.open()
      const all = await Endpoint.open()
      const app = appTelling([
        { url: members.url, events: ['member_added'] },
        { url: orders.url, channels: ['private-orders.*', '*.42'] },
        all,
      ])
      const teller = new Teller({ batchMs: 20 })
      teller.occupied(app, 'presence-x', 'private-orders.1', 'news.42')
      teller.member(app, 'member_added', 'presence-x', '7')
      await settled(teller, 3)
      expect(members.events).toEqual([{ name: 'member_added', channel: 'presence-x', user_id: '7' }])
      expect(channelsOf(orders.told)).toEqual(['private-orders.1', 'news.42'])
      expect(all.events).toHaveLength(4)
      for (const told of [...members.told, ...orders.told, ...all.told]) expect(isValid(told)).toBe(true)
    })

    it('C178 is told of one app at a time, signed by that app, also where two have the same URL', async () => {
      const endpoint = await Endpoint.open()
      const one = appTelling([endpoint], { id: '1', key: 'one', secret: 'first' })
      const two = appTelling([endpoint], { id: '2', key: 'two', secret: 'second' })
      const teller = new Teller({ batchMs: 20 })
      teller.occupied(one, 'a', 'b')
      teller.occupied(two, 'a', 'c')
      await settled(teller, 2)
      const byKey = new Map(endpoint.told.map((told) => [told.headers['x-pusher-key'], told]))
      const [first, second] = [byKey.get('one'), byKey.get('two')]
      if (first === undefined || second === undefined) throw new Error('Expected a request of each app')
      expect([channelsOf([first]), channelsOf([second])]).toEqual([
        ['a', 'b'],
        ['a', 'c'],
      ])
      expect([isValid(first, 'first', 'one'), isValid(second, 'second', 'two')]).toEqual([true, true])
    })

    it('is nobody twice, however often its URL is named', async () => {
      const endpoint = await Endpoint.open()
      const app = appTelling([endpoint, { url: endpoint.url, events: ['channel_occupied'] }])
      const teller = new Teller()
      teller.occupied(app, 'news')
      await teller.webhooks.flush(5_000)
      expect(endpoint.events).toHaveLength(1)
    })

    it('is whoever the app names at the time: it may change while the server runs', async () => {
      const [before, after] = [await Endpoint.open(), await Endpoint.open()]
      const teller = new Teller({ batchMs: 20 })
      teller.occupied(appTelling([before]), 'a')
      teller.occupied(appTelling([after], { secret: 'new', previousSecret: 'app-secret' }), 'b')
      teller.occupied(appTelling([]), 'c')
      await settled(teller, 2)
      expect([channelsOf(before.told), channelsOf(after.told)]).toEqual([['a'], ['b']])
      expect(after.told.every((told) => isValid(told, 'new'))).toBe(true)
    })

    it('gathers on for an app that was loaded again', async () => {
      const endpoint = await Endpoint.open()
      const teller = new Teller({ batchMs: 50 })
      for (const channel of ['a', 'b', 'c']) teller.occupied(appTelling([endpoint]), channel)
      expect(channelsOf([await endpoint.next()])).toEqual(['a', 'b', 'c'])
    })

    it('is nobody when no app may have webhooks: nobody even listens', () => {
      expect(new Teller({ wanted: false }).lifecycle.listening).toBe(false)
      expect(new Teller({ wanted: true }).lifecycle.listening).toBe(true)
    })

    it('says once of an endpoint that cannot be used, and tells the others', async () => {
      const endpoint = await Endpoint.open()
      const app = appTelling([endpoint])
      const unusable = { url: 'nowhere', events: webhookNames, channels: ['*'], headers: {} }
      const broken: App = { ...app, webhooks: [unusable, ...app.webhooks] }
      const teller = new Teller()
      for (const channel of ['a', 'b']) teller.occupied(broken, channel)
      await settled(teller, 2)
      expect(teller.lines).toEqual([
        'error: A webhook of the app "app-id" cannot be used: its URL is no http or https URL',
      ])
    })
  })

  describe('requests', () => {
    it('C159 share what happens within the time of gathering, in its order', async () => {
      const skip = skippingClock()
      const endpoint = await Endpoint.open()
      const app = appTelling([endpoint])
      const teller = new Teller({ batchMs: 30_000 })
      teller.occupied(app, 'a', 'b')
      await skip(15)
      teller.occupied(app, 'c')
      teller.happens(app, 'channel_vacated', 'a')
      await skip(15)
      expect((await endpoint.next()).events.map(({ name, channel }) => [name, channel])).toEqual([
        ['channel_occupied', 'a'],
        ['channel_occupied', 'b'],
        ['channel_occupied', 'c'],
        ['channel_vacated', 'a'],
      ])
      await settled(teller, 1)
      teller.occupied(app, 'd')
      await skip(30)
      await settled(teller, 2)
      expect(channelsOf(endpoint.told.slice(1))).toEqual(['d'])
    })

    it('are stamped when they are closed', async () => {
      const endpoint = await Endpoint.open()
      stopTimers('Date')
      const begun = Date.now()
      new Teller({ batchMs: 60 }).occupied(appTelling([endpoint]), 'a')
      vi.advanceTimersByTime(60)
      expect((await endpoint.next()).webhook.time_ms).toBe(begun + 60)
    })

    it('hold a hundred events at most, and then wait for no more', async () => {
      const endpoint = await Endpoint.open()
      const app = appTelling([endpoint])
      const data = Array.from({ length: 150 }, (_, index) => String(index))
      const teller = new Teller({ batchMs: 100_000 })
      for (const text of data.slice(0, 100)) teller.clientEvent(app, 'private-x', text)
      await settled(teller, 1)
      for (const text of data.slice(100)) teller.clientEvent(app, 'private-x', text)
      await teller.webhooks.flush(5_000)
      expect(endpoint.told.map(({ events }) => events.length)).toEqual([100, 50])
      expect(dataOf(endpoint)).toEqual(data)
    })

    it('stay so small that body parsers take them', async () => {
      const endpoint = await Endpoint.open()
      const app = appTelling([endpoint])
      const teller = new Teller({ batchMs: 20 })
      for (let event = 0; event < 40; event++) teller.clientEvent(app, 'private-x', 'x'.repeat(10_000))
      await eventually(() => endpoint.events.length).toBe(40)
      expect(Math.max(...endpoint.told.map(({ body }) => body.length))).toBeLessThan(100_000)
    })

    it('hold one event each when nothing is gathered', async () => {
      const endpoint = await Endpoint.open()
      const teller = new Teller({ batchMs: 0 })
      teller.occupied(appTelling([endpoint]), 'a', 'b', 'c')
      await settled(teller, 3)
      expect(endpoint.told.map(({ events }) => events.length)).toEqual([1, 1, 1])
    })

    it('C159 keep the order of a channel, however long an endpoint takes for each', async () => {
      const endpoint = await Endpoint.open((response, _, number) => {
        setTimeout(() => response.end(), number % 2 === 0 ? 0 : 15)
      })
      const app = appTelling([endpoint])
      const teller = new Teller()
      for (let event = 0; event < 10; event++) {
        for (const channel of ['private-a', 'private-b']) teller.clientEvent(app, channel, String(event))
      }
      await settled(teller, 20)
      for (const channel of ['private-a', 'private-b']) {
        expect(dataOf(endpoint, channel)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
      }
    })

    it('are a few at a time', async () => {
      const together = new Together(4)
      const endpoint = await Endpoint.open((response) => together.hold(response))
      const teller = new Teller()
      teller.occupied(appTelling([endpoint]), ...Array.from({ length: 40 }, (_, index) => `channel-${index}`))
      await settled(teller, 40)
      expect(together.most).toBe(4)
    })

    it('gather on while another one is under way', async () => {
      const skip = skippingClock()
      const endpoint = await Endpoint.open((response, _, number) => {
        if (number === 1) teller.occupied(app, 'b')
        response.end()
      })
      const app = appTelling([endpoint])
      const teller = new Teller({ batchMs: 30_000 })
      teller.occupied(app, 'a')
      await skip(30)
      await settled(teller, 1)
      teller.occupied(app, 'c')
      await skip(30)
      await settled(teller, 2)
      expect(endpoint.told.map((told) => channelsOf([told]))).toEqual([['a'], ['b', 'c']])
    })

    it('take more together while an endpoint is slow, so that it catches up', async () => {
      const { promise: slept, resolve: wake } = pending<void>()
      const endpoint = await Endpoint.open((response) => void slept.then(() => response.end()))
      const app = appTelling([endpoint])
      const teller = new Teller({ batchMs: 5 })
      for (let event = 0; event < 30; event++) {
        teller.clientEvent(app, 'private-x', String(event))
        await sleep(6)
      }
      wake()
      await eventually(() => endpoint.events.length).toBe(30)
      expect(endpoint.told.length).toBeLessThan(15)
    })
  })

  describe('tries', () => {
    it('C160 go on with growing pauses, the same body and signature, until the webhook is too old', async () => {
      const times: number[] = []
      const endpoint = await Endpoint.open((response, told, number) => {
        times.push(performance.now())
        answers(500)(response, told, number)
      })
      stopTimers('performance')
      const teller = new Teller({ timings: quick })
      teller.occupied(appTelling([endpoint]), 'news')
      await givenUp(teller)
      expect(vi.getTimerCount()).toBe(0)
      const [first = 0, second = 0, third = 0, fourth = 0] = times
      expect(second - first).toBeGreaterThanOrEqual(9)
      expect(third - second).toBeGreaterThanOrEqual(18)
      expect(fourth - third).toBeGreaterThanOrEqual(36)
      expect(times.at(-1)).toBe(first + quick.lifetime - quick.patience)
      expect(times.length).toBeGreaterThan(5)
      const signatures = endpoint.told.map(({ headers, body }) => [headers['x-pusher-signature'], body])
      expect(new Set(signatures.map(String)).size).toBe(1)
      expect(teller.metrics).toMatchObject({ webhooksSent: 0, webhooksFailed: times.length })
      expect(teller.lines).toEqual([
        `warn: The webhook ${endpoint.url} failed: status 500; it is tried again for five minutes`,
        `error: Events that the webhook ${endpoint.url} is not told: 1 (status 500; tries: ${times.length})`,
      ])
    })

    it.each([
      ['answers 500', answers(500)],
      ['redirects', answers(307, { Location: '/elsewhere' })],
      ['hangs', hangs],
      ['closes the connection', ((response) => response.destroy()) satisfies typeof takes],
    ])('C160 are repeated for an endpoint that %s', async (_, reaction) => {
      const endpoint = await Endpoint.open(inTurn(reaction, reaction, takes))
      stopTimers('performance')
      const teller = new Teller()
      teller.occupied(appTelling([endpoint]), 'news')
      for (let tries = 1; tries <= 2; tries++) {
        await eventually(() => endpoint.told.length).toBe(tries)
        if (reaction === hangs) vi.advanceTimersToNextTimer()
        await eventually(() => teller.metrics.webhooksFailed).toBe(tries)
        vi.advanceTimersToNextTimer()
      }
      await settled(teller, 1)
      expect(endpoint.told.map(({ path }) => path)).toEqual(['/hook', '/hook', '/hook'])
      expect(new Set(endpoint.told.map(({ body }) => body)).size).toBe(1)
      expect(teller.metrics).toMatchObject({ webhooksFailed: 2, webhookEventsDropped: 0 })
    })

    it('are repeated where nobody listens', async () => {
      const endpoint = await Endpoint.open()
      endpoint.server.close()
      stopTimers('performance')
      const teller = new Teller({ timings: quick })
      teller.occupied(appTelling([endpoint]), 'news')
      await givenUp(teller)
      expect(teller.metrics.webhooksFailed).toBeGreaterThan(2)
      expect(teller.lines[0]).toContain('ECONNREFUSED')
    })

    it('hold up no later events, also of the same channel', async () => {
      const endpoint = await Endpoint.open((response, { events: [event] }) => {
        const isBad = event?.name === 'client_event' && event.data === 'bad'
        response.writeHead(isBad ? 500 : 204).end()
      })
      const app = appTelling([endpoint])
      const teller = new Teller({ timings: { firstPause: 60_000 } })
      for (const data of ['bad', 'good', 'better']) teller.clientEvent(app, 'private-x', data)
      await settled(teller, 2)
      expect(endpoint.events).toMatchObject([{ data: 'bad' }, { data: 'good' }, { data: 'better' }])
    })

    it('come in their time, also where an earlier failure has a longer pause', async () => {
      const held: ServerResponse[] = []
      const endpoint = await Endpoint.open((response, { events: [event] }, number) => {
        // The third try for the first event waits until the second event has failed.
        if (number === 3) held.push(response)
        else response.writeHead(number < 5 ? 500 : 204).end()
        if (event?.channel === 'b') for (const waiting of held.splice(0)) waiting.writeHead(500).end()
      })
      const app = appTelling([endpoint])
      const teller = new Teller({ timings: { firstPause: 100 } })
      teller.occupied(app, 'a')
      await eventually(() => held.length).toBe(1)
      teller.occupied(app, 'b')
      await settled(teller, 2)
      expect(channelsOf(endpoint.told)).toEqual(['a', 'a', 'a', 'b', 'b', 'a'])
    })

    it('are a few at a time, also later ones', async () => {
      const together = new Together(4)
      const tried = new Set<string>()
      const endpoint = await Endpoint.open((response, { body }) => {
        if (tried.has(body)) together.hold(response)
        else response.writeHead(500).end()
        tried.add(body)
      })
      const teller = new Teller({ timings: { firstPause: 50 } })
      teller.occupied(appTelling([endpoint]), ...Array.from({ length: 20 }, (_, index) => `channel-${index}`))
      await settled(teller, 20)
      expect(together.most).toBe(4)
    })

    it('C161 of one endpoint delay no other', async () => {
      const [stuck, broken, well] = [
        await Endpoint.open(hangs),
        await Endpoint.open(answers(500)),
        await Endpoint.open(),
      ]
      const app = appTelling([stuck, broken, well])
      const teller = new Teller()
      for (let event = 0; event < 10; event++) teller.clientEvent(app, 'private-x', String(event))
      await settled(teller, 10)
      expect(dataOf(well)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
    })

    it('never put the password or the query of the URL on the log', async () => {
      const endpoint = await Endpoint.open(answers(500))
      const url = `${endpoint.url.replace('//', '//user:secret-word@')}?token=secret-word`
      const teller = new Teller({ timings: quick })
      teller.occupied(appTelling([{ url }]), 'news')
      await eventually(() => teller.metrics.webhookEventsDropped).toBe(1)
      expect(teller.lines).toHaveLength(2)
      expect(teller.lines.join('\n')).toContain(endpoint.url)
      expect(teller.lines.join('\n')).not.toContain('secret-word')
    })
  })

  describe('what waits', () => {
    it('is bounded by the number of events; what is dropped is counted, and said now and then', async () => {
      const endpoint = await Endpoint.open(hangs)
      const app = appTelling([endpoint])
      const teller = new Teller({ batchMs: 250 })
      for (let event = 0; event < 12_000; event++) teller.clientEvent(app, 'private-x', '')
      expect(teller.metrics.webhookEventsDropped).toBe(2_000)
      expect(teller.lines).toEqual([
        `error: Events that the webhook ${endpoint.url} is not told: 1 (10000 events or 8388608 bytes wait already)`,
      ])
      await teller.webhooks.flush(0)
      expect(teller.metrics.webhookEventsDropped).toBe(12_000)
      expect(teller.lines.slice(1)).toEqual([
        `error: Events that the webhook ${endpoint.url} is not told: 11999 (the server has shut down)`,
      ])
    })

    it('is bounded by its bytes', async () => {
      const endpoint = await Endpoint.open(hangs)
      const app = appTelling([endpoint])
      const teller = new Teller({ batchMs: 250 })
      for (let event = 0; event < 100; event++) teller.clientEvent(app, 'private-x', 'x'.repeat(100_000))
      // 8 MiB hold 83 of them, and the one that reaches over.
      expect(teller.metrics.webhookEventsDropped).toBe(16)
    })

    it('is no more what has been taken, also while something else waits', async () => {
      const endpoint = await Endpoint.open(inTurn(answers(500), takes))
      const app = appTelling([endpoint])
      const teller = new Teller({ batchMs: 1, timings: { firstPause: 60_000 } })
      teller.occupied(app, 'a')
      await eventually(() => teller.metrics.webhooksFailed).toBe(1)
      for (let round = 1; round <= 3; round++) {
        for (let event = 0; event < 40; event++) teller.clientEvent(app, 'private-x', 'x'.repeat(100_000))
        await settled(teller, round * 40)
      }
      expect(teller.metrics.webhookEventsDropped).toBe(0)
    })

    it('is bounded also while everything is tried again', async () => {
      const endpoint = await Endpoint.open(answers(500))
      const app = appTelling([endpoint])
      const teller = new Teller({ batchMs: 1 })
      for (let round = 0; round < 12; round++) {
        for (let event = 0; event < 1_000; event++) teller.clientEvent(app, `private-${event % 7}`, '')
        const failed = teller.metrics.webhooksFailed
        if (round < 9)
          await eventually(() => teller.metrics.webhooksFailed).toBeGreaterThanOrEqual(failed + 9)
      }
      await teller.webhooks.flush(0)
      expect(teller.metrics.webhookEventsDropped).toBe(12_000)
    })

    it('is forgotten once it has been told: a later event begins anew', async () => {
      const endpoint = await Endpoint.open()
      const app = appTelling([endpoint])
      const teller = new Teller({ batchMs: 1 })
      for (const channel of ['a', 'b', 'c']) {
        teller.occupied(app, channel)
        await endpoint.next()
      }
      expect(channelsOf(endpoint.told)).toEqual(['a', 'b', 'c'])
    })
  })

  describe('#flush', () => {
    it('tells at once what has been gathered, and ends with it', async () => {
      const endpoint = await Endpoint.open()
      const teller = new Teller({ batchMs: 100_000 })
      teller.occupied(appTelling([endpoint]), 'a', 'b')
      await teller.webhooks.flush(60_000)
      expect(channelsOf(endpoint.told)).toEqual(['a', 'b'])
      expect(teller.metrics).toMatchObject({ webhooksSent: 1, webhookEventsDropped: 0 })
      expect(teller.lines).toEqual([])
    })

    it('tells everything, also more than fits into the requests of a moment', async () => {
      const endpoint = await Endpoint.open()
      const app = appTelling([endpoint])
      const teller = new Teller({ batchMs: 100_000 })
      for (let event = 0; event < 1_050; event++) teller.clientEvent(app, 'private-x', String(event))
      await teller.webhooks.flush(60_000)
      expect(dataOf(endpoint)).toEqual(Array.from({ length: 1_050 }, (_, index) => String(index)))
    })

    it('tells what was gathered while something else was told', async () => {
      const endpoint = await Endpoint.open()
      const app = appTelling([endpoint])
      const teller = new Teller({ batchMs: 100_000 })
      for (let event = 0; event < 100; event++) teller.clientEvent(app, 'private-x', '')
      teller.occupied(app, 'b')
      await settled(teller, 1)
      await teller.webhooks.flush(60_000)
      expect(endpoint.told.map(({ events }) => events.length)).toEqual([100, 1])
    })

    it('tries once more, now, what waits for its next try', async () => {
      const endpoint = await Endpoint.open(inTurn(answers(500), takes))
      const teller = new Teller({ timings: { firstPause: 60_000 } })
      teller.occupied(appTelling([endpoint]), 'a')
      await eventually(() => teller.metrics.webhooksFailed).toBe(1)
      await teller.webhooks.flush(60_000)
      expect(teller.metrics).toMatchObject({ webhooksSent: 1, webhookEventsDropped: 0 })
    })

    it('gives up at once what fails then', async () => {
      const endpoint = await Endpoint.open(answers(500))
      const teller = new Teller({ batchMs: 100_000 })
      teller.occupied(appTelling([endpoint]), 'a', 'b')
      await teller.webhooks.flush(60_000)
      expect(endpoint.told).toHaveLength(1)
      expect(teller.metrics).toMatchObject({ webhooksFailed: 1, webhookEventsDropped: 2 })
      expect(teller.lines).toEqual([
        `error: Events that the webhook ${endpoint.url} is not told: 2 (status 500; tries: 1)`,
      ])
    })

    it('waits no longer than the deadline, counts what is lost and ends the connections', async () => {
      const [stuck, well] = [await Endpoint.open(hangs), await Endpoint.open()]
      const closed = vi.fn()
      stuck.server.on('connection', (socket) => socket.on('close', closed))
      const teller = new Teller({ batchMs: 100_000 })
      teller.occupied(appTelling([stuck, well]), 'a', 'b', 'c')
      stopTimers()
      const flushed = vi.fn()
      const flushing = teller.webhooks.flush(100).then(flushed)
      await eventually(() => [stuck.told.length, teller.metrics.webhooksSent]).toEqual([1, 1])
      vi.advanceTimersByTime(99)
      await turn()
      expect(flushed).not.toHaveBeenCalled()
      vi.advanceTimersByTime(1)
      await flushing
      expect(channelsOf(well.told)).toEqual(['a', 'b', 'c'])
      const lost = { webhooksSent: 1, webhooksFailed: 0, webhookEventsDropped: 3 }
      expect(teller.metrics).toMatchObject(lost)
      expect(teller.lines).toEqual([
        `error: Events that the webhook ${stuck.url} is not told: 3 (the server has shut down)`,
      ])
      await eventually(() => closed.mock.calls.length).toBe(1)
      expect(teller.metrics).toMatchObject(lost)
    })

    it('is over at once when there is nothing to tell, and told again is the same', async () => {
      const teller = new Teller()
      const flushed = teller.webhooks.flush(60_000)
      expect(teller.webhooks.flush(0)).toBe(flushed)
      await flushed
    })

    it('lets nothing be told afterwards, and counts it', async () => {
      const endpoint = await Endpoint.open()
      const teller = new Teller()
      await teller.webhooks.flush(0)
      teller.occupied(appTelling([endpoint]), 'a')
      expect(teller.metrics.webhookEventsDropped).toBe(1)
      expect(endpoint.told).toEqual([])
    })

    it('leaves no timer behind', async () => {
      stopTimers()
      const teller = new Teller({ batchMs: 250 })
      teller.occupied(appTelling([{ url: 'http://127.0.0.1:1/' }]), 'a')
      expect(vi.getTimerCount()).toBe(1)
      await teller.webhooks.flush(60_000)
      expect(vi.getTimerCount()).toBe(0)
      expect(teller.metrics.webhookEventsDropped).toBe(1)
    })
  })

  it('makes no timer per event', async () => {
    const endpoint = await Endpoint.open()
    stopTimers()
    const app = appTelling([endpoint])
    const teller = new Teller({ batchMs: 250 })
    for (let event = 0; event < 99; event++) teller.clientEvent(app, 'private-x', '')
    expect(vi.getTimerCount()).toBe(1)
  })

  it('is not stopped by a channel or a user with the name of something in JavaScript', async () => {
    const endpoint = await Endpoint.open()
    const app = appTelling([endpoint], { id: '__proto__' })
    const teller = new Teller({ batchMs: 20 })
    const channel = channelName('__proto__')
    teller.lifecycle.announce({ name: 'member_added', app, channel, userId: 'constructor' })
    teller.happens(app, 'cache_miss', '__proto__')
    teller.lifecycle.announce({
      name: 'client_event',
      app,
      channel,
      event: 'client-__proto__',
      data: '{"__proto__":1}',
      socketId: socketIdOf('1.1'),
      userId: undefined,
    })
    expect((await endpoint.next()).events).toHaveLength(3)
  })
})
