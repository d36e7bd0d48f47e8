import { beforeEach, describe, expect, it } from 'vitest'
import { FakeRelay } from '../../../test/support/fake-relay.ts'
import { channelName, makeApp, Parts, type TestClient } from '../../../test/support/parts.ts'
import { ChannelManager } from './channel-manager.ts'

const news = channelName('news')

let parts: Parts
let client: TestClient
let channels: ChannelManager
let relay: FakeRelay

beforeEach(() => {
  parts = new Parts()
  client = parts.connect()
  relay = new FakeRelay()
  channels = new ChannelManager(relay)
})

const begin = () => channels.join(client.connection, news, undefined)

describe('ChannelManager', () => {
  describe('#join', () => {
    it('makes the channel and begins a subscription that is joining', () => {
      const { connection } = client
      const subscription = channels.join(connection, news, undefined)
      const channel = channels.find(parts.app, 'news')
      expect(subscription).toMatchObject({ connection, channel, state: 'joining' })
      expect(channel).toMatchObject({ name: 'news', appId: parts.app.id })
      expect([channel?.live.size, channel?.joining.size]).toEqual([0, 1])
      expect(connection.subscriptions.get('news')).toBe(subscription)
    })

    it('leads everybody into the same channel', () => {
      const other = parts.connect()
      const one = channels.join(client.connection, news, undefined)
      expect(channels.join(other.connection, news, undefined).channel).toBe(one.channel)
    })

    it('C178 keeps the channels of apps apart', () => {
      const app = makeApp({ id: 'other' })
      const one = channels.join(client.connection, news, undefined)
      const other = channels.join(parts.connect({ app }).connection, news, undefined)
      expect(other.channel).not.toBe(one.channel)
      expect(channels.find(app, 'news')).toBe(other.channel)
    })

    it('follows a channel from its first subscription on, each app its own', () => {
      const app = makeApp({ id: 'other' })
      channels.join(client.connection, news, undefined)
      channels.join(parts.connect().connection, news, undefined)
      channels.join(parts.connect({ app }).connection, news, undefined)
      expect(relay.followed).toEqual(['follow app-id news', 'follow other news'])
    })

    it('says when the channel is followed, to the later subscriptions too', () => {
      const following = Promise.resolve()
      relay.following = following
      const one = channels.join(client.connection, news, undefined)
      relay.following = undefined
      const two = channels.join(parts.connect().connection, news, undefined)
      for (const { channel } of [one, two]) expect(channel.followed).toBe(following)
    })

    it.each(['__proto__', 'constructor'])('C70 takes %s for a name like any other', (name) => {
      expect(channels.find(parts.app, name)).toBeUndefined()
      const { channel } = channels.join(client.connection, channelName(name), undefined)
      expect(channels.find(parts.app, name)).toBe(channel)
    })
  })

  describe('#leave', () => {
    it('ends the subscription, and with the last one the channel', () => {
      const other = parts.connect()
      const one = channels.join(client.connection, news, undefined)
      const two = channels.join(other.connection, news, undefined)
      channels.leave(one)
      expect(one.state).toBe('left')
      expect(client.connection.subscriptions.size).toBe(0)
      expect(channels.find(parts.app, 'news')).toBe(two.channel)
      channels.leave(two)
      expect(channels.find(parts.app, 'news')).toBeUndefined()
    })

    it('follows the channel no more when the last has left it, and anew when somebody comes', () => {
      const [one, two] = [begin(), channels.join(parts.connect().connection, news, undefined)]
      channels.leave(one)
      channels.leave(one)
      expect(relay.followed).toEqual(['follow app-id news'])
      channels.leave(two)
      begin()
      expect(relay.followed).toEqual(['follow app-id news', 'unfollow app-id news', 'follow app-id news'])
    })
  })
})

describe('Channel', () => {
  it('goes from joining to live to left', () => {
    const subscription = begin()
    const { channel } = subscription
    expect(channel.goLive(subscription)).toEqual([])
    expect(subscription.state).toBe('live')
    expect([[...channel.live], channel.joining.size]).toEqual([[client.connection], 0])
    channel.leave(subscription)
    expect(subscription.state).toBe('left')
    expect(channel.empty).toBe(true)
  })

  it('goes from joining to left, and never live afterwards', () => {
    const subscription = begin()
    const { channel } = subscription
    channel.leave(subscription)
    expect(channel.goLive(subscription)).toBeUndefined()
    expect(subscription.state).toBe('left')
    expect(channel.empty).toBe(true)
  })

  it('lets go of what was held for whoever leaves', () => {
    const subscription = begin()
    subscription.hold(Buffer.from('a'), 0)
    expect(client.connection.heldBytes).toBe(1)
    subscription.channel.leave(subscription)
    expect([subscription.release(), client.connection.heldBytes]).toEqual([[], 0])
  })

  it('is not touched by one that has left when its connection is back', () => {
    channels.join(parts.connect().connection, news, undefined)
    const first = begin()
    const { channel } = first
    channel.goLive(first)
    channels.leave(first)
    const second = begin()
    expect(second.channel).toBe(channel)
    channel.goLive(second)
    expect(channel.goLive(first)).toBeUndefined()
    channel.leave(first)
    expect([...channel.live]).toEqual([client.connection])
  })

  it('knows who has got what may still be on its way, until it has arrived or they have left', () => {
    const other = parts.connect().connection
    const [one, two] = [begin(), channels.join(other, news, undefined)]
    const { channel } = one
    for (const subscription of [one, two]) channel.goLive(subscription)
    channel.isAhead(client.connection, 3)
    channel.isAhead(other, 5)
    channel.reached(2)
    expect([...(channel.ahead ?? [])]).toEqual([
      [client.connection, 3],
      [other, 5],
    ])
    channel.reached(4)
    expect([...(channel.ahead ?? [])]).toEqual([[other, 5]])
    channel.leave(two)
    channel.reached(4)
    expect(channel.ahead).toBeNull()
  })
})
