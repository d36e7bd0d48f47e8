import { describe, expect, it, onTestFinished } from 'vitest'
import { channelName, Parts, type TestClient } from '../../test/support/parts.ts'

const mebibyte = 1_048_576

/** A client whose network takes in each turn of the event loop what was written before, as a healthy one's does. */
function healthyClient(parts: Parts, channel: string): TestClient {
  const client = parts.connect()
  const { socket } = client
  const write = socket.write.bind(socket)
  socket.write = (bytes) => {
    write(bytes)
    socket.queued += bytes.length
  }
  const drain = () => {
    socket.queued = 0
    next = setImmediate(drain)
  }
  let next = setImmediate(drain)
  onTestFinished(() => clearImmediate(next))
  client.subscribe(channel)
  return client
}

const bytesOf = ({ socket }: TestClient) => socket.writes.reduce((bytes, { length }) => bytes + length, 0)

/** What the server keeps for a client, in bytes. */
function keptFor({ connection, socket }: TestClient): number {
  return (connection.waiting?.size ?? 0) + socket.queued
}

describe('A loop that awaits publish 10 000 times and does nothing else', () => {
  // Fewer and more than are written before the others.
  it.each([2, 300])('piles up no more than 2 MiB and closes none of %i healthy clients', async (count) => {
    const parts = new Parts()
    const clients = Array.from({ length: count }, () => healthyClient(parts, 'news'))
    const data = 'x'.repeat(1000)
    const event = {
      kind: 'published',
      app: parts.app,
      channel: channelName('news'),
      event: 'a',
      data,
    } as const
    let [most, recipients] = [0, 0]
    for (let published = 0; published < 10_000; published++) {
      const answer = parts.publish(event)
      for (const client of clients) most = Math.max(most, keptFor(client))
      recipients += await answer
    }
    expect(recipients).toBe(10_000 * count)
    expect(most).toBeLessThanOrEqual(2 * mebibyte)
    await parts.outbox.turnEnded()
    await parts.outbox.turnEnded()
    for (const { connection, socket } of clients) {
      expect([connection.open, socket.closed]).toEqual([true, undefined])
    }
    // All got the same; one of them shows what it was.
    expect(new Set(clients.map(bytesOf)).size).toBe(1)
    expect(clients[0]?.socket.take().filter(({ event }) => event === 'a')).toHaveLength(10_000)
  })
})
