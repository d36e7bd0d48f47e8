import PusherServer from 'pusher'
import { describe, expect, it } from 'vitest'
import type { WebhookEvent, WebhookName } from '../../src/protocol/webhook.ts'
import type { ReverbServerOptions } from '../../src/server/index.ts'
import { bystander } from '../support/bystander.ts'
import { skippingClock } from '../support/clock.ts'
import { eventually } from '../support/eventually.ts'
import { userData } from '../support/parts.ts'
import { credentials, startServer, type TestServer } from '../support/server.ts'
import { answers, Endpoint, hangs, type Told } from '../support/webhooks.ts'

/** A server that tells an endpoint of everything; it gathers until it is closed unless told otherwise. */
async function telling(
  options: ReverbServerOptions = {},
): Promise<{ endpoint: Endpoint; running: TestServer }> {
  const endpoint = await Endpoint.open()
  const running = await startServer({ webhookUrl: [endpoint.url], webhookBatchMs: 60_000, ...options })
  return { endpoint, running }
}

/** What tells of those who come: the close of the server adds nothing to it. */
const comings: readonly WebhookName[] = ['channel_occupied', 'member_added']

/** What an endpoint was told, in words. */
function wordsOf({ events }: Endpoint): string[] {
  return events.map((event) => [event.name, event.channel, ...detailsOf(event)].join(' '))
}

function detailsOf(event: WebhookEvent): string[] {
  if ('user_id' in event && event.name !== 'client_event') return [event.user_id]
  return event.name === 'subscription_count' ? [String(event.subscription_count)] : []
}

function isValid({ headers, body: rawBody }: Told, { key, secret } = credentials): boolean {
  return new PusherServer({ appId: 'app-id', key, secret, host: '127.0.0.1' })
    .webhook({ headers, rawBody })
    .isValid()
}

describe('channels', () => {
  it('C152 tell of their first subscription and of the last departure, once each', async () => {
    const skip = skippingClock()
    const { endpoint, running } = await telling({ webhookBatchMs: 0 })
    const [one, two] = await running.connectMany(2)
    await one.join('news')
    await two.join('news')
    one.unsubscribe('news')
    await one.silence()
    await two.close()
    await eventually(() => running.server.counters['connections']).toBe(1)
    await skip(2.5)
    expect(wordsOf(endpoint)).toEqual(['channel_occupied news'])
    await skip(1)
    await eventually(() => wordsOf(endpoint)).toEqual(['channel_occupied news', 'channel_vacated news'])
    await running.server.close()
    expect(endpoint.events).toHaveLength(2)
    expect(endpoint.told.every((told) => isValid(told))).toBe(true)
  })

  it('C153 tell nothing of who leaves and is back within three seconds', async () => {
    const skip = skippingClock()
    const { endpoint, running } = await telling()
    const first = await running.connect()
    await first.join('presence-room', { user_id: '7' })
    await first.close()
    await eventually(() => running.server.counters['connections']).toBe(0)
    await skip(2)
    const second = await running.connect()
    await second.join('presence-room', { user_id: '7' })
    await skip(10)
    await second.join('marker')
    await running.server.close()
    expect(wordsOf(endpoint).slice(0, 3)).toEqual([
      'channel_occupied presence-room',
      'member_added presence-room 7',
      'channel_occupied marker',
    ])
  })

  it('C51 tell nothing of a subscription that is there already', async () => {
    const { endpoint, running } = await telling({ webhookEvents: comings })
    const client = await running.connect()
    for (let time = 0; time < 3; time++) await client.join('presence-room', { user_id: '7' })
    await running.server.close()
    expect(wordsOf(endpoint)).toEqual(['channel_occupied presence-room', 'member_added presence-room 7'])
  })

  it('tell nothing of subscriptions that are refused', async () => {
    const { endpoint, running } = await telling()
    const client = await running.connect()
    await client.subscribe('private-orders.1', { auth: `${credentials.key}:0000` })
    await client.subscribe('not a name')
    await running.server.close()
    expect(endpoint.told).toEqual([])
  })

  it('tell of a member once, however many connections the user has', async () => {
    const { endpoint, running } = await telling({ webhookEvents: comings })
    const [one, two, other] = await running.connectMany(3)
    await one.join('presence-room', { user_id: 7 })
    await two.join('presence-room', { user_id: '7' })
    await other.join('presence-room', { user_id: '8' })
    await running.server.close()
    expect(wordsOf(endpoint)).toEqual([
      'channel_occupied presence-room',
      'member_added presence-room 7',
      'member_added presence-room 8',
    ])
  })

  it('C157 tell of cache misses, of each channel one in five seconds', async () => {
    const skip = skippingClock()
    const { endpoint, running } = await telling({ webhookEvents: ['cache_miss'] })
    const missed = async () => {
      const client = await running.connect()
      await client.join('cache-prices')
      await client.next('pusher:cache_miss')
    }
    await missed()
    await missed()
    await skip(5)
    await missed()
    await missed()
    await skip(5)
    await running.publish('cache-prices')
    const late = await running.connect()
    await late.join('cache-prices')
    await late.next('news')
    await running.server.close()
    expect(wordsOf(endpoint)).toEqual(['cache_miss cache-prices', 'cache_miss cache-prices'])
  })

  it('C157 tell of their counts where the app wants it', async () => {
    const { endpoint, running } = await telling({
      webhookEvents: ['subscription_count'],
      subscriptionCount: true,
    })
    const [one, two] = await running.connectMany(2)
    for (const client of [one, two]) {
      client.send({ event: 'pusher:subscribe', data: { channel: 'news' } })
      await client.next('pusher_internal:subscription_succeeded')
    }
    two.unsubscribe('news')
    const expected = ['subscription_count news 1', 'subscription_count news 2', 'subscription_count news 1']
    await two.rest()
    await running.server.close()
    expect(wordsOf(endpoint).slice(0, 3)).toEqual(expected)
  })

  it('C162 of users tell nothing', async () => {
    const { endpoint, running } = await telling()
    const client = await running.connect()
    await client.signin({ id: '7' })
    await client.subscribe('#server-to-user-7', { auth: '' })
    await running.publish('#server-to-user-7')
    client.unsubscribe('#server-to-user-7')
    await client.next('news')
    await client.join('marker')
    await running.server.close()
    expect(wordsOf(endpoint)).toEqual(['channel_occupied marker', 'channel_vacated marker'])
  })
})

describe('client events', () => {
  it('C156 are told with the text that was delivered, and with the user on presence channels', async () => {
    const { endpoint, running } = await telling({ webhookEvents: ['client_event'] })
    const [sender, receiver] = await running.connectMany(2)
    await sender.join('private-chat')
    await receiver.join('private-chat')
    sender.send({ event: 'client-typing', channel: 'private-chat', data: { on: true } })
    const delivered = await receiver.next('client-typing')
    await sender.join('presence-room', userData('7'))
    sender.send({ event: 'client-typing', channel: 'presence-room', data: 'x', user_id: 'forged' })
    await sender.silence()
    await running.server.close()
    const common = { name: 'client_event', event: 'client-typing', socket_id: sender.socketId }
    expect(endpoint.events).toStrictEqual([
      { ...common, channel: 'private-chat', data: delivered.data },
      { ...common, channel: 'presence-room', data: 'x', user_id: '7' },
    ])
  })

  it('that are refused are not told, nor is what the backend publishes', async () => {
    const { endpoint, running } = await telling({ webhookEvents: ['client_event'] })
    const client = await running.connect()
    await client.join('news')
    for (const channel of ['news', 'private-elsewhere', 'private-encrypted-x']) {
      client.send({ event: 'client-typing', channel, data: {} })
      await client.next('pusher:error')
    }
    await running.publish('news')
    await client.next('news')
    await client.join('private-marker')
    client.send({ event: 'client-typing', channel: 'private-marker', data: {} })
    await client.silence()
    await running.server.close()
    expect(wordsOf(endpoint)).toEqual(['client_event private-marker'])
  })
})

describe('endpoints', () => {
  it('C158 are told what their filters let through, signed as it is', async () => {
    const members = await Endpoint.open()
    const orders = await Endpoint.open()
    const webhooks = [
      { url: members.url, events: ['member_added' as const] },
      { url: orders.url, channels: ['private-orders.*'], headers: { 'X-Tenant': 'acme' } },
    ]
    const running = await startServer({ apps: [{ id: 'app-id', ...credentials, webhooks }] })
    const client = await running.connect()
    await client.join('presence-room', { user_id: '7' })
    await client.join('private-orders.42')
    const [told, toldOrders] = [await members.next(), await orders.next()]
    expect(told.events).toEqual([{ name: 'member_added', channel: 'presence-room', user_id: '7' }])
    expect(toldOrders.events).toEqual([{ name: 'channel_occupied', channel: 'private-orders.42' }])
    expect(toldOrders.headers['x-tenant']).toBe('acme')
    expect([isValid(told), isValid(toldOrders)]).toEqual([true, true])
  })

  it('C159 are told together what happens within the time of gathering', async () => {
    const skip = skippingClock()
    const { endpoint, running } = await telling({ webhookBatchMs: 30_000 })
    const client = await running.connect()
    await client.join('presence-room', { user_id: '7' })
    await client.join('news')
    await skip(30)
    await endpoint.next()
    expect(wordsOf(endpoint)).toEqual([
      'channel_occupied presence-room',
      'member_added presence-room 7',
      'channel_occupied news',
    ])
  })

  it('C161 that hang or fail delay no event and no other endpoint', async () => {
    const [stuck, broken, well] = [
      await Endpoint.open(hangs),
      await Endpoint.open(answers(500)),
      await Endpoint.open(),
    ]
    const running = await startServer({
      webhookUrl: [stuck.url, broken.url, well.url],
      webhookBatchMs: 0,
      drain: 0,
    })
    const { unharmed } = await bystander(running)
    const client = await running.connect()
    for (const name of ['a', 'b', 'c']) {
      await client.join(name)
      await unharmed()
    }
    await eventually(() => wordsOf(well)).toContain('channel_occupied c')
    // Or else the end of the test waits for an answer.
    stuck.server.close()
    stuck.server.closeAllConnections()
  })

  it('C178 of one app are not told of another', async () => {
    const [one, two] = [await Endpoint.open(), await Endpoint.open()]
    const other = { key: 'other-key', secret: 'other-secret' }
    const running = await startServer({
      webhookBatchMs: 0,
      apps: [
        { id: 'app-id', ...credentials, webhooks: [{ url: one.url }] },
        { id: 'other', ...other, webhooks: [{ url: two.url }] },
      ],
    })
    const client = await running.connect()
    const neighbour = await running.connect({ credentials: other }, `/app/${other.key}?protocol=7`)
    await client.join('private-ours')
    await neighbour.join('private-theirs')
    const [told, toldOther] = [await one.next(), await two.next()]
    expect([isValid(told), isValid(toldOther, other)]).toEqual([true, true])
    expect([wordsOf(one), wordsOf(two)]).toEqual([
      ['channel_occupied private-ours'],
      ['channel_occupied private-theirs'],
    ])
  })

  it('are told before the server has closed', async () => {
    const { endpoint, running } = await telling()
    const client = await running.connect()
    await client.join('presence-room', { user_id: '7' })
    await running.server.close()
    expect(wordsOf(endpoint)).toEqual([
      'channel_occupied presence-room',
      'member_added presence-room 7',
      'member_removed presence-room 7',
      'channel_vacated presence-room',
    ])
    expect(running.server.counters).toMatchObject({ webhooksSent: 1, webhookEventsDropped: 0 })
  })
})
