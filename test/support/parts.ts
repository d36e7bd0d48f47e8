import type { Member } from '../../src/protocol/messages.ts'
import { type ChannelName, parseChannelName, parseSocketId, type SocketId } from '../../src/protocol/names.ts'
import { signChannel } from '../../src/protocol/signature.ts'
import type { Adapter, EventLog, Registry, Relay } from '../../src/server/adapter.ts'
import { MemoryAdapter } from '../../src/server/adapters/memory.ts'
import type { App } from '../../src/server/apps/app.ts'
import { type AppOptions, completeApp } from '../../src/server/apps/app-options.ts'
import { assembleProtocol } from '../../src/server/assemble-protocol.ts'
import type { ChannelManager } from '../../src/server/channels/channel-manager.ts'
import { appDefaults, resolveServerConfig } from '../../src/server/config.ts'
import { Connection, type ConnectionShared } from '../../src/server/connection.ts'
import type { Leave } from '../../src/server/handlers/leave.ts'
import type { Revoke } from '../../src/server/handlers/revoke.ts'
import type { Lifecycle } from '../../src/server/lifecycle.ts'
import { Metrics } from '../../src/server/metrics.ts'
import type { Outbox } from '../../src/server/outbox.ts'
import type { Publish } from '../../src/server/publish.ts'
import type { Receive } from '../../src/server/receive.ts'
import type { Logger } from '../../src/support/logger.ts'
import { FakeSocket } from '../../src/testing/index.ts'

/** An app with the defaults of the configuration. */
export function makeApp(options: Partial<AppOptions> = {}): App {
  const app = { id: 'app-id', key: 'app-key', secret: 'app-secret', ...options }
  return completeApp(app, appDefaults(resolveServerConfig({}, {})))
}

/** A channel name, vouched for. */
export function channelName(text: string): ChannelName {
  const name = parseChannelName(text, 200)
  if (name === undefined) throw new Error(`${text} is not a channel name`)
  return name
}

/** A socket id, vouched for. */
export function socketIdOf(text: string): SocketId {
  const id = parseSocketId(text)
  if (id === undefined) throw new Error(`${text} is not a socket id`)
  return id
}

/** Resolves after one turn of the event loop: what waited has been written, of large channels one slice. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** A registry that may have something to tell when it ends. */
type EndingRegistry = Registry & { close?(): void }

interface PartsOptions {
  app?: Partial<AppOptions>
  /** @default those of a server that stands alone */
  registry?: EndingRegistry
  relay?: Relay
  log?: EventLog
  sendBuffer?: number
}

interface ClientOptions {
  client?: string
  app?: App
  id?: string
}

/** A client without a network: what the server knows of it, and its end of the socket. */
export interface TestClient {
  readonly connection: Connection
  readonly socket: FakeSocket
  /** The server receives a message of this client: JSON, a text as it stands, or null for a binary one. */
  readonly say: (message: object | string | null) => void
  /** The server receives a subscribe, signed as the channel needs it. */
  readonly subscribe: (channel: string, channelData?: string) => void
  /** Names of the events that were written to it since the last time, after one turn. */
  readonly heard: () => Promise<string[]>
}

/** The parts of a server that are not about HTTP; clients have no network. */
export class Parts {
  readonly app: App
  readonly registry: Registry
  readonly log: EventLog
  readonly metrics: Metrics
  readonly connections: Map<SocketId, Connection>
  readonly channels: ChannelManager
  readonly outbox: Outbox
  readonly lifecycle: Lifecycle
  readonly publish: Publish
  readonly leave: Leave
  readonly revoke: Revoke
  readonly receive: Receive
  /** Ends what a server ends at its close. */
  readonly stop: () => Promise<void>
  /** Every line that was logged. */
  readonly lines: string[] = []
  /** Resolves when everybody whose connection ended has left, after so many milliseconds at the latest. */
  readonly released: (deadline: number) => Promise<void>
  readonly shared: ConnectionShared
  #connected = 0

  constructor({ app, registry, relay, log, sendBuffer = 1_048_576 }: PartsOptions = {}) {
    const alone = new MemoryAdapter()
    const adapter: Adapter = {
      registry: registry ?? alone.registry,
      relay: relay ?? alone.relay,
      log: log ?? alone.log,
      trouble: undefined,
      start: () => alone.start(),
      sweep: (now) => alone.sweep(now),
      drain: () => alone.drain(),
      close: async () => {
        registry?.close?.()
        await alone.close()
      },
    }
    const note = (line: string) => void this.lines.push(line)
    const logger: Logger = { debug: note, info: note, warn: note, error: note }
    const metrics = new Metrics()
    const parts = assembleProtocol({ adapter, metrics, logger, trace: undefined, sendBuffer })
    this.app = makeApp(app)
    this.registry = adapter.registry
    this.log = adapter.log
    this.metrics = metrics
    this.connections = parts.connections
    this.channels = parts.channels
    this.outbox = parts.outbox
    this.lifecycle = parts.lifecycle
    this.publish = parts.publish
    this.leave = parts.leave
    this.revoke = parts.revoke
    this.receive = parts.receive
    this.stop = parts.stop
    this.released = parts.released
    this.shared = { outbox: parts.outbox, trace: undefined, ended: parts.release }
  }

  /** A client that is connected; its id is 1.1, then 1.2, … unless told otherwise. */
  connect({ client = 'js', app = this.app, id = `1.${++this.#connected}` }: ClientOptions = {}): TestClient {
    const socket = new FakeSocket()
    const socketId = socketIdOf(id)
    const connection = new Connection({ socket, app, socketId, client, shared: this.shared })
    this.connections.set(socketId, connection)
    const say = (message: object | string | null) => {
      this.receive(
        connection,
        typeof message === 'object' && message !== null ? JSON.stringify(message) : message,
      )
    }
    return {
      connection,
      socket,
      say,
      subscribe: (channel, channelData) => {
        const auth = signChannel(app, socketId, channel, channelData)
        say({ event: 'pusher:subscribe', data: { channel, auth, channel_data: channelData } })
      },
      heard: async () => {
        await turn()
        return socket.take().map(({ event }) => event)
      },
    }
  }

  /** Publishes an event that carries nothing. */
  send(channel: string, event: string): void {
    void this.publish({ kind: 'published', app: this.app, channel: channelName(channel), event, data: '{}' })
  }
}

/** The `channel_data` of a user. */
export function userData(id: string, info?: unknown): string {
  return JSON.stringify({ user_id: id, user_info: info })
}

/** A member as the registry knows it. */
export function member(id: string): Member {
  return { id, info: '{}' }
}
