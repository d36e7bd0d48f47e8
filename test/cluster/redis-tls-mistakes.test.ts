import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { createSentinel } from 'redis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { RedisOptions } from '../../src/server/adapters/redis/index.ts'
import { Api, apiApp } from '../support/api.ts'
import { Authority } from '../support/authority.ts'
import { beginBroker } from '../support/broker.ts'
import type { Certificate } from '../support/certificate.ts'
import { eventually } from '../support/eventually.ts'
import { type Redis, startRedis, startTlsRedis } from '../support/redis.ts'
import { clientOf, type Library, libraries } from '../support/redis-client.ts'
import { startServer } from '../support/server.ts'

let authority: Authority
let stranger: Authority
let right: Certificate

beforeAll(() => {
  authority = new Authority()
  stranger = new Authority()
  right = authority.sign('right')
})

afterAll(() => {
  authority?.remove()
  stranger?.remove()
})

const password = 's3cr:t'
const user = ['--user', 'reverb', 'on', `>${password}`, '~*', '&*', '+@all']

function urlOf(scheme: 'redis' | 'rediss', { port }: Redis): string {
  return `${scheme}://reverb:${encodeURIComponent(password)}@127.0.0.1:${port}`
}

/** A Redis with this certificate, which speaks TLS. */
function secure(certificate: Certificate, ...options: string[]): Promise<Redis> {
  return startTlsRedis({ caFile: authority.file, ...certificate }, ...user, ...options)
}

/** By a client that knows the CA. */
function knowing(library: Library, redis: Redis): RedisOptions {
  return clientOf(library, urlOf('rediss', redis), { ca: authority.pem })
}

interface Mistake {
  start(): Promise<Redis>
  options(library: Library, redis: Redis): RedisOptions
  /** The whole reason. */
  readonly reason: RegExp
  /** The setting of Redis with which it is none any more. */
  remedy(redis: Redis): readonly string[]
}

const anotherCertificate = () => ['tls-cert-file', right.certFile, 'tls-key-file', right.keyFile]

const mistakes: Readonly<Record<string, Mistake>> = {
  'a certificate of an unknown CA': {
    start: () => secure(stranger.sign('strange')),
    options: knowing,
    reason:
      /^(self-signed|unable to verify).*; name the file of its CA in NODE_EXTRA_CA_CERTS, or give a client that has it as ca$/,
    remedy: anotherCertificate,
  },
  'a certificate that has expired': {
    start: () => secure(authority.sign('old', undefined, -1)),
    options: knowing,
    reason: /^certificate has expired$/,
    remedy: anotherCertificate,
  },
  'a certificate of another host': {
    start: () => secure(authority.sign('other', 'DNS:redis.example.com')),
    options: knowing,
    reason:
      /^Hostname.*127\.0\.0\.1.*; use a host that the certificate has, or give a client with the right servername$/,
    remedy: anotherCertificate,
  },
  'no client certificate where Redis asks for one': {
    start: () => secure(right, '--tls-auth-clients', 'yes'),
    options: knowing,
    // Which of the two depends on whether the refusal or the end of the connection is noticed first.
    reason:
      /^(TLS failed: .*alert certificate required; does Redis ask for a client certificate\? Give a client with cert and key|.*(ECONNRESET|EPIPE|closed.*); does Redis speak TLS there, and does it ask for a client certificate\?)$/,
    remedy: () => ['tls-auth-clients', 'no'],
  },
  'redis:// where Redis speaks TLS': {
    start: () => secure(right),
    options: (library, redis) =>
      library === 'redis' ? { url: urlOf('redis', redis) } : clientOf(library, urlOf('redis', redis)),
    reason:
      /(ECONNRESET|EPIPE|closed.*); does Redis expect TLS there\? Then it is rediss:\/\/, or the option tls$/,
    remedy: ({ port }) => ['tls-port', '0', 'port', String(port)],
  },
  'rediss:// where Redis speaks no TLS': {
    start: () => {
      const files = ['--tls-ca-cert-file', authority.file, '--tls-cert-file', right.certFile]
      return startRedis(...files, '--tls-key-file', right.keyFile, '--tls-auth-clients', 'no', ...user)
    },
    options: knowing,
    reason:
      /^(Connection timeout|connect ETIMEDOUT|TLS failed: wrong version number); does Redis speak TLS there\? Without, it is redis:\/\/$/,
    remedy: ({ port }) => ['port', '0', 'tls-port', String(port)],
  },
}

/** A node that is refused for now, and what it writes on its log. */
async function startNode(redis: RedisOptions) {
  const log: string[] = []
  const note = (line: string) => void log.push(line)
  const logger = { debug: note, info: note, warn: note, error: note }
  return { node: await startServer({ scalingDriver: 'redis', redis, logger }), log }
}

/** What has been logged as the reason, over time. */
function reasonsOf(log: readonly string[]): readonly string[] {
  const end = '; this node goes on alone'
  return log.filter((line) => line.endsWith(end)).map((line) => line.slice(0, -end.length))
}

/** What the first reason is called, without the address before it; that of the moment stands at `/ready`. */
async function reasonAt({ node, log }: Awaited<ReturnType<typeof startNode>>): Promise<string> {
  const { server, port } = node
  await eventually(() => server.trouble).toContain(' cannot be reached: ')
  const ready = await new Api({ port, app: apiApp }).call('GET', '/ready', { base: '' })
  // By now an attempt may have failed for another reason than the first.
  const reasons = reasonsOf(log)
  expect(ready).toMatchObject({ status: 503, body: { error: expect.toBeOneOf([...reasons]) } })
  expect(log.join()).not.toContain(password)
  expect(log.join()).not.toContain(encodeURIComponent(password))
  const [trouble = ''] = reasons
  return trouble.replace(/^redis at rediss?:\/\/127\.0\.0\.1:\d+ cannot be reached: /, '')
}

describe('A node that is to reach Redis', () => {
  it.each(Object.entries(mistakes))(
    'with %s says so, goes on alone, and joins when it can',
    async (_, { start, options, reason, remedy }) => {
      const redis = await start()
      onTestFinished(() => redis.kill())
      const nodes = await Promise.all(libraries.map((library) => startNode(options(library, redis))))
      for (const refused of nodes) expect(await reasonAt(refused)).toMatch(reason)
      for (const { node } of nodes) {
        const client = await node.connect()
        await client.join('news')
        expect(await node.publish('news', 'local')).toBe(1)
        expect(await client.next()).toMatchObject({ event: 'local' })
      }
      await redis.cli('config', 'set', ...remedy(redis))
      for (const { node, log } of nodes) {
        await eventually(() => node.server.trouble ?? 'joined').toBe('joined')
        // Attempts that fail like one before are not worth a line.
        const reasons = reasonsOf(log)
        expect(reasons).toEqual([...new Set(reasons)])
      }
    },
    40_000,
  )
})

describe.each(libraries)('A redis broker by the package %s', (library) => {
  it('ends connections amid their TLS handshake, and not the process', async () => {
    const redis = await secure(stranger.sign('many'))
    onTestFinished(() => redis.kill())
    const uncaught: unknown[] = []
    const hear = (error: unknown) => void uncaught.push(error)
    process.prependListener('uncaughtException', hear)
    onTestFinished(() => void process.off('uncaughtException', hear))
    // The second connection of each is ended when the first is refused; in half of the cases that is early enough.
    for (let attempt = 0; attempt < 20; attempt++) {
      const { broker, lost } = beginBroker({ ...knowing(library, redis), prefix: 'many' })
      await lost()
      await broker.close()
    }
    // Redis answers this after it has answered them.
    await redis.cli('ping')
    expect(uncaught).toEqual([])
  })
})

describe('What answers to redis:// with an alert of TLS', () => {
  /** Its kind, fatal, and that the version is none. */
  const alert = Buffer.from([0x15, 3, 1, 0, 2, 2, 70])

  it.each<[string, (port: number) => RedisOptions]>([
    ['a URL', (port) => ({ url: `redis://127.0.0.1:${port}` })],
    ['a client of the package ioredis', (port) => clientOf('ioredis', `redis://127.0.0.1:${port}`)],
    ['sentinels', (port) => ({ name: 'main', sentinels: [{ host: '127.0.0.1', port }] })],
  ])('is taken for TLS, by %s', async (_, options) => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end(alert))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const { lost } = beginBroker({ ...options((server.address() as AddressInfo).port), prefix: 'alert' })
    expect(await lost()).toMatch(/^Unknown RESP type 21 .*; does Redis expect TLS there\?/)
  })
})

describe('A sentinel client of the package redis', () => {
  it('passes on why its sentinels cannot be asked', async () => {
    const redis = await secure(stranger.sign('sentinel'))
    onTestFinished(() => redis.kill())
    const socket = { tls: true as const, ca: authority.pem }
    const client = createSentinel({
      name: 'main',
      sentinelRootNodes: [{ host: '127.0.0.1', port: redis.port }],
      sentinelClientOptions: { socket },
    })
    const { lost } = beginBroker({ client, prefix: 'refused' })
    expect(await lost()).toMatch(/^(self-signed|unable to verify)/)
  })
})
