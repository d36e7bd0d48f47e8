import { Cluster, Redis as IoRedis } from 'ioredis'
import { createCluster, createSentinel } from 'redis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { redisBroker } from '../../src/server/adapters/redis/index.ts'
import { brokerSuite } from '../../src/testing/broker-suite.ts'
import { Authority } from '../support/authority.ts'
import { openBroker } from '../support/broker.ts'
import { ensureBuilt } from '../support/built.ts'
import { portOf, reverb } from '../support/cli.ts'
import { eventually } from '../support/eventually.ts'
import {
  type Redis,
  type RedisSentinels,
  type RedisTls,
  startRedisCluster,
  startSentinels,
  startTlsRedis,
} from '../support/redis.ts'
import { clientOf, type Library, libraries } from '../support/redis-client.ts'

let authority: Authority
let tls: RedisTls
let redis: Redis
let watched: RedisSentinels
let processes: readonly Redis[]

beforeAll(async () => {
  ensureBuilt()
  authority = new Authority()
  tls = { caFile: authority.file, ...authority.sign('server') }
  redis = await startTlsRedis(tls)
  watched = await startSentinels(tls)
  processes = await startRedisCluster(tls)
}, 120_000)

afterAll(async () => {
  const all = [redis, ...(watched?.processes ?? []), ...(processes ?? [])]
  await Promise.all(all.map((one) => one?.kill()))
  authority?.remove()
})

/** A Redis of this test alone. */
async function ownRedis(files: RedisTls, ...options: string[]): Promise<Redis> {
  const own = await startTlsRedis(files, ...options)
  onTestFinished(() => own.kill())
  return own
}

describe.each(libraries)('A redis broker over TLS, by a client of the package %s', (library) => {
  const suite = brokerSuite((prefix) =>
    redisBroker({ ...clientOf(library, redis.url, { ca: authority.pem }), prefix }),
  )
  for (const { title, run } of suite) it.concurrent(title, run, 30_000)

  it('is connected again with a Redis that was restarted', async () => {
    const restarted = await ownRedis(tls)
    const options = clientOf(library, restarted.url, { ca: authority.pem })
    const { broker, node, lost } = await openBroker({ ...options, prefix: 'restarted' })
    expect(broker.address).toBe(restarted.url)
    await restarted.kill()
    // What ends a connection that was open is no matter of TLS.
    expect(await lost()).not.toMatch(/TLS|^$/)
    await restarted.start()
    await node.connected()
    await node.begin()
  })

  it('shows the certificate that Redis asks for', async () => {
    const strict = await ownRedis(tls, '--tls-auth-clients', 'yes')
    const { cert, key } = authority.sign('client', 'DNS:client')
    const options = clientOf(library, strict.url, { ca: authority.pem, cert, key })
    const { node } = await openBroker({ ...options, prefix: 'strict' })
    await node.begin()
  })

  it('expects the certificate of the servername', async () => {
    const named = await ownRedis({ ...tls, ...authority.sign('named', 'DNS:redis.example.com') })
    const options = clientOf(library, named.url, { ca: authority.pem, servername: 'redis.example.com' })
    const { node } = await openBroker({ ...options, prefix: 'named' })
    await node.begin()
  })
})

describe('Over TLS', () => {
  /** Clients that find a Redis by asking others. */
  const clients = {
    'a sentinel client of the package redis': async () => {
      const socket = { tls: true as const, ca: authority.pem }
      return createSentinel({
        name: watched.name,
        sentinelRootNodes: [...watched.sentinels],
        sentinelClientOptions: { socket },
        nodeClientOptions: { socket },
      })
    },
    'a client of the package ioredis that asks sentinels': async () => {
      const files = { ca: authority.pem }
      const ways = { sentinelTLS: files, tls: files, enableTLSForSentinelMode: true }
      return new IoRedis({
        name: watched.name,
        sentinels: [...watched.sentinels],
        ...ways,
        lazyConnect: true,
      })
    },
    'a cluster client of the package redis': async () => {
      const rootNodes = processes.map(({ url }) => ({ url }))
      const client = createCluster({ rootNodes, defaults: { socket: { tls: true, ca: authority.pem } } })
      onTestFinished(() => client.destroy())
      await client.on('error', () => {}).connect()
      return client
    },
    'a cluster client of the package ioredis': async () => {
      const nodes = processes.map(({ port }) => ({ host: '127.0.0.1', port }))
      const client = new Cluster(nodes, { redisOptions: { tls: { ca: authority.pem } }, lazyConnect: true })
      onTestFinished(() => client.disconnect())
      await client.on('error', () => {}).connect()
      return client
    },
  }

  it.each(Object.entries(clients))('%s is followed', async (way, create) => {
    const { broker, node } = await openBroker({ client: await create(), prefix: way.replaceAll(' ', '-') })
    await node.begin()
    await node.hold({ appId: 'app', channel: 'news' })
    await broker.roads.subscribe(['one', 'other', 'third'])
    await node.send('third', 'hello')
    expect(await node.text('third')).toBe('hello')
  })

  /** Before everything else in a process: the package redis, which would be preferred, is not installed. */
  const withoutRedis = `
    const modules = require('node:module')
    const resolve = modules._resolveFilename
    modules._resolveFilename = function (name, ...rest) {
      if (/^@?redis(\\/|$)/.test(name)) throw new Error(name + ' is not there')
      return resolve.call(this, name, ...rest)
    }
  `
  const environments = {
    redis: {},
    ioredis: { NODE_OPTIONS: '--require ./without-redis.cjs' },
  }

  const options = {
    'a URL': () => ({ redisUrl: redis.url }),
    sentinels: () => ({ redis: { name: watched.name, sentinels: watched.sentinels, tls: true } }),
    'a cluster': () => ({ redis: { cluster: processes.map(({ url }) => url) } }),
  }
  const ways = Object.entries(options)
  const cases = libraries.flatMap((library) => ways.map(([way, given]) => ({ library, way, given })))

  function begin(library: Library, config: object, env: Record<string, string>, dotenv = '') {
    const files = {
      'reverb.json': JSON.stringify({ scalingDriver: 'redis', ...config }),
      'without-redis.cjs': withoutRedis,
      '.env': dotenv,
    }
    const start = ['start', '--config', 'reverb.json', '--host', '127.0.0.1', '--port', '0']
    return reverb(start, { ...environments[library], ...env }, files)
  }

  it.each(cases)(
    'NODE_EXTRA_CA_CERTS names the CA of $way, by the package $library',
    async ({ library, given }) => {
      const run = await begin(library, given(), { NODE_EXTRA_CA_CERTS: authority.file })
      const port = await portOf(run)
      await eventually(async () => (await fetch(`http://127.0.0.1:${port}/ready`)).status).toBe(200)
      expect(run.printed()).toContain('has joined the others over redis at ')
    },
  )

  it.each(libraries)('a line in .env names the CA too late, by the package %s', async (library) => {
    const redisUrl = redis.url.replace('//', '//reverb:s3cr3t@')
    const run = await begin(library, { redisUrl }, {}, `NODE_EXTRA_CA_CERTS=${authority.file}`)
    const reason = `redis at ${redis.url} cannot be reached: self-signed certificate in certificate chain`
    await eventually(run.printed).toContain(reason)
    expect(run.printed()).toContain('; name the file of its CA in NODE_EXTRA_CA_CERTS')
    expect(run.printed()).not.toContain('s3cr3t')
  })
})
