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
})
