import { randomInt } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { codes } from '../protocol/codes.ts'
import { connectionEstablished, error } from '../protocol/messages.ts'
import type { SocketId } from '../protocol/names.ts'
import { type Awaitable, andThen, isPromise } from '../support/awaitable.ts'
import { messageOf } from '../support/errors.ts'
import type { Logger } from '../support/logger.ts'
import { isOriginAllowed } from '../support/origin.ts'
import type { Registry } from './adapter.ts'
import { adopt } from './apps/adopt.ts'
import type { App } from './apps/app.ts'
import type { Apps } from './apps/apps.ts'
import { ConnectGate, watch } from './connect-gate.ts'
import { Connection, type ConnectionShared } from './connection.ts'
import { addressOf, isSecure, type RequestSource } from './forwarded.ts'
import { encodeFrame } from './frame.ts'
import type { Metrics } from './metrics.ts'
import { parameterOf } from './query.ts'
import type { Receive } from './receive.ts'
import { type Refusal, refusals } from './refusal.ts'
import type { RefusalLog } from './refusal-log.ts'
import { shown } from './shown.ts'
import type { Socket, SocketListener, Transport } from './transport.ts'

/** Where an upgrade asks to go: the key in its path, and that of the one app that the mount is restricted to. */
export interface ConnectTarget {
  /** Undefined when the path has none. */
  readonly key: string | undefined
  readonly only: string | undefined
}

interface ConnectParts {
  readonly transport: Transport
  readonly apps: Pick<Apps, 'findByKey' | 'current'>
  readonly registry: Registry
  readonly connections: Map<SocketId, Connection>
  readonly shared: ConnectionShared
  readonly metrics: Metrics
  readonly logger: Logger
  readonly refusalLog: RefusalLog
  readonly receive: Receive
  readonly connectRate: number
  readonly trustProxy: number
}

/** One upgrade, until it is accepted or refused. */
interface Upgrade {
  readonly request: IncomingMessage
  readonly stream: Duplex
  readonly head: Buffer
}

/** Bytes that a refused client may still send in one message. */
const refusedMessageSize = 1024

/** Turns upgrades into connections; what it refuses is told why and closed, always after a complete handshake. */
export class Connector {
  /** Set while the server shuts down: newcomers are sent away with 4100. */
  draining = false
  readonly #parts: ConnectParts
  readonly #gate: ConnectGate
  readonly #sockets = new Set<Socket>()
  /** Those whose app is being looked up. */
  readonly #waiting = new Set<Duplex>()
  #emptied: (() => void) | undefined

  constructor(parts: ConnectParts) {
    this.#parts = parts
    this.#gate = new ConnectGate(parts.connectRate)
  }

  /** Accepts or refuses one upgrade, perhaps after waiting its turn. */
  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer, target: ConnectTarget): void {
    const { connectRate, trustProxy } = this.#parts
    const upgrade = { request, stream, head }
    // Nobody waits for a server that goes away.
    if (this.draining) this.#refuse(upgrade, refusals.goingAway)
    // Asking for an address is a system call.
    else if (connectRate === 0) this.#proceed(upgrade, target)
    else {
      const address = addressOf(sourceOf(request), trustProxy)
      const entered = this.#gate.enter(address, stream, () => this.#proceed(upgrade, target))
      if (!entered) this.#refuse(upgrade, refusals.tooMany(connectRate))
    }
  }

  /** Resolves when every socket is closed; those that are not after `deadline` milliseconds are destroyed. */
  async closed(deadline: number): Promise<void> {
    this.#gate.close()
    for (const stream of this.#waiting) stream.destroy()
    if (this.#sockets.size === 0) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        for (const socket of this.#sockets) socket.terminate()
        resolve()
      }, deadline)
      this.#emptied = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** With an app that is known nothing waits. */
  #proceed(upgrade: Upgrade, target: ConnectTarget): void {
    const app = this.#appOf(target)
    if (isPromise(app)) void this.#await(upgrade, app)
    else this.#conclude(upgrade, app)
  }

  async #await(upgrade: Upgrade, found: PromiseLike<App | Refusal>): Promise<void> {
    const { stream } = upgrade
    const unwatch = watch(stream)
    this.#waiting.add(stream)
    const app = await Promise.resolve(found).catch(() => refusals.lookupFailed)
    this.#waiting.delete(stream)
    if (stream.destroyed) return
    unwatch()
    this.#conclude(upgrade, app)
  }

  #conclude(upgrade: Upgrade, app: App | Refusal): void {
    const verdict = 'code' in app ? app : this.#judge(upgrade, app)
    if (this.draining) this.#refuse(upgrade, refusals.goingAway)
    else if ('code' in verdict) this.#refuse(upgrade, verdict, 'code' in app ? undefined : app)
    else this.#accept(upgrade, verdict)
  }

  /** The app to join, or why there is none (protocol.md 1.7). */
  #appOf({ key, only }: ConnectTarget): Awaitable<App | Refusal> {
    if (key === undefined) return refusals.noKey
    if (only !== undefined && only !== key) return refusals.otherKey(key)
    try {
      return andThen(this.#parts.apps.findByKey(key), (app) => app ?? refusals.unknownKey(key))
    } catch {
      // Counted and logged where it is looked up.
      return refusals.lookupFailed
    }
  }

  /** The app again, or why this client may not join it (protocol.md 1.2, 1.3, 1.7). */
  #judge({ request }: Upgrade, app: App): App | Refusal {
    if (!app.enabled) return refusals.disabled
    if (app.requireTls && !isSecure(sourceOf(request), this.#parts.trustProxy)) return refusals.withoutTls
    const protocol = parameterOf(request.url ?? '', 'protocol')
    if (protocol === undefined && app.strictProtocol) return refusals.withoutProtocol
    if (protocol !== undefined && !/^[567]$/.test(protocol)) return refusals.unknownProtocol(protocol)
    const { origin } = request.headers
    if (isOriginAllowed(origin, app.allowedOrigins)) return app
    return refusals.wrongOrigin(origin ?? '', app)
  }

  #refuse(upgrade: Upgrade, refusal: Refusal, app?: App): void {
    const { request, stream, head } = upgrade
    this.#parts.transport.upgrade(request, stream, head, refusedMessageSize, (socket) => {
      const session = this.#open(socket)
      this.#turnAway(socket, request, refusal, app)
      return session
    })
  }

  #turnAway(socket: Socket, request: IncomingMessage, refusal: Refusal, app: App | undefined): void {
    const { code, message = codes[code].text, reason, isExpected = false } = refusal
    const { metrics, refusalLog } = this.#parts
    metrics.connectionsRefused++
    const said = app === undefined ? reason : `${reason} (app ${shown(app.id)})`
    refusalLog.note({ code, url: request.url ?? '', app: app?.id, reason: said, isExpected })
    socket.write(encodeFrame(error(code, message)))
    socket.close(code, message)
  }

  #accept({ request, stream, head }: Upgrade, app: App): void {
    const client = parameterOf(request.url ?? '', 'client') ?? ''
    this.#parts.transport.upgrade(request, stream, head, app.maxMessageSize, (socket) => {
      const session = this.#open(socket)
      void this.#admit(session, app, request, client)
      return session
    })
  }

  /** Asks the registry; with one that answers at once nothing waits. */
  async #admit(session: Session, app: App, request: IncomingMessage, client: string): Promise<void> {
    const { registry, metrics, logger } = this.#parts
    try {
      const socketId = this.#newSocketId()
      const admitted = registry.connect(app, socketId)
      const granted = isPromise(admitted) ? await admitted : admitted
      if (granted) this.#establish(session, app, socketId, client)
      else this.#turnAway(session.socket, request, refusals.overQuota(app), app)
    } catch (thrown) {
      metrics.handlerFailures++
      logger.error(`Accepting a connection failed: ${messageOf(thrown)}`)
      this.#turnAway(session.socket, request, refusals.acceptFailed, app)
    }
  }

  #establish(session: Session, app: App, socketId: SocketId, client: string): void {
    const { socket } = session
    const { apps, connections, shared, metrics } = this.#parts
    const connection = new Connection({ socket, app, socketId, client, shared })
    connections.set(socketId, connection)
    metrics.connectionsAccepted++
    session.begin(connection)
    // Meanwhile the app may have changed, or be gone.
    const current = apps.current(app)
    if (current !== app) adopt(connection, current)
    // Whoever comes so late may be missed by who closes all connections.
    if (this.draining) connection.close(refusals.goingAway.code, refusals.goingAway.message)
    if (!connection.open) return
    connection.send(connectionEstablished(socketId, app.activityTimeout))
    // At once, so that it leaves in one write with the answer to the handshake.
    shared.outbox.flush(connection)
  }

  #open(socket: Socket): Session {
    this.#sockets.add(socket)
    return new Session(socket, this.#parts.receive, this.#closed)
  }

  /** One for all sessions. */
  readonly #closed = (socket: Socket): void => {
    this.#sockets.delete(socket)
    if (this.#sockets.size === 0) this.#emptied?.()
  }

  /** Unguessable in bulk, since it is the nonce of every channel signature (protocol.md 1.5). */
  #newSocketId(): SocketId {
    const id = `${randomInt(1, 1_000_000_000)}.${randomInt(1, 1_000_000_000)}` as SocketId
    return this.#parts.connections.has(id) ? this.#newSocketId() : id
  }
}

/** Listens to one socket, from its handshake to its end; has a connection once that is established. */
class Session implements SocketListener {
  readonly socket: Socket
  readonly #receive: Receive
  readonly #closed: (socket: Socket) => void
  #connection: Connection | undefined
  #gone = false

  constructor(socket: Socket, receive: Receive, closed: (socket: Socket) => void) {
    this.socket = socket
    this.#receive = receive
    this.#closed = closed
  }

  begin(connection: Connection): void {
    this.#connection = connection
    if (this.#gone) connection.end()
  }

  text(message: string): void {
    if (this.#connection !== undefined) this.#receive(this.#connection, message)
  }

  binary(): void {
    if (this.#connection !== undefined) this.#receive(this.#connection, null)
  }

  control(): void {
    if (this.#connection !== undefined) this.#connection.lastSeen = performance.now()
  }

  closed(): void {
    this.#gone = true
    this.#connection?.end()
    this.#closed(this.socket)
  }
}

function sourceOf({ headers, socket }: IncomingMessage): RequestSource {
  return { headers, socket: { remoteAddress: socket.remoteAddress, encrypted: 'encrypted' in socket } }
}
