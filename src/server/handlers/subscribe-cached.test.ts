import { describe, expect, it } from 'vitest'
import { ManualLog } from '../../../test/support/manual-log.ts'
import { ManualRegistry } from '../../../test/support/manual-registry.ts'
import { channelName, Parts, turn, userData } from '../../../test/support/parts.ts'
import { payloadOf } from '../../testing/index.ts'
import { encodeFrame } from '../frame.ts'

const succeeded = 'pusher_internal:subscription_succeeded'
const miss = 'pusher:cache_miss'

/** A server whose log is far away. */
function farAway() {
  const log = new ManualLog()
  const parts = new Parts({ log })
  return { log, parts, client: parts.connect() }
}

describe('subscribing to a cache channel whose log is far away', () => {
  it('waits for the log before it answers', async () => {
    const { log, client } = farAway()
    client.subscribe('cache-x')
    expect(await client.heard()).toEqual([])
    await log.answer()
    expect(await client.heard()).toEqual([succeeded, miss])
  })

  it('C89 brings an event once that is kept before the log is read, and delivered before the answer', async () => {
    const { log, parts, client } = farAway()
    parts.send('cache-x', 'a')
    client.subscribe('cache-x')
    await log.answer()
    await log.answer()
    expect(await client.heard()).toEqual([succeeded, 'a'])
    parts.send('cache-x', 'b')
    await log.answer()
    expect(await client.heard()).toEqual(['b'])
  })

  it('C89 brings an event once that is kept before the log is read, and delivered after the answer', async () => {
    const log = new ManualLog()
    const parts = new Parts({ log })
    const [old, client] = [parts.connect(), parts.connect()]
    old.subscribe('cache-x')
    await log.answer()
    await old.heard()
    // The publisher's node hears of it late: the reader is answered first.
    const event = { event: 'a', data: '{}', frame: encodeFrame('{}'), except: undefined }
    const publishing = log.keep(parts.app, channelName('cache-x'), event)
    await log.answer()
    const { position } = await publishing
    client.subscribe('cache-x')
    await log.answer()
    expect(await client.heard()).toEqual([succeeded, 'a'])
    expect(parts.channels.find(parts.app, 'cache-x')?.ahead?.get(client.connection)).toBe(position)
    parts.send('cache-x', 'b')
    await log.answer()
    expect([await client.heard(), await old.heard()]).toEqual([['b'], ['b']])
    expect(parts.channels.find(parts.app, 'cache-x')?.ahead).toBeNull()
  })

  it('C89 brings an event once that is published and read in the same moment, whoever is answered first', async () => {
    const { log, parts, client } = farAway()
    client.subscribe('cache-x')
    parts.send('cache-x', 'a')
    log.take(2)
    await log.answer()
    await log.answer()
    expect(await client.heard()).toEqual([succeeded, miss, 'a'])
  })

  it('C89 brings what is kept after the log is read, behind the answer, in order', async () => {
    const { log, parts, client } = farAway()
    parts.send('cache-x', 'a')
    client.subscribe('cache-x')
    for (const event of ['b', 'c']) parts.send('cache-x', event)
    for (let call = 0; call < 4; call++) await log.answer()
    expect(await client.heard()).toEqual([succeeded, 'a', 'b', 'c'])
  })

  it('holds what is not kept, too', async () => {
    const { log, parts, client } = farAway()
    const other = parts.connect()
    other.subscribe('presence-cache-x', userData('8'))
    await log.answer()
    client.subscribe('presence-cache-x', userData('7'))
    other.say({ event: 'client-hello', channel: 'presence-cache-x', data: {} })
    await log.answer()
    expect(await client.heard()).toEqual([succeeded, miss, 'client-hello'])
    expect(await other.heard()).toEqual([succeeded, miss, 'pusher_internal:member_added'])
  })

  it('C57 has in its roster whoever comes while the log is asked, and not whoever goes, and tells of neither', async () => {
    const { log, parts, client } = farAway()
    const others = [parts.connect(), parts.connect(), parts.connect()] as const
    const [stays, goes, comes] = others
    for (const other of [stays, goes])
      other.subscribe('presence-cache-x', userData(other.connection.socketId))
    client.subscribe('presence-cache-x', userData('7'))
    comes.subscribe('presence-cache-x', userData(comes.connection.socketId))
    goes.connection.end()
    for (let call = 0; call < 3; call++) await log.answer()
    await turn()
    const [answer, ...rest] = client.socket.take()
    expect(answer && payloadOf(answer)).toMatchObject({ presence: { count: 3, ids: ['1.2', '7', '1.4'] } })
    expect(rest.map(({ event }) => event)).toEqual([miss])
  })

  it('C55 leaves nothing behind of whoever goes while the log is asked', async () => {
    const { log, parts, client } = farAway()
    client.subscribe('presence-cache-x', userData('7'))
    client.say({ event: 'pusher:unsubscribe', data: { channel: 'presence-cache-x' } })
    await log.answer()
    expect(await client.heard()).toEqual([])
    expect(await parts.registry.channels(parts.app, '')).toEqual(new Map())
    expect(parts.channels.find(parts.app, 'presence-cache-x')).toBeUndefined()
  })

  it('C60 fails alone when the log fails: nothing is left behind, and the others hear of a visit', async () => {
    const { log, parts, client } = farAway()
    const other = parts.connect()
    other.subscribe('presence-cache-x', userData('8'))
    await log.answer()
    await other.heard()
    client.subscribe('presence-cache-x', userData('7'))
    await log.fail(new Error('no connection'))
    expect(await client.heard()).toEqual(['pusher:subscription_error'])
    expect(await other.heard()).toEqual(['pusher_internal:member_added', 'pusher_internal:member_removed'])
    expect(client.connection.subscriptions.size).toBe(0)
    expect(parts.lines).toEqual(['Handling subscribe failed: no connection'])
  })

  it('C60 fails alone although the registry is far away, too', async () => {
    const [log, registry] = [new ManualLog(), new ManualRegistry()]
    const parts = new Parts({ log, registry })
    const client = parts.connect()
    client.subscribe('cache-x')
    await registry.answer()
    await log.fail(new Error('no connection'))
    await registry.answerAll()
    expect(await client.heard()).toEqual(['pusher:subscription_error'])
    expect(registry.occupied(parts.app)).toEqual({})
  })

  it('rejects a publish that was not kept, and delivers nothing of it', async () => {
    const { log, parts, client } = farAway()
    client.subscribe('cache-x')
    await log.answer()
    await client.heard()
    const channel = channelName('cache-x')
    const published = parts.publish({ kind: 'published', app: parts.app, channel, event: 'a', data: '' })
    const outcome = expect(published).rejects.toThrow('no connection')
    await log.fail(new Error('no connection'))
    await outcome
    expect(await client.heard()).toEqual([])
  })

  it('takes no entry of whoever has left for one who is ahead', async () => {
    const { log, parts, client } = farAway()
    parts.send('cache-x', 'a')
    await log.answer()
    client.subscribe('cache-x')
    parts.connect().subscribe('cache-x')
    await log.answer()
    await log.answer()
    const channel = parts.channels.find(parts.app, 'cache-x')
    expect(channel?.ahead?.size).toBe(2)
    client.say({ event: 'pusher:unsubscribe', data: { channel: 'cache-x' } })
    expect(channel?.ahead?.size).toBe(1)
  })
})

describe('a subscription that fails late', () => {
  it('leaves the one alone that came after it on the same channel', async () => {
    const { log, client } = farAway()
    client.subscribe('cache-x')
    client.say({ event: 'pusher:unsubscribe', data: { channel: 'cache-x' } })
    client.subscribe('cache-x')
    await log.fail(new Error('no connection'))
    await log.answer()
    expect(await client.heard()).toEqual([succeeded, miss])
    expect(client.connection.subscriptions.get('cache-x')?.state).toBe('live')
  })

  it('C60 is told once, and ends nothing else, when the registry fails as well', async () => {
    const [log, registry] = [new ManualLog(), new ManualRegistry()]
    const parts = new Parts({ log, registry })
    const client = parts.connect()
    client.subscribe('cache-x')
    await registry.answer()
    await log.fail(new Error('no log'))
    await registry.fail(new Error('no registry'))
    expect(await client.heard()).toEqual(['pusher:subscription_error'])
    expect(parts.lines).toEqual(['Handling subscribe failed: no registry'])
  })

  it('ends whoever has more held than may wait, and nobody else', async () => {
    const log = new ManualLog()
    const parts = new Parts({ log, sendBuffer: 1000 })
    const [client, other] = [parts.connect(), parts.connect()]
    for (const { subscribe } of [client, other]) subscribe('private-cache-x')
    const channel = channelName('private-cache-x')
    for (let count = 0; count < 2; count++) {
      const data = 'x'.repeat(500)
      const except = other.connection.socketId
      void parts.publish({ kind: 'client', app: parts.app, channel, event: 'client-a', data, except })
    }
    expect(client.socket.closed?.code).toBe(4100)
    expect(other.socket.closed).toBeUndefined()
  })
})
