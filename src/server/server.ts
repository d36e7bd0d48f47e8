import type { SocketId } from '../protocol/names.ts'
import { type Awaitable, andThen, isPromise } from '../support/awaitable.ts'
import { ConfigurationError } from '../support/errors.ts'
import type { Env } from '../support/settings.ts'
import type { Adapter } from './adapter.ts'
import type { Api } from './api/router.ts'
import type { Apps } from './apps/apps.ts'
import { NamedApps } from './apps/named-apps.ts'
import { assemble } from './assemble.ts'
import { type Claim, claim, keyOf, type Mount, type NodeServer, toPrefix } from './attach.ts'
import { type ClientOptions, clientOptions } from './client-options.ts'
import { loggerFor, resolveServerConfig, type ServerConfig } from './config.ts'
import type { Connector } from './connect.ts'
import type { Connection } from './connection.ts'
import { drain } from './drain.ts'
import { createFastifyPlugin, type ReverbFastifyPlugin } from './fastify-plugin.ts'
import type { RequestSource } from './forwarded.ts'
import type { Revoke } from './handlers/revoke.ts'
import type { Heartbeat } from './heartbeat.ts'
import type { Metrics, ServerCounters } from './metrics.ts'
import type { Publish } from './publish.ts'
import { checkChannel, checkPublishable, checkSocketId } from './publishable.ts'
import type { ReverbServerOptions } from './server-options.ts'
import { type Bound, reachable, Standalone } from './standalone.ts'

/** Milliseconds that sockets have to answer the close frame before they are destroyed. */
const closeDeadline = 6_000

/** An event that code of this process publishes. */
export interface PublishMessage {
  /** The app it belongs to. @default the first app, with an app manager the one of `appKey` */
  readonly appKey?: string
  /** Names on the wire; each gets the event once. */
  readonly channels: readonly string[]
  /** Name of the event; none that begins with `pusher:` or `pusher_internal:`. */
  readonly event: string
  /** The text that subscribers get, byte for byte; JSON as a rule. */
  readonly data: string
  /** The connection that does not get it. @default none */
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
  readonly #standalone: Standalone
  readonly #apps: Apps
  readonly #named: NamedApps
  readonly #connections: ReadonlyMap<SocketId, Connection>
  readonly #metrics: Metrics
  readonly #publish: Publish
  readonly #revoke: Revoke
  readonly #connector: Connector
  readonly #heartbeat: Heartbeat
  readonly #adapter: Adapter
  readonly #stop: () => Promise<void>
  readonly #api: Api
  readonly #releases: (() => void)[] = []
  #mounted = false
  #started = false
  #mountPath: string | undefined
  #closing: Promise<void> | undefined
  #ended = false

  /** Resolves the settings and builds the parts; opens nothing. Throws a {@link ConfigurationError}. */
  constructor(options: ReverbServerOptions = {}, env: Env = process.env) {
    this.options = resolveServerConfig(options, env)
    const logger = loggerFor(options, this.options)
    const parts = assemble(this.options, logger)
    this.#apps = parts.apps
    this.#named = new NamedApps(parts.apps, this.options)
    this.#connections = parts.connections
    this.#metrics = parts.metrics
    this.#publish = parts.publish
    this.#revoke = parts.revoke
    this.#connector = parts.connector
    this.#heartbeat = parts.heartbeat
    this.#adapter = parts.adapter
    this.#stop = parts.stop
    this.#api = parts.api
    this.#standalone = new Standalone({
      config: this.options,
      logger,
      mount: (path) => this.#mountToListen(path),
      claim: (server, mount) => this.#claim(server, mount),
    })
  }

  /** Whether `attach` was called or a plugin was asked for, so that the server needs no port of its own. */
  get mounted(): boolean {
    return this.#mounted
  }

  /** What has happened so far, and how many connections there are. */
  get counters(): ServerCounters {
    return { ...this.#metrics, connections: this.#connections.size }
  }

  /** Why other nodes cannot be reached, for people; undefined while they can, and where there are none. */
  get trouble(): string | undefined {
    return this.#adapter.trouble
  }

  /**
   * Serves under a path of an HTTP server; the order of mounting never matters and other routes are never touched.
   * Throws an UnknownAppError for a key that no configured app has; an app manager is not asked. Throws a
   * {@link ConfigurationError} where another server is mounted at the path, or one takes from the other.
   */
  attach(server: NodeServer, { path = this.options.path, key }: AttachOptions = {}): void {
    this.#named.verify(key)
    if (typeof server?.listenerCount !== 'function') {
      throw new ConfigurationError(
        'attach() takes an HTTP server of Node; of a Fastify app that is fastify.server',
      )
    }
    this.#mustBeOpen()
    if (this.options.serve) {
      const mount = this.#mountAt(path, key)
      this.#claim(server, mount)
      this.#mountPath ??= mount.path
    }
    this.#mounted = true
  }

  /**
   * The server as a Fastify plugin: `await fastify.register(server.asFastifyPlugin('local'), { prefix: '/reverb' })`;
   * the key restricts the mount to one app. It ends with the app. Throws as `attach` does; of a server that is closed
   * before Fastify gets to it, registering fails.
   */
  asFastifyPlugin(key?: string): ReverbFastifyPlugin {
    this.#named.verify(key)
    this.#mustBeOpen()
    this.#mounted = true
    if (!this.options.serve) return async () => {}
    return createFastifyPlugin({
      claimUpgrades: (server, path) => {
        this.#mustBeOpen()
        const mount = this.#mountAt(path, key)
        // Requests arrive as routes of the plugin.
        this.#claim(server, { path: mount.path, upgrade: mount.upgrade })
        this.#mountPath ??= mount.path
        return mount
      },
      close: () => this.close(),
    })
  }

  /**
   * Listens on `REVERB_HOST:REVERB_PORT` and resolves to the address, the same one for every call; port 0 takes a free one.
   * Rejects with a {@link ConfigurationError} when the port cannot be had, and after `close()`.
   */
  async listen(): Promise<Bound> {
    this.#mustBeOpen()
    return this.#standalone.listen()
  }

  /**
   * Publishes to each channel and resolves to the number of connections that each was handed to; never waits for a
   * socket. Rejects with a RefusedError when the name, a channel or the size is not allowed, and with a
   * {@link ConfigurationError} once the server is closed.
   */
  async publish(message: PublishMessage): Promise<ReadonlyMap<string, number>> {
    this.#mustNotHaveEnded()
    const found = this.#named.get(message.appKey)
    const app = isPromise(found) ? await found : found
    const { event, data, socketId } = message
    const except = socketId === undefined ? undefined : checkSocketId(socketId)
    const recipients = new Map<string, number>()
    for (const channel of checkPublishable(app, event, message.channels, data)) {
      recipients.set(channel, await this.#publish({ kind: 'published', app, channel, event, data, except }))
    }
    return recipients
  }

  /** Closes every signed-in connection of a user with 4009, after which clients do not come back by themselves. */
  async disconnectUser(userId: string, appKey?: string): Promise<void> {
    this.#mustNotHaveEnded()
    await this.#revoke.disconnect(await this.#named.get(appKey), userId)
  }

  /**
   * Ends a user's subscription of a channel on every signed-in connection: the client is told that access was withdrawn,
   * and in a presence channel the member leaves. Rejects with a RefusedError when the name is not allowed.
   */
  async unsubscribeUser(userId: string, channel: string, appKey?: string): Promise<void> {
    this.#mustNotHaveEnded()
    const app = await this.#named.get(appKey)
    await this.#revoke.unsubscribe(app, userId, checkChannel(app, channel))
  }

  /**
   * The key and secret of an app, the default one unless a key is given; undefined when no app has it. At once, unless an
   * app manager must be asked. Throws or rejects with an AppLookupError when that fails.
   */
  credentials(appKey?: string): Awaitable<{ readonly key: string; readonly secret: string } | undefined> {
    return andThen(this.#named.find(appKey), (app) => app && { key: app.key, secret: app.secret })
  }

  /**
   * Has the app manager asked again about the app with this id, at once: its connections get its new secrets and limits, and
   * are closed with 4001 when it is gone, with 4003 when it is disabled. Resolves when that is done; never rejects.
   */
  invalidateApp(id: string): Promise<void> {
    return this.#apps.invalidate(id)
  }

  /** Exactly what `new Pusher(key, options)` needs in a browser that made this request, for the default app. */
  clientOptions(request?: RequestSource): ClientOptions {
    const { host, port, scheme } = this.options
    const path = this.#mountPath ?? this.options.path
    const listening = this.#standalone.address ?? {
      secure: scheme === 'https',
      host: reachable(host),
      port,
      path,
    }
    const mountPath = this.#mounted ? path : undefined
    return clientOptions(this.options, this.#named.defaultKey, listening, mountPath, request)
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
    await this.#adapter.drain()
    // What is on its way up cannot be closed before it is there; a failure is known to who called listen().
    await this.#standalone.settled()
    await drain(this.#connections, this.options.drain)
    await this.#connector.closed(closeDeadline)
    this.#ended = true
    await this.#stop()
    await this.#standalone.close()
    for (const release of this.#releases) release()
  }

  #mustBeOpen(): void {
    if (this.#closing) throw closed()
  }

  /** Until the last connection is gone, events still reach whoever is left, here and on other nodes. */
  #mustNotHaveEnded(): void {
    if (this.#ended) throw closed()
  }

  #claim(server: NodeServer, mount: Claim): void {
    this.#releases.push(claim(server, mount))
    this.#heartbeat.start()
    if (!this.#started) this.#adapter.start()
    this.#started = true
  }

  #mountToListen(path: string): Mount {
    if (!this.options.serve) {
      throw new ConfigurationError('This server was made with serve: false, so it cannot listen')
    }
    this.#mustBeOpen()
    return this.#mountAt(path, undefined)
  }

  #mountAt(path: string, only: string | undefined): Mount {
    return {
      path: toPrefix(path),
      upgrade: (request, stream, head, rest) => {
        this.#connector.upgrade(request, stream, head, { key: keyOf(rest), only })
      },
      request: (request, response, rest) => void this.#api(request, response, { path: rest, only }),
    }
  }
}

function closed(): ConfigurationError {
  return new ConfigurationError('This server is closed; make a new one')
}
