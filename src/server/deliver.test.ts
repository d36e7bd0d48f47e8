import { describe, expect, it } from 'vitest'
import { ManualRegistry } from '../../test/support/manual-registry.ts'
import { channelName, Parts, type TestClient, turn, userData } from '../../test/support/parts.ts'
import { deliver } from './deliver.ts'
import { encodeFrame } from './frame.ts'

const succeeded = 'pusher_internal:subscription_succeeded'

/** So many subscribers of a channel, all of them answered. */
async function subscribers(parts: Parts, channel: string, count: number) {
  const clients = Array.from({ length: count }, () => parts.connect())
  for (const { subscribe } of clients) subscribe(channel)
  await turn()
  for (const { socket } of clients) socket.take()
  return clients
}

/** How many of them something was written to since the last time. */
const written = (clients: readonly TestClient[]) =>
  clients.filter(({ socket }) => socket.take().length > 0).length

/** A server with one client in a channel, and one that is joining it. */
async function oneJoining() {
  const registry = new ManualRegistry()
  const parts = new Parts({ registry })
  const [live, joining] = [parts.connect(), parts.connect()]
  for (const { subscribe } of [live, joining]) subscribe('news')
  await registry.answer()
  await live.heard()
  return { parts, registry, live, joining }
}

const notice = ({ app }: Parts) => ({ app, channel: channelName('news'), event: 'told', data: '{}' })

describe('deliver', () => {
  it('hands the same bytes to everybody', async () => {
    const parts = new Parts()
    const clients = await subscribers(parts, 'news', 3)
    parts.send('news', 'a')
    await turn()
    expect(new Set(clients.map(({ socket }) => socket.writes.at(-1))).size).toBe(1)
  })

  it('reaches a large channel in slices', async () => {
    const parts = new Parts()
    const clients = await subscribers(parts, 'news', 600)
    parts.send('news', 'a')
    const counts = []
    for (let turns = 0; turns < 3; turns++) {
      await turn()
      counts.push(written(clients))
    }
    expect(counts).toEqual([256, 256, 88])
  })

  it('reaches a channel of 256 before a larger one that was first', async () => {
    const parts = new Parts()
    const large = await subscribers(parts, 'large', 257)
    const small = await subscribers(parts, 'small', 256)
    parts.send('large', 'a')
    parts.send('small', 'a')
    await turn()
    expect([written(large), written(small)]).toEqual([256, 256])
    await turn()
    expect([written(large), written(small)]).toEqual([1, 0])
  })

  it('reaches with all that waits whoever is answered', async () => {
    const parts = new Parts()
    const clients = await subscribers(parts, 'news', 600)
    const last = clients.at(-1)
    parts.send('news', 'a')
    last?.say({ event: 'pusher:ping' })
    await turn()
    expect(last?.socket.take().map(({ event }) => event)).toEqual(['a', 'pusher:pong'])
  })

  it('leaves nobody out when a slow reader ends in the middle of it', async () => {
    const parts = new Parts({ sendBuffer: 1000 })
    const clients = Array.from({ length: 5 }, () => parts.connect())
    for (const { subscribe, connection } of clients) subscribe('presence-x', userData(connection.socketId))
    await turn()
    for (const { socket } of clients) socket.take()
    const slow = clients[2]
    if (slow) slow.socket.queued = 100_000
    const channel = parts.channels.find(parts.app, 'presence-x')?.name
    const data = 'x'.repeat(70_000)
    if (channel) void parts.publish({ kind: 'published', app: parts.app, channel, event: 'large', data })
    expect(slow?.socket.closed?.code).toBe(4100)
    for (const client of clients) {
      if (client === slow) continue
      expect((await client.heard()).sort()).toEqual(['large', 'pusher_internal:member_removed'])
    }
  })

  it('C57 holds for whoever is joining what is for them too', async () => {
    const { parts, registry, live, joining } = await oneJoining()
    expect(parts.publish({ ...notice(parts), kind: 'count' })).toBe(2)
    expect(await live.heard()).toEqual(['told'])
    await registry.answer()
    expect(await joining.heard()).toEqual([succeeded, 'told'])
  })

  it('passes over whoever is joining with what the answer will say', async () => {
    const { parts, registry, live, joining } = await oneJoining()
    expect(parts.publish({ ...notice(parts), kind: 'member' })).toBe(1)
    expect(joining.connection.heldBytes).toBe(0)
    expect(await live.heard()).toEqual(['told'])
    await registry.answer()
    expect(await joining.heard()).toEqual([succeeded])
    expect(parts.publish({ ...notice(parts), kind: 'member' })).toBe(2)
    expect(await joining.heard()).toEqual(['told'])
  })

  it('passes over those who have got what it hands out, and forgets that when they have caught up', async () => {
    const parts = new Parts()
    const [one, two] = await subscribers(parts, 'news', 2)
    const channel = parts.channels.find(parts.app, 'news')
    if (!channel || !one || !two) throw new Error('Nobody is in news')
    channel.isAhead(one.connection, 2)
    const hand = (position: number) =>
      deliver(parts.outbox, channel, encodeFrame(`{"event":"${position}"}`), undefined, position, true)
    expect([2, 0, 3].map(hand)).toEqual([1, 2, 2])
    expect([await one.heard(), await two.heard()]).toEqual([
      ['0', '3'],
      ['2', '0', '3'],
    ])
    expect(channel.ahead).toBeNull()
  })
})
