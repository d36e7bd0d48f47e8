import { createRequire } from 'node:module'
import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster, createSentinel } from 'redis'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ConfigurationError } from '../../../support/errors.ts'
import type { RedisOptions } from './redis-options.ts'
import { planOf } from './redis-plan.ts'

vi.mock('node:module', async (original) => {
  const module = await original<typeof import('node:module')>()
  return { ...module, createRequire: vi.fn(module.createRequire) }
})

afterEach(() => {
  vi.mocked(createRequire).mockReset()
})

/** Has only these packages installed. */
function install(...packages: string[]): void {
  const resolve = (name: string) => {
    if (packages.includes(name)) return `/node_modules/${name}`
    throw new Error(`Cannot find package ${name}`)
  }
  vi.mocked(createRequire).mockReturnValue({ resolve } as unknown as NodeJS.Require)
}

const lazy = { lazyConnect: true }
const address = { host: 'one', port: 1 }

describe('planOf', () => {
  it('says where Redis is, and no password', () => {
    install('redis')
    const plans: readonly RedisOptions[] = [
      {},
      { url: 'redis://user:secret@host/3' },
      { url: 'rediss://:secret@[::1]:7000' },
      { sentinels: [address, { host: 'two', port: 2 }], name: 'main', password: 'secret' },
      { cluster: [address, 'redis://user:secret@two:2'], password: 'secret' },
      { client: createClient({ url: 'redis://user:secret@host:7/3' }) },
      { client: createClient({ url: 'rediss://user:secret@host:7/3' }) },
      { client: createCluster({ rootNodes: [] }) },
      { client: createSentinel({ name: 'main', sentinelRootNodes: [address] }) },
      { client: new Redis({ host: 'host', port: 7, password: 'secret', ...lazy }) },
      { client: new Redis({ host: 'host', port: 7, password: 'secret', tls: {}, ...lazy }) },
      { client: new Redis({ sentinels: [address], name: 'main', ...lazy }) },
      { client: new Cluster([address], lazy) },
    ]
    expect(plans.map((options) => planOf(options).address)).toEqual([
      'redis://127.0.0.1:6379',
      'redis://host:6379/3',
      'rediss://[::1]:7000',
      'main of the sentinels one:1, two:2',
      'the cluster of one:1, two:2',
      'redis://host:7',
      'rediss://host:7',
      'the cluster of the given client',
      'the master of the given sentinel client',
      'redis://host:7',
      'rediss://host:7',
      'main of the sentinels of the given client',
      'the cluster of the given client',
    ])
  })

  it.each<RedisOptions>([
    { url: 'http://secret@host' },
    { url: 'secret' },
    { url: 'redis://' },
    { url: 'redis://:secret@host/first' },
    { url: 'redis://:secret%off@host' },
    { url: 'redis://secret%off@host' },
    { sentinels: [], name: 'main' },
    { cluster: [] },
    { client: { duplicate: () => 'secret' } },
  ])('refuses %j, without telling secrets', (options) => {
    install('redis')
    expect(() => planOf(options)).toThrow(ConfigurationError)
    expect(() => planOf(options)).not.toThrow('secret')
  })

  it('names the package that is missing, unless a client is given', () => {
    install()
    expect(() => planOf({})).toThrow('npm install redis')
    expect(() => planOf({ client: new Redis(lazy) })).not.toThrow()
    for (const one of ['redis', 'ioredis']) {
      install(one)
      expect(() => planOf({})).not.toThrow()
    }
  })

  it('waits for a cluster client to be connected', async () => {
    for (const client of [createCluster({ rootNodes: [] }), new Cluster([address], lazy)]) {
      await expect(planOf({ client }).route()).rejects.toThrow('not connected')
    }
  })
})
