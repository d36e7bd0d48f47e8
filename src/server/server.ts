import { parseSocketId, type SocketId } from '../protocol/names.ts'
import { type Awaitable, isPromise } from '../support/awaitable.ts'
import { ConfigurationError } from '../support/errors.ts'
import type { Logger } from '../support/logger.ts'
import type { Env } from '../support/settings.ts'
import { MemoryRegistry } from './adapters/memory.ts'
import { createChannels } from './api/channels.ts'
import { createEvents } from './api/events.ts'
import { type Api, createApi } from './api/router.ts'
import type { App } from './apps/app.ts'
import { ConfigAppManager } from './apps/config-app-manager.ts'
import { type Claim, claim, type Mount, type NodeServer, pathUnder } from './attach.ts'
import { ChannelManager } from './channels/channel-manager.ts'
import { type ClientOptions, clientOptions, type ServerAddress } from './client-options.ts'
import {
  knownSecret,
  loggerFor,
  type ReverbServerOptions,
  resolveServerConfig,
  type ServerConfig,
} from './config.ts'
import { Connector } from './connect.ts'
import type { Connection } from './connection.ts'
import { drain } from './drain.ts'
import { UnknownAppError } from './errors.ts'
import { createFastifyPlugin, type ReverbFastifyPlugin } from './fastify-plugin.ts'
import type { RequestOrigin } from './forwarded.ts'
import { createClientEvent } from './handlers/client-event.ts'
import { createLeave } from './handlers/leave.ts'
import { createSubscribe } from './handlers/subscribe.ts'
import { Heartbeat } from './heartbeat.ts'
import { Metrics } from './metrics.ts'
import { Outbox } from './outbox.ts'
import { type ChannelEvent, createPublish, type Publish } from './publish.ts'
import { checkPublishable } from './publishable.ts'
import { createReceive } from './receive.ts'
import { createRelease } from './release.ts'
import { closeStandalone, createStandalone, listen } from './standalone.ts'
import { createTrace } from './trace.ts'
import { WsTransport } from './transports/ws.ts'

/** Milliseconds that sockets have to answer the close frame before they are destroyed. */
const closeDeadline = 6_000

/** An event that code of this process publishes. */
export interface PublishMessage {
  /** The app it belongs to. @default the first app */
  readonly appKey?: string
  readonly channels: readonly string[]
  readonly event: string
  /** The text that subscribers get, byte for byte; JSON as a rule. */
  readonly data: string
  /** The connection that does not get it. */
  readonly socketId?: string
}

/** Where a mount is, and whom it is for. */
export interface AttachOptions {
  /** Prefix of every route, such as `/reverb`. @default REVERB_PATH */
  readonly path?: string
  /** Key of the one app that is served here. @default all apps */
  readonly key?: string
}

/** A WebSocket server that speaks the Pusher protocol, on any HTTP server of Node or on a port of its own. */
export class ReverbServer {
  /** The settings in force. */
  readonly options: ServerConfig
  readonly #logger: Logger
  readonly #apps: ConfigAppManager
  readonly #connections = new Map<SocketId, Connection>()
  readonly #metrics = new Metrics()
  readonly #publish: Publish
  readonly #connector: Connector
  readonly #heartbeat: Heartbeat
  readonly #api: Api
  readonly #releases: (() => void)[] = []
  #mounted = false
  #mountPath: string | undefined
  #standalone: { readonly server: NodeServer; readonly address: ServerAddress } | undefined
  #closing: Promise<void> | undefined

  /** Resolves the settings and builds the parts; opens nothing. Throws a {@link ConfigurationError}. */
  constructor(options: ReverbServerOptions = {}, env: Env = process.env) {
    const config = resolveServerConfig(options, env)
    const logger = loggerFor(options, config)
    const apps = new ConfigAppManager(config.apps)
    const connections = this.#connections
    const metrics = this.#metrics
    const trace = config.debug ? createTrace(logger) : undefined
    const channels = new ChannelManager()
    const registry = new MemoryRegistry()
    const outbox = new Outbox(config.sendBuffer, metrics)
    const publish = createPublish({ channels, connections, outbox, metrics, trace })
    const leave = createLeave({ channels, registry, publish })
    const receive = createReceive({
      subscribe: createSubscribe({ channels, registry, publish, metrics }),
      leave,
      clientEvent: createClientEvent({ publish, metrics }),
      metrics,
      logger,
      trace,
    })
    const release = createRelease({ connections, leave, registry, metrics, logger })
    this.#connector = new Connector({
      transport: new WsTransport(),
      apps,
      registry,
      connections,
      shared: { outbox, trace, ended: (connection) => void release(connection) },
      metrics,
      logger,
      receive,
      connectRate: config.connectRate,
      trustProxy: config.trustProxy,
    })
    this.#heartbeat = new Heartbeat({ connections, outbox, metrics, apps: config.apps })
    this.#api = createApi({
      apps,
      events: createEvents({ publish, registry }),
      channels: createChannels(registry),
      metrics,
      logger,
      ready: () => this.#closing === undefined,
    })
    this.options = config
    this.#logger = logger
    this.#apps = apps
    this.#publish = publish
  }

  /** Whether `attach` was called or a plugin was asked for, so that the server needs no port of its own. */
  get mounted(): boolean {
    return this.#mounted
  }

  /** What has happened so far, and how many connections there are. */
  get counters(): Readonly<Record<string, number>> {
    return { ...this.#metrics, connections: this.#connections.size }
  }

  /**
   * Serves under a path of an HTTP server; the order of mounting never matters and other routes are never touched.
   * Throws an {@link UnknownAppError} for a key that no app has.
   */
  attach(server: NodeServer, { path = this.options.path, key }: AttachOptions = {}): void {
    const only = this.#restriction(key)
    this.#mounted = true
    if (!this.options.serve) return
    const mount = this.#mountAt(path, only)
    this.#mountPath ??= mount.path
    this.#claim(server, mount)
  }

  /**
   * The server as a Fastify plugin: `await fastify.register(server.asFastifyPlugin('local'), { prefix: '/reverb' })`;
   * the key restricts the mount to one app. It ends with the app. Throws an {@link UnknownAppError}.
   */
  asFastifyPlugin(key?: string): ReverbFastifyPlugin {
    const only = this.#restriction(key)
    this.#mounted = true
    if (!this.options.serve) return async () => {}
    return createFastifyPlugin({
      claimUpgrades: (server, path) => {
        const mount = this.#mountAt(path, only)
        this.#mountPath ??= mount.path
        // Requests arrive as routes of the plugin.
        this.#claim(server, { path: mount.path, upgrade: mount.upgrade })
        return mount
      },
      close: () => this.close(),
    })
  }

  /**
   * Listens on `REVERB_HOST:REVERB_PORT` and resolves to the address; port 0 takes a free one.
   * Rejects with a {@link ConfigurationError} when the port cannot be had.
   */
  async listen(): Promise<{ host: string; port: number }> {
    const { host, port, path, scheme, serve } = this.options
    if (!serve) throw new ConfigurationError('This server was made with serve: false, so it cannot listen')
    if (this.#standalone) throw new ConfigurationError('This server listens already')
    const mount = this.#mountAt(path, undefined)
    const server = createStandalone(this.options, (request, response) => {
      mount.request(request, response, pathUnder(path, request.url ?? '') ?? '')
    })
    this.#claim(server, { path, upgrade: mount.upgrade })
    const bound = await listen(server, host, port)
    this.#warnOfKnownSecret(host)
    const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
    this.#standalone = {
      server,
      address: { secure: scheme === 'https', host: reachable, port: bound.port, path },
    }
    return { host, port: bound.port }
  }

  /**
   * Publishes to each channel and resolves to the number of connections that each was handed to; never waits for a
   * socket. Throws a {@link RefusedError} when the name, a channel or the size is not allowed.
   */
  publish(message: PublishMessage): Awaitable<ReadonlyMap<string, number>> {
    const app = this.#appOf(message.appKey)
    const { event, data, socketId } = message
    const channels = checkPublishable(app, event, message.channels, data)
    const except = socketId === undefined ? undefined : parseSocketId(socketId)
    return this.#publishAll(channels.map((channel) => ({ app, channel, event, data, except })))
  }

  /** The key and secret of an app, the first one unless a key is given; undefined when no app has it. */
  credentials(appKey?: string): { readonly key: string; readonly secret: string } | undefined {
    const app = appKey === undefined ? this.#apps.apps[0] : this.#apps.findByKey(appKey)
    return app && { key: app.key, secret: app.secret }
  }

  /** Exactly what `new Pusher(key, options)` needs in a browser that made this request. */
  clientOptions(request?: RequestOrigin): ClientOptions {
    const { host, port, path, scheme } = this.options
    const listening = this.#standalone?.address ?? {
      secure: scheme === 'https',
      host: host === '0.0.0.0' ? '127.0.0.1' : host,
      port,
      path: this.#mountPath ?? path,
    }
    return clientOptions(this.options, this.#apps.apps[0].key, listening, this.#mounted, request)
  }

  /**
   * Sends newcomers away (4100), closes every connection with 4200, spread over at most `REVERB_DRAIN` seconds, and
   * lets go of every server, timer and socket; idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#connector.draining = true
    await drain(this.#connections, this.options.drain)
    await this.#connector.closed(closeDeadline)
    this.#heartbeat.stop()
    if (this.#standalone) await closeStandalone(this.#standalone.server)
    for (const release of this.#releases) release()
  }

  /** In production the settings refuse it. */
  #warnOfKnownSecret(host: string): void {
    const app = this.options.apps.find(({ secret }) => secret === knownSecret)
    if (app === undefined || host === 'localhost' || host === '::1' || host.startsWith('127.')) return
    this.#logger.warn(
      `The app "${app.id}" has the well-known default secret and can be reached from outside on ${host}; ` +
        'run "npx reverb keys" and put what it prints into the environment',
    )
  }

  #claim(server: NodeServer, mount: Claim): void {
    this.#releases.push(claim(server, mount))
    this.#heartbeat.start()
  }

  #mountAt(path: string, only: App | undefined): Mount {
    return {
      path: toPrefix(path),
      upgrade: (request, stream, head, rest) => {
        this.#connector.upgrade(request, stream, head, { key: keyOf(rest), only })
      },
      request: (request, response, rest) => void this.#api(request, response, { path: rest, only }),
    }
  }

  #restriction(key: string | undefined): App | undefined {
    return key === undefined ? undefined : this.#appOf(key)
  }

  #appOf(key: string | undefined): App {
    const { apps } = this.#apps
    const app = key === undefined ? apps[0] : this.#apps.findByKey(key)
    if (app !== undefined) return app
    throw new UnknownAppError(
      String(key),
      apps.map((known) => known.key),
    )
  }

  #publishAll(events: readonly ChannelEvent[]): Awaitable<ReadonlyMap<string, number>> {
    const recipients = new Map<string, number>()
    const waiting: Promise<void>[] = []
    for (const event of events) {
      const count = this.#publish(event)
      if (isPromise(count)) waiting.push(note(event, count))
      else recipients.set(event.channel, count)
    }
    return waiting.length === 0 ? recipients : Promise.all(waiting).then(() => recipients)

    async function note({ channel }: ChannelEvent, count: PromiseLike<number>): Promise<void> {
      recipients.set(channel, await count)
    }
  }
}

function toPrefix(path: string): string {
  const prefix = path.replace(/\/+$/, '')
  if (prefix === '' || prefix.startsWith('/')) return prefix
  throw new ConfigurationError(`"${path}" cannot be a mount's path: it must begin with /, such as "/reverb"`)
}

/** The key in `/app/{key}`, decoded; undefined where the path has none, or more than that. */
function keyOf(path: string): string | undefined {
  const [, key] = /\/app\/([^/]+)\/?$/.exec(path) ?? []
  if (key === undefined) return undefined
  try {
    return decodeURIComponent(key)
  } catch {
    return key
  }
}
