import { describe, expect, it } from 'vitest'
import { ManualRegistry } from '../../../test/support/manual-registry.ts'
import { Parts, type TestClient, turn, userData } from '../../../test/support/parts.ts'
import type { ServerMessage } from '../../testing/index.ts'
import type { AppOptions } from '../apps/app-options.ts'

/** Everything that was written to a client since the last time. */
async function messages({ socket }: TestClient): Promise<ServerMessage[]> {
  await turn()
  return socket.take()
}

/** A server with two clients in a channel. */
async function twoIn(channel: string, app: Partial<AppOptions> = {}) {
  const parts = new Parts({ app })
  const [sender, other] = [parts.connect(), parts.connect()]
  for (const client of [sender, other]) client.subscribe(channel, channelData(channel, client))
  for (const client of [sender, other]) await client.heard()
  return { parts, sender, other }
}

const channelData = (channel: string, { connection }: TestClient) =>
  channel.startsWith('presence-') ? userData(connection.socketId) : undefined

const error = (code: number | null, channel: string) => ({
  event: 'pusher:error',
  data: { code, message: expect.stringMatching(/\S/) },
  channel,
})

const typing = { event: 'client-typing', data: { on: true } }

describe('a client event', () => {
  it.each(['private-x', 'private-cache-x'])(
    'C96 C97 on %s reaches the others as text, without a user',
    async (channel) => {
      const { sender, other } = await twoIn(channel)
      sender.say({ ...typing, channel, user_id: 'forged', extra: 1 })
      expect(await messages(other)).toEqual([{ event: 'client-typing', channel, data: '{"on":true}' }])
      expect(await messages(sender)).toEqual([])
    },
  )

  it.each(['presence-x', 'presence-cache-x'])('C99 on %s says who sent it', async (channel) => {
    const { sender, other } = await twoIn(channel)
    sender.say({ ...typing, channel, user_id: 'forged' })
    expect(await messages(other)).toEqual([
      { event: 'client-typing', channel, data: '{"on":true}', user_id: '1.1' },
    ])
  })

  it.each([
    ['text', '"text"'],
    ['', '""'],
    [undefined, '"null"'],
    [7, '"7"'],
    [[1, 2], '"[1,2]"'],
  ])('C97 C98 with data %j carries %s', async (data, text) => {
    const { sender, other } = await twoIn('private-x')
    sender.say({ event: 'client-a', channel: 'private-x', data })
    const [message] = await messages(other)
    expect(JSON.stringify(message?.data)).toBe(text)
  })

  it.each(['news', 'cache-x', 'private-encrypted-x', 'private-encrypted-cache-x', '#server-to-user-7', ''])(
    'C101 on %j is refused',
    async (channel) => {
      const { sender, other } = await twoIn(channel === '' ? 'news' : channel)
      sender.say({ ...typing, channel })
      expect(await messages(sender)).toEqual([error(null, channel)])
      expect(await messages(other)).toEqual([])
    },
  )

  it('C100 of a client that has not joined the channel is refused', async () => {
    const { parts, other } = await twoIn('private-x')
    const stranger = parts.connect()
    stranger.say({ ...typing, channel: 'private-x' })
    expect(await messages(stranger)).toEqual([error(null, 'private-x')])
    expect(await messages(other)).toEqual([])
  })

  it('C100 of a client that is still joining is refused', async () => {
    const parts = new Parts({ registry: new ManualRegistry() })
    const client = parts.connect()
    client.subscribe('private-x')
    client.say({ ...typing, channel: 'private-x' })
    expect(await messages(client)).toEqual([error(null, 'private-x')])
  })

  describe('where the app allows them to all', () => {
    it('C102 passes on public channels too', async () => {
      const { sender, other } = await twoIn('news', { clientEvents: 'all' })
      sender.say({ ...typing, channel: 'news' })
      expect(await messages(other)).toEqual([
        { event: 'client-typing', channel: 'news', data: '{"on":true}' },
      ])
    })

    it('C102 is refused all the same without a subscription', async () => {
      const { parts } = await twoIn('news', { clientEvents: 'all' })
      const stranger = parts.connect()
      stranger.say({ ...typing, channel: 'news' })
      expect(await messages(stranger)).toEqual([error(null, 'news')])
    })

    it('C101 is refused all the same on encrypted channels', async () => {
      const { sender } = await twoIn('private-encrypted-x', { clientEvents: 'all' })
      sender.say({ ...typing, channel: 'private-encrypted-x' })
      expect(await messages(sender)).toEqual([error(null, 'private-encrypted-x')])
    })
  })

  it('C103 is refused with 4301 where the app allows none', async () => {
    const { sender, other } = await twoIn('private-x', { clientEvents: 'none' })
    sender.say({ ...typing, channel: 'private-x' })
    expect(await messages(sender)).toEqual([error(4301, 'private-x')])
    expect(await messages(other)).toEqual([])
  })

  it('C104 is refused with 4301 above the rate, and the connection stays', async () => {
    const { parts, sender, other } = await twoIn('private-x', { clientEventRate: 3 })
    for (let count = 0; count < 5; count++) sender.say({ ...typing, channel: 'private-x' })
    expect(await other.heard()).toEqual(Array(3).fill('client-typing'))
    expect(await messages(sender)).toEqual(Array(2).fill(error(4301, 'private-x')))
    expect(sender.connection.open).toBe(true)
    expect(parts.metrics.clientEventsAccepted).toBe(3)
  })

  it('C104 counts against the rate when it is refused for something else, too', async () => {
    const { sender, other } = await twoIn('private-x', { clientEventRate: 3 })
    for (let count = 0; count < 3; count++) sender.say({ ...typing, channel: 'private-other' })
    sender.say({ ...typing, channel: 'private-x' })
    expect((await messages(sender)).at(-1)).toEqual(error(4301, 'private-x'))
    expect(await other.heard()).toEqual([])
  })

  it('C105 may carry as many bytes as the app allows, and not one more', async () => {
    const { sender, other } = await twoIn('private-x', { maxClientEventSize: 10 })
    sender.say({ event: 'client-a', channel: 'private-x', data: 'é'.repeat(5) })
    sender.say({ event: 'client-b', channel: 'private-x', data: `${'é'.repeat(5)}x` })
    expect(await other.heard()).toEqual(['client-a'])
    expect(await messages(sender)).toEqual([error(4301, 'private-x')])
  })

  it('C106 has a name of at most 200 characters', async () => {
    const { sender, other } = await twoIn('private-x')
    const longest = `client-${'a'.repeat(193)}`
    sender.say({ event: longest, channel: 'private-x' })
    sender.say({ event: `${longest}a`, channel: 'private-x' })
    expect(await other.heard()).toEqual([longest])
    expect(await messages(sender)).toEqual([error(4301, 'private-x')])
  })

  it('C106 begins with client-, else nobody hears it', async () => {
    const { sender, other } = await twoIn('private-x')
    for (const event of ['Xclient-foo', 'client_foo', 'Client-foo'])
      sender.say({ event, channel: 'private-x' })
    expect(await other.heard()).toEqual([])
    expect(await sender.heard()).toEqual(Array(3).fill('pusher:error'))
  })
})
