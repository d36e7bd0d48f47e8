import { describe, expect, it, vi } from 'vitest'
import { ManualRegistry } from '../../../test/support/manual-registry.ts'
import { Parts, type TestClient, turn, userData } from '../../../test/support/parts.ts'
import { MemoryRegistry } from '../adapters/memory-registry.ts'

const removed = 'pusher_internal:member_removed'

const unsubscribe = ({ say }: TestClient, channel: string) =>
  say({ event: 'pusher:unsubscribe', data: { channel } })

/** Two clients in a presence channel, told of each other. */
async function twoInRoom(users: readonly [string, string], parts = new Parts()) {
  const clients = [parts.connect(), parts.connect()] as const
  for (const [index, client] of clients.entries())
    client.subscribe('presence-x', userData(users[index] ?? ''))
  for (const client of clients) await client.heard()
  return { parts, clients }
}

describe('leave', () => {
  describe('one channel', () => {
    it('C56 is not acknowledged, and nothing of the channel follows', async () => {
      const parts = new Parts()
      const client = parts.connect()
      client.subscribe('news')
      await client.heard()
      unsubscribe(client, 'news')
      parts.send('news', 'a')
      expect(await client.heard()).toEqual([])
      expect(client.connection.subscriptions.size).toBe(0)
      expect(parts.channels.find(parts.app, 'news')).toBeUndefined()
    })

    it('delivers what was published before', async () => {
      const parts = new Parts()
      const client = parts.connect()
      client.subscribe('news')
      await client.heard()
      parts.send('news', 'a')
      unsubscribe(client, 'news')
      expect(await client.heard()).toEqual(['a'])
    })

    it.each(['news', '', 'a b', '__proto__'])('C56 that it is not in (%j) is ignored', async (channel) => {
      const client = new Parts().connect()
      unsubscribe(client, channel)
      unsubscribe(client, channel)
      expect(await client.heard()).toEqual([])
    })

    it('C66 tells the others that the member is gone, and not whoever went', async () => {
      const { clients } = await twoInRoom(['7', '8'])
      const [one, two] = clients
      unsubscribe(two, 'presence-x')
      await turn()
      expect(one.socket.take()).toEqual([{ event: removed, channel: 'presence-x', data: '{"user_id":"8"}' }])
      expect(await two.heard()).toEqual([])
    })

    it('C65 tells nobody while the user is there with another connection', async () => {
      const { parts, clients } = await twoInRoom(['7', '7'])
      const witness = parts.connect()
      witness.subscribe('presence-x', userData('1'))
      await witness.heard()
      unsubscribe(clients[0], 'presence-x')
      expect(await witness.heard()).toEqual([])
      unsubscribe(clients[1], 'presence-x')
      expect(await witness.heard()).toEqual([removed])
    })

    it('waits for the registry before it says that somebody is gone', async () => {
      const registry = new ManualRegistry()
      const parts = new Parts({ registry })
      const [one, two] = [parts.connect(), parts.connect()]
      for (const client of [one, two]) client.subscribe('presence-x', userData(client.connection.socketId))
      await registry.answerAll()
      await one.heard()
      unsubscribe(two, 'presence-x')
      expect(await one.heard()).toEqual([])
      await registry.answer()
      expect(await one.heard()).toEqual([removed])
    })
  })

  describe('all channels', () => {
    it('C82 has the effect of leaving each', async () => {
      const { parts, clients } = await twoInRoom(['7', '8'])
      const [one, two] = clients
      two.subscribe('news')
      two.subscribe('private-x')
      await parts.leave.all(two.connection)
      expect(await one.heard()).toEqual([removed])
      expect(two.connection.subscriptions.size).toBe(0)
      expect(parts.channels.find(parts.app, 'news')).toBeUndefined()
      expect(parts.channels.find(parts.app, 'private-x')).toBeUndefined()
    })

    it.each(['at once', 'later'])('ends them all although the registry fails for one, %s', async (when) => {
      const registry = new MemoryRegistry()
      const parts = new Parts({ registry })
      const client = parts.connect()
      for (const channel of ['a', 'b', 'c']) client.subscribe(channel)
      vi.spyOn(registry, 'leave').mockImplementationOnce(() => {
        if (when === 'at once') throw new Error('broken')
        return Promise.reject(new Error('broken'))
      })
      await expect(parts.leave.all(client.connection)).rejects.toThrow('broken')
      expect(client.connection.subscriptions.size).toBe(0)
      for (const channel of ['a', 'b', 'c']) expect(parts.channels.find(parts.app, channel)).toBeUndefined()
      expect([...registry.channels(parts.app, '').keys()]).toEqual(['a'])
    })
  })
})
