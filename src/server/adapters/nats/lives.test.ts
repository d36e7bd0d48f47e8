import { describe, expect, it } from 'vitest'
import { FakeJetStream } from '../../../../test/support/fake-jetstream.ts'
import { stale } from '../../cluster/broker.ts'
import { Bucket } from './bucket.ts'
import { ServerClock } from './clock.ts'
import { Lives } from './lives.ts'

const settings = { name: 'ledger', subjects: ['l.>'], replicas: 1, maxAge: 1 }

/** The lives as two nodes see them, whose clocks run as that of the server does. */
async function setUp() {
  const server = new FakeJetStream()
  const open = async () =>
    new Lives(await Bucket.open(server.jetStream, settings, 'l'), new ServerClock(() => server.time))
  return { server, lives: await open(), others: await open() }
}

describe('Lives', () => {
  it('are over for a node whose renewal came too late, even if it was sent in time', async () => {
    const { server, lives, others } = await setUp()
    await others.renew('witness', 60_000, true)
    await lives.renew('late', 1000, true)
    server.time += 900
    server.beforeWrite = () => {
      server.time += 200
    }
    expect(await lives.renew('late', 1000, false)).toBe(stale)
    server.beforeWrite = () => {}
    expect(await lives.until('late')).toBe(undefined)
    expect(await others.renew('witness', 60_000, false)).toEqual({ expired: ['late'], alive: 1 })
  })

  it('are sure no longer than the lease of the server is', async () => {
    const { server, lives } = await setUp()
    await lives.renew('node', 1000, true)
    const until = (await lives.until('node')) ?? 0
    server.time += 998
    expect(lives.isSure('node', until)).toBe(true)
    server.time += 1
    expect(lives.isSure('node', until)).toBe(false)
  })

  it('go on for what was begun before a renewal', async () => {
    const { server, lives } = await setUp()
    await lives.renew('node', 1000, true)
    const until = (await lives.until('node')) ?? 0
    server.time += 900
    await lives.renew('node', 1000, false)
    server.time += 900
    expect(lives.isSure('node', until)).toBe(true)
  })

  it('cannot be renewed by a node that somebody has begun to bury', async () => {
    const { server, lives, others } = await setUp()
    await others.renew('witness', 60_000, true)
    await lives.renew('late', 1000, true)
    expect(await others.buryExpired('late')).toBe('alive')
    server.time += 1001
    await others.renew('witness', 60_000, false)
    expect(await others.buryExpired('late')).toBe('dead')
    server.time -= 500
    expect(await lives.renew('late', 1000, false)).toBe(stale)
  })

  it('are looked at once more, two minutes after nothing was left of them', async () => {
    const { server, lives, others } = await setUp()
    await lives.renew('late', 1000, true)
    server.time += 1001
    await others.renew('witness', 600_000, true)
    await others.buryExpired('late')
    await others.mourn('late')
    expect(await others.renew('witness', 600_000, false)).toEqual({ expired: [], alive: 1 })
    expect(others.graves).toEqual([])
    server.time += 120_001
    await others.renew('witness', 600_000, false)
    expect(others.graves).toEqual(['late'])
    await others.mourn('late')
    await others.renew('witness', 600_000, false)
    expect(others.graves).toEqual([])
  })
})
