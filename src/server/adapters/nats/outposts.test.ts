import { afterEach, describe, expect, it, vi } from 'vitest'
import { eventually } from '../../../../test/support/eventually.ts'
import { pending } from '../../../../test/support/pending.ts'
import type { NatsConnection, NatsMessage } from './connection.ts'
import { Outposts } from './outposts.ts'

/** Servers that pass on what is published over the connection to one of them, or keep it. */
class FakeCluster {
  readonly kept = new Set<string>()
  readonly connections: FakeConnection[] = []
  published = 0

  readonly dial = async (server: string): Promise<NatsConnection> => {
    const connection = new FakeConnection(this, server)
    this.connections.push(connection)
    return connection
  }

  publish(payload: Uint8Array): void {
    this.published++
    for (const { info, isOpen, hear } of this.connections) {
      if (isOpen && !this.kept.has(info.server_id)) hear(payload)
    }
  }

  openTo(server: string): number {
    return this.connections.filter(({ info, isOpen }) => isOpen && info.server_id === server).length
  }
}

class FakeConnection implements NatsConnection {
  readonly info: { readonly max_payload: number; readonly server_id: string }
  isOpen = true
  hear: (payload: Uint8Array) => void = () => {}
  readonly #cluster: FakeCluster
  #close: () => void = () => {}
  readonly #closed: Promise<void>

  constructor(cluster: FakeCluster, server: string) {
    this.info = { max_payload: 1, server_id: server }
    this.#cluster = cluster
    this.#closed = new Promise((resolve) => {
      this.#close = resolve
    })
  }

  publish(_subject: string, payload: Uint8Array): void {
    this.#cluster.publish(payload)
  }

  subscribe(subject: string, { callback }: { callback: (error: null, message: NatsMessage) => void }) {
    this.hear = (data) => callback(null, { subject, data })
    return { unsubscribe: () => {} }
  }

  closed(): Promise<void> {
    return this.#closed
  }

  async close(): Promise<void> {
    this.isOpen = false
    this.#close()
  }

  async flush(): Promise<void> {}
  async *status() {}
  async reconnect(): Promise<void> {}
}

let outposts: Outposts | undefined

async function setUp() {
  const cluster = new FakeCluster()
  const main = await cluster.dial('a')
  const dials = ['a', 'b', 'c'].map((server) => () => cluster.dial(server))
  outposts = await Outposts.open(main, 'calls', dials)
  return { cluster, outposts }
}

afterEach(() => outposts?.end())

describe('Outposts', () => {
  it('are at every server but the own', async () => {
    const { cluster } = await setUp()
    expect(['a', 'b', 'c'].map((server) => cluster.openTo(server))).toEqual([1, 1, 1])
  })

  it('are reached when each server has passed on what was said', async () => {
    const { cluster, outposts } = await setUp()
    cluster.kept.add('b')
    const reached = vi.fn()
    const reaching = outposts.reach().then(reached)
    const before = cluster.published
    await eventually(() => cluster.published).toBeGreaterThan(before + 2)
    expect(reached).not.toHaveBeenCalled()
    cluster.kept.delete('b')
    await reaching
  })

  it('are not waited for when they are gone', async () => {
    const { cluster, outposts } = await setUp()
    cluster.kept.add('b')
    const reaching = outposts.reach()
    for (const connection of cluster.connections) {
      if (connection.info.server_id === 'b') await connection.close()
    }
    await reaching
  })

  it('are given up when they hear nothing for a second, and made anew', async () => {
    const { cluster, outposts } = await setUp()
    cluster.kept.add('b')
    await outposts.reach()
    expect(cluster.openTo('b')).toBe(0)
    cluster.kept.delete('b')
    await eventually(() => cluster.openTo('b')).toBe(1)
  })

  it('are gone when they are ended, also one that is being made', async () => {
    const cluster = new FakeCluster()
    const main = await cluster.dial('a')
    const asked = pending<void>()
    const made = pending<void>()
    const ended = await Outposts.open(main, 'calls', [
      () => cluster.dial('b'),
      async () => {
        asked.resolve()
        await made.promise
        return cluster.dial('c')
      },
    ])
    await asked.promise
    ended.end()
    made.resolve()
    await eventually(() => cluster.connections.length).toBe(3)
    await eventually(() => cluster.openTo('b') + cluster.openTo('c')).toBe(0)
  })
})
