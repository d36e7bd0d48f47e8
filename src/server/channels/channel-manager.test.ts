import { beforeEach, describe, expect, it } from 'vitest'
import { channelName, makeApp, Parts, type TestClient } from '../../../test/support/parts.ts'
import { ChannelManager } from './channel-manager.ts'

const news = channelName('news')

let parts: Parts
let client: TestClient
let channels: ChannelManager

beforeEach(() => {
  parts = new Parts()
  client = parts.connect()
  channels = new ChannelManager()
})

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
  })
})

describe('Channel', () => {
  const begin = () => channels.join(client.connection, news, undefined)

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
})
