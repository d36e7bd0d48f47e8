import { IncomingMessage } from 'node:http'
import { Socket as NetSocket } from 'node:net'
import { PassThrough } from 'node:stream'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ManualRegistry } from '../../test/support/manual-registry.ts'
import { makeApp, Parts, turn } from '../../test/support/parts.ts'
import { silentLogger } from '../support/logger.ts'
import { FakeSocket, payloadOf } from '../testing/index.ts'
import type { Registry } from './adapter.ts'
import type { App } from './apps/app.ts'
import type { AppOptions } from './apps/app-options.ts'
import type { Apps } from './apps/apps.ts'
import { Connector, type ConnectTarget } from './connect.ts'
import { RefusalLog } from './refusal-log.ts'
import type { SocketListener, Transport } from './transport.ts'

/** What came of one upgrade. */
interface Upgrade {
  readonly socket: FakeSocket
  readonly listener: SocketListener
  readonly maxMessageSize: number
}

/** Completes every handshake. */
class FakeTransport implements Transport {
  readonly upgrades: Upgrade[] = []

  upgrade(...[, , , maxMessageSize, opened]: Parameters<Transport['upgrade']>): void {
    const socket = new FakeSocket()
    this.upgrades.push({ socket, listener: opened(socket), maxMessageSize })
  }
}

interface Given {
  app?: Partial<AppOptions>
  apps?: Partial<Apps>
  registry?: Registry
  connectRate?: number
  trustProxy?: number
}

/** How somebody asks to connect. */
interface Asked {
  target?: Partial<ConnectTarget>
  query?: string
  headers?: Record<string, string>
}

/** A logger, and every line with its level. */
function listening() {
  const lines: string[] = []
  const at = (level: string) => (line: string) => void lines.push(`${level}: ${line}`)
  return { lines, logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } }
}

function makeConnector({ connectRate = 0, trustProxy = 0, apps = {}, ...given }: Given = {}) {
  const parts = new Parts(given)
  const transport = new FakeTransport()
  const { lines, logger } = listening()
  const refusalLog = new RefusalLog(logger)
  const connector = new Connector({
    ...parts,
    transport,
    apps: {
      findByKey: (key) => (key === parts.app.key ? parts.app : undefined),
      current: (app) => app,
      ...apps,
    },
    logger: silentLogger,
    refusalLog,
    connectRate,
    trustProxy,
  })
  const upgrade = ({ target = {}, query = 'protocol=7', headers = {} }: Asked = {}) => {
    const request = new IncomingMessage(new NetSocket())
    request.url = `/app/app-key?${query}`
    request.headers = headers
    const stream = new PassThrough()
    connector.upgrade(request, stream, Buffer.alloc(0), { key: 'app-key', only: undefined, ...target })
    return stream
  }
  const connect = (asked: Asked = {}): Upgrade => {
    upgrade(asked)
    const made = transport.upgrades.at(-1)
    if (made === undefined) throw new Error('No handshake was completed')
    return made
  }
  return { parts, transport, connector, upgrade, connect, lines }
}

/** The code with which a socket was refused: the only message, and the close. */
function refusal({ socket }: Upgrade): unknown {
  const [message, ...others] = socket.take()
  expect(others).toEqual([])
  expect(message).toEqual({
    event: 'pusher:error',
    data: { code: socket.closed?.code, message: expect.any(String) },
  })
  return socket.closed?.code
}

afterEach(() => {
  vi.useRealTimers()
})

describe('Connector', () => {
  describe('an upgrade that is accepted', () => {
    it('C1 C2 is told its socket id and the activity timeout first', async () => {
      const { parts, connect } = makeConnector({ app: { activityTimeout: 45 } })
      const { socket, maxMessageSize } = connect()
      await turn()
      const [message, ...others] = socket.take()
      expect(others).toEqual([])
      expect(message).toEqual({ event: 'pusher:connection_established', data: expect.any(String) })
      expect(message && payloadOf(message)).toEqual({
        socket_id: expect.stringMatching(/^\d+\.\d+$/),
        activity_timeout: 45,
      })
      expect(maxMessageSize).toBe(parts.app.maxMessageSize)
      expect(parts.metrics.connectionsAccepted).toBe(1)
    })

    it('C3 has an id of its own', () => {
      const { parts, connect } = makeConnector()
      for (let count = 0; count < 100; count++) connect()
      expect(parts.connections.size).toBe(100)
    })

    it('is handed what it says, and is known to be alive by what it pings', () => {
      const { parts, connect } = makeConnector()
      const { listener } = connect({ query: 'protocol=7&client=pusher-dotnet-client' })
      const [connection] = parts.connections.values()
      expect(connection?.client).toBe('pusher-dotnet-client')
      listener.text('{"event":"pusher:subscribe","data":{"channel":"news"}}')
      expect(connection?.subscriptions.has('news')).toBe(true)
      listener.binary()
      expect(parts.metrics).toMatchObject({ messagesReceived: 2, messagesRefused: 1 })
      if (connection) connection.lastSeen = 0
      listener.control()
      expect(connection?.lastSeen).toBeGreaterThan(0)
    })

    it('is released when its socket is gone', async () => {
      const { parts, connect } = makeConnector({ app: { maxConnections: 1 } })
      const { listener } = connect()
      expect(refusal(connect())).toBe(4004)
      listener.closed()
      await parts.released(5_000)
      expect(parts.connections.size).toBe(0)
      connect()
      expect(parts.connections.size).toBe(1)
    })
  })

  describe('an upgrade that is refused', () => {
    it.each<[code: number, app: Partial<AppOptions>, asked: Asked]>([
      [4005, {}, { target: { key: undefined } }],
      [4001, {}, { target: { key: 'unknown' } }],
      [4001, {}, { target: { key: '__proto__' } }],
      [4003, { enabled: false }, {}],
      [4000, { requireTls: true }, {}],
      [4008, { strictProtocol: true }, { query: '' }],
      [4007, {}, { query: 'protocol=4' }],
      [4007, {}, { query: 'protocol=8' }],
      [4007, {}, { query: 'protocol=abc' }],
      [4007, {}, { query: 'protocol=' }],
      [4007, {}, { query: 'protocol=77' }],
      [4009, { allowedOrigins: ['example.com'] }, { headers: { origin: 'https://evil.example' } }],
      [4009, { allowedOrigins: ['example.com'] }, { headers: { origin: 'null' } }],
    ])('is told %i first, and closed with it (%j, %j)', (code, app, asked) => {
      const { parts, connect } = makeConnector({ app })
      const made = connect(asked)
      expect(refusal(made)).toBe(code)
      expect(made.maxMessageSize).toBe(1024)
      expect(parts.connections.size).toBe(0)
      expect(parts.metrics.connectionsRefused).toBe(1)
      made.listener.text('{"event":"pusher:ping"}')
      made.listener.closed()
      expect(parts.metrics.messagesReceived).toBe(0)
    })

    it('is told 4001 where the mount is for another app', () => {
      const { parts, connect } = makeConnector()
      expect(refusal(connect({ target: { only: 'other' } }))).toBe(4001)
      connect({ target: { only: parts.app.key } })
      expect(parts.connections.size).toBe(1)
    })

    it.each<[said: string, app: Partial<AppOptions>, asked: Asked]>([
      ['4005 at "/app/app-key": the path names no app', {}, { target: { key: undefined } }],
      ['4001 at "/app/app-key": no app has the key "unknown"', {}, { target: { key: 'unknown' } }],
      [`no app has the key "${'k'.repeat(63)}…"`, {}, { target: { key: 'k'.repeat(999) } }],
      ['no app has the key "a??b?c"', {}, { target: { key: 'a\r\nb\u2028c' } }],
      ['the key "app-key" is not that of the one app', {}, { target: { only: 'other' } }],
      ['4003 at "/app/app-key": the app has enabled: false (app "app-id")', { enabled: false }, {}],
      ['REVERB_TRUST_PROXY (app "app-id")', { requireTls: true }, {}],
      ['strictProtocol', { strictProtocol: true }, { query: '' }],
      ['the protocol "?[31m" is none of 5, 6 and 7', {}, { query: 'protocol=%1b[31m' }],
      [
        'the origin "https://evil.example" is not allowed; allowedOrigins (REVERB_ALLOWED_ORIGINS) has "example.com"',
        { allowedOrigins: ['example.com'] },
        { headers: { origin: 'https://evil.example' } },
      ],
    ])('leaves a warning that says %s', (said, app, asked) => {
      const { lines, connect } = makeConnector({ app })
      connect({ query: 'protocol=7&token=sesame', ...asked })
      expect(lines).toEqual([expect.stringContaining(said)])
      expect(lines[0]).toMatch(/^warn: A connection was refused with 4\d{3} at "\/app\/app-key": /)
      expect(lines[0]).not.toMatch(/sesame|app-secret/)
    })

    it('C9 leaves a warning when the quota is used up, and none when one is accepted', async () => {
      const { lines, connect } = makeConnector({ app: { maxConnections: 1 } })
      connect()
      expect(lines).toEqual([])
      connect()
      await turn()
      expect(lines).toEqual([expect.stringMatching(/^warn: .* 4004 .*REVERB_MAX_CONNECTIONS/)])
    })

    it('leaves a line at debug only where nobody need be warned', () => {
      const { lines, connector, connect } = makeConnector()
      connector.draining = true
      connect()
      expect(lines).toEqual([expect.stringMatching(/^debug: .* 4100 .*shutting down/)])
    })

    it('is told 4100 while the server shuts down', () => {
      const { connector, connect } = makeConnector()
      connector.draining = true
      expect(refusal(connect())).toBe(4100)
    })
  })

  it.each([
    ['protocol=5', {}],
    ['protocol=6', {}],
    ['protocol=7&flash=false', {}],
    ['', {}],
    ['protocol=7', { origin: 'https://example.com' }],
  ])('C4 C10 accepts %j %j', (query, headers) => {
    const { parts, connect } = makeConnector({ app: { allowedOrigins: ['example.com'] } })
    connect({ query, headers })
    expect(parts.connections.size).toBe(1)
  })

  it('C12 believes a trusted proxy about TLS, and nobody else', () => {
    const headers = { 'x-forwarded-proto': 'https' }
    const app = { requireTls: true }
    expect(refusal(makeConnector({ app }).connect({ headers }))).toBe(4000)
    const { parts, connect } = makeConnector({ app, trustProxy: 1 })
    connect({ headers })
    expect(parts.connections.size).toBe(1)
  })

  it('makes whoever comes too often wait for the handshake', () => {
    const { transport, upgrade, connector } = makeConnector({ connectRate: 2 })
    for (let count = 0; count < 5; count++) upgrade()
    expect(transport.upgrades).toHaveLength(2)
    void connector.closed(0)
  })

  describe('while the registry is asked', () => {
    it('says nothing until it is answered', async () => {
      const registry = new ManualRegistry()
      const { parts, connect } = makeConnector({ registry })
      const { socket } = connect()
      await turn()
      expect([socket.take(), parts.connections.size]).toEqual([[], 0])
      await registry.answer()
      await turn()
      expect(socket.take()).toMatchObject([{ event: 'pusher:connection_established' }])
    })

    it('C9 refuses with 4004 when the quota is used up', async () => {
      const registry = new ManualRegistry()
      const { connect } = makeConnector({ registry, app: { maxConnections: 1 } })
      const [first, second] = [connect(), connect()]
      await registry.answerAll()
      await turn()
      expect(first.socket.open).toBe(true)
      expect(refusal(second)).toBe(4004)
    })

    it('counts out who is gone when the answer comes', async () => {
      const registry = new ManualRegistry()
      const { parts, connect } = makeConnector({ registry, app: { maxConnections: 1 } })
      const { socket, listener } = connect()
      socket.open = false
      listener.closed()
      await registry.answerAll()
      await parts.released(5_000)
      expect(parts.connections.size).toBe(0)
      const next = connect()
      await registry.answerAll()
      expect(next.socket.open).toBe(true)
    })

    it('refuses with 4100 when it fails', async () => {
      const registry = new ManualRegistry()
      const { parts, connect } = makeConnector({ registry })
      const made = connect()
      await registry.fail(new Error('broken'))
      expect(refusal(made)).toBe(4100)
      expect(parts.connections.size).toBe(0)
      expect(parts.metrics.handlerFailures).toBe(1)
    })

    it('refuses with 4100 when it fails at once', () => {
      const registry = new ManualRegistry()
      registry.connect = () => {
        throw new Error('broken')
      }
      const { connect } = makeConnector({ registry })
      expect(refusal(connect())).toBe(4100)
    })
  })

  describe('while it is draining', () => {
    it('refuses at once whoever would have to wait for a turn', () => {
      const { connector, connect } = makeConnector({ connectRate: 1 })
      connect()
      connector.draining = true
      expect(refusal(connect())).toBe(4100)
    })

    it('sends away whoever the registry admits too late, and counts it out again', async () => {
      const registry = new ManualRegistry()
      const { parts, connector, connect } = makeConnector({ registry })
      const late = connect()
      connector.draining = true
      await registry.answer()
      expect(refusal(late)).toBe(4100)
      expect(parts.connections.size).toBe(0)
      await registry.answerAll()
      const left = registry.connections(parts.app)
      await registry.answer()
      expect(await left).toBe(0)
    })
  })

  describe('#closed', () => {
    it('resolves when the last socket is closed', async () => {
      const { connector, connect } = makeConnector()
      const [accepted, refused] = [connect(), connect({ target: { key: 'unknown' } })]
      const done = vi.fn()
      const closed = connector.closed(60_000).then(done)
      accepted.listener.closed()
      await turn()
      expect(done).not.toHaveBeenCalled()
      refused.listener.closed()
      await closed
      expect(accepted.socket.terminated).toBe(false)
    })

    it('destroys those that are left after the deadline', async () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      const { connector, connect } = makeConnector()
      const { socket } = connect()
      const closed = connector.closed(6000)
      vi.advanceTimersByTime(5999)
      expect(socket.terminated).toBe(false)
      vi.advanceTimersByTime(1)
      await closed
      expect(socket.terminated).toBe(true)
    })

    it('resolves at once without sockets', async () => {
      await makeConnector().connector.closed(60_000)
    })
  })

  describe('an upgrade whose app must be looked up', () => {
    function makeWaiting(given: Given = {}) {
      let settle: (app: App | Error | undefined) => void = () => {}
      const found = new Promise<App | undefined>((resolve, reject) => {
        settle = (app) => (app instanceof Error ? reject(app) : resolve(app))
      })
      const made = makeConnector({ ...given, apps: { findByKey: () => found, ...given.apps } })
      const settled = (app: App | Error | undefined) => {
        settle(app)
        return turn()
      }
      return { ...made, settle: settled }
    }

    it('is accepted when it is there, with all that it has sent meanwhile', async () => {
      const { parts, transport, upgrade, settle } = makeWaiting()
      const stream = upgrade()
      stream.write('early')
      await turn()
      expect(transport.upgrades).toEqual([])
      await settle(parts.app)
      expect(parts.connections.size).toBe(1)
      expect(['error', 'end', 'readable'].map((event) => stream.listenerCount(event))).toEqual([0, 0, 0])
      expect(String(stream.read())).toBe('early')
    })

    it.each<[code: number, found: App | Error | undefined]>([
      [4001, undefined],
      [4003, makeApp({ enabled: false })],
      [4100, new Error('no data base')],
    ])('is refused with %i when it is not', async (code, found) => {
      const { parts, transport, upgrade, settle } = makeWaiting()
      upgrade()
      await settle(found)
      const [made] = transport.upgrades
      expect(made && refusal(made)).toBe(code)
      expect(parts.connections.size).toBe(0)
    })

    it('is refused with 4100 when looking up fails at once', () => {
      const { connect } = makeConnector({
        apps: {
          findByKey: () => {
            throw new Error('no data base')
          },
        },
      })
      expect(refusal(connect())).toBe(4100)
    })

    it.each([
      ['breaks', (stream: PassThrough) => stream.emit('error', new Error('reset'))],
      ['is ended by the client', (stream: PassThrough) => stream.end()],
    ])('is forgotten when its socket %s meanwhile', async (_, leave) => {
      const { parts, transport, upgrade, settle } = makeWaiting()
      const stream = upgrade()
      leave(stream)
      await turn()
      await settle(parts.app)
      expect(stream.destroyed).toBe(true)
      expect(transport.upgrades).toEqual([])
    })

    it('is told 4100 when the server shuts down meanwhile, and destroyed when that ends', async () => {
      const { parts, connector, transport, upgrade, settle } = makeWaiting()
      upgrade()
      connector.draining = true
      await settle(parts.app)
      const [made] = transport.upgrades
      expect(made && refusal(made)).toBe(4100)

      const late = makeWaiting()
      const stream = late.upgrade()
      late.connector.draining = true
      await late.connector.closed(1000)
      expect(stream.destroyed).toBe(true)
    })

    it('is not looked up where the mount is for another app', () => {
      const findByKey = vi.fn()
      const { connect } = makeConnector({ apps: { findByKey } })
      expect(refusal(connect({ target: { only: 'other' } }))).toBe(4001)
      expect(findByKey).not.toHaveBeenCalled()
    })
  })

  describe('an app that changes while the registry is asked', () => {
    it.each<[code: number, current: App | undefined]>([
      [4001, undefined],
      [4003, makeApp({ enabled: false })],
    ])('refuses with %i', async (code, current) => {
      const { parts, connect } = makeConnector({ apps: { current: () => current } })
      expect(refusal(connect())).toBe(code)
      await parts.released(5_000)
      expect(parts.registry.connections(parts.app)).toBe(0)
    })

    it('counts as it is by now', () => {
      const current = makeApp({ secret: 'new' })
      const { parts, connect } = makeConnector({ apps: { current: () => current } })
      connect()
      const [connection] = parts.connections.values()
      expect(connection?.app).toBe(current)
    })
  })
})
