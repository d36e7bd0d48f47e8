import { afterEach, describe, expect, it, vi } from 'vitest'
import { loadNats } from './library.ts'

afterEach(() => {
  vi.doUnmock('@nats-io/jetstream')
})

describe('loadNats', () => {
  it('says how to install what is missing', async () => {
    vi.doMock('@nats-io/jetstream', () => {
      throw new Error("Cannot find package '@nats-io/jetstream'")
    })
    await expect(loadNats()).rejects.toThrow(
      'NATS needs its client: npm install @nats-io/transport-node @nats-io/jetstream',
    )
  })

  it('refuses replicas of servers that are too old to keep them', async () => {
    const found = { config: { num_replicas: 3 } }
    const manager = { streams: { info: async () => found } }
    vi.doMock('@nats-io/jetstream', () => ({ jetstream: () => ({}), jetstreamManager: async () => manager }))
    const library = await loadNats()
    const open = async (version: string) => {
      // Of a connection nothing else is used here.
      const connection = { info: { version } } as unknown as Parameters<typeof library.jetStream>[0]
      const { open } = await library.jetStream(connection)
      const settings = { name: 'ledger', subjects: ['l.>'], replicas: 3, maxAge: 1 }
      return open(settings)
    }
    await expect(open('2.9.20')).rejects.toThrow(
      'NATS 2.9.20 loses writes where there are replicas: it must be 2.9.21 or later, or the replicas 1',
    )
    expect([await open('2.9.21'), await open('2.10.0')]).toEqual([3, 3])
  })
})
