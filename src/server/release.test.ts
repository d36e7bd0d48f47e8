import { describe, expect, it } from 'vitest'
import { ManualRegistry } from '../../test/support/manual-registry.ts'
import { Parts, userData } from '../../test/support/parts.ts'

describe('release', () => {
  it('undoes everything the connection was part of', async () => {
    const parts = new Parts({ app: { maxConnections: 1 } })
    const client = parts.connect()
    const { app, registry } = parts
    registry.connect(app, client.connection.socketId)
    client.subscribe('news')
    client.subscribe('presence-x', userData('7'))
    client.connection.end()
    await parts.released(5_000)
    expect(parts.connections.size).toBe(0)
    expect(parts.channels.find(app, 'news')).toBeUndefined()
    expect(await registry.channels(app, '')).toEqual(new Map())
    expect(registry.connect(app, client.connection.socketId)).toBe(true)
    expect(parts.metrics.connectionsClosed).toBe(1)
  })

  it('happens once, whatever else ends the connection', () => {
    const parts = new Parts()
    const { connection } = parts.connect()
    connection.close(4200)
    connection.end()
    connection.tooSlow()
    connection.close(4201)
    expect(parts.metrics.connectionsClosed).toBe(1)
  })

  it('never rejects: what fails is logged and counted, and the rest is undone', async () => {
    const registry = new ManualRegistry()
    const parts = new Parts({ registry })
    const client = parts.connect()
    for (const channel of ['a', 'b']) client.subscribe(channel)
    await registry.answerAll()
    client.connection.end()
    await registry.fail(new Error('broken'))
    await registry.answer()
    await registry.fail(new Error('broken'))
    await parts.released(5_000)
    expect(parts.lines).toEqual([`Releasing connection ${client.connection.socketId} failed: broken`])
    expect(parts.metrics.handlerFailures).toBe(1)
    expect(parts.channels.find(parts.app, 'a')).toBeUndefined()
    expect(registry.occupied(parts.app)).toEqual({ a: { subscriptions: 1, users: 0 } })
  })
})
