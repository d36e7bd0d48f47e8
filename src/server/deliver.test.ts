import { describe, expect, it } from 'vitest'
import { Parts, type TestClient, turn, userData } from '../../test/support/parts.ts'

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
})
