import { AuthEndpoint, type AuthEndpointParts } from './broadcasting/auth-endpoint.ts'
import { BroadcastManager } from './broadcasting/broadcast-manager.ts'
import {
  type AuthConfig,
  type AuthEndpointConfig,
  type BroadcastManagerConfig,
  broadcastingSettings,
  connectionOf,
  type ResolvedBroadcastingConfig,
  resolveBroadcastingConfig,
} from './broadcasting/config.ts'
import { adoptEarlier } from './broadcasting/current-manager.ts'
import { pusherTarget } from './broadcasting/http/pusher-target.ts'
import { httpSettings } from './broadcasting/http/settings.ts'
import { loadRules } from './broadcasting/rules-file.ts'
import { Provider } from './foundation/provider.ts'
import { appsVariable } from './protocol/address.ts'
import { ReverbServer, type ReverbServerOptions } from './server/index.ts'
import { serverSettings } from './server/settings.ts'
import { ConfigurationError } from './support/errors.ts'
import { loggerOf } from './support/logger-settings.ts'
import { refuseUnknownOptions, warnOfUnknownVariables } from './support/settings.ts'

declare module './foundation/application.ts' {
  interface Bindings {
    /** The server of this process, be it mounted, listening or neither; bound by ReverbProvider. */
    'reverb.server': ReverbServer
  }
}

/** The configuration of {@link ReverbProvider}; what is left out comes from the environment. */
export interface BroadcastingConfig extends BroadcastManagerConfig, AuthEndpointConfig {
  /** Options of the server. @default what the environment says */
  readonly server?: ReverbServerOptions
}

/** Code without types, or a typing error in it, must not end in defaults. */
const options = [
  'driver',
  'user',
  'connections',
  'encryptionMasterKey',
  'auth',
  'logger',
  'server',
] satisfies (keyof BroadcastingConfig)[]
const authOptions = ['path', 'allowedOrigins'] satisfies (keyof AuthConfig)[]

/**
 * Puts broadcasting into an application: binds `broadcasting` and `reverb.server`, loads the rules of `routes/channels`
 * and adds the auth endpoint to the web app. With driver `reverb`, a server that nobody has mounted listens by itself.
 */
export class ReverbProvider extends Provider<BroadcastingConfig> {
  #server: ReverbServer | undefined
  #manager: BroadcastManager | undefined
  #idleReason = ''
  #rulesFrom: string | undefined

  override register(): void {
    const { env } = this.app
    refuseUnknownOptions(this.config, options)
    refuseUnknownOptions(this.config.auth ?? {}, authOptions)
    const config = { ...this.config, logger: this.config.logger ?? loggerOf(env) }
    const resolved = resolveBroadcastingConfig(config, env)
    const { driver } = connectionOf(resolved, resolved.defaultConnection)
    const serve = driver === 'reverb' && resolved.mayServe
    this.#idleReason = idleReason(resolved, driver)
    const authPath = config.auth?.path
    const server = new ReverbServer(
      { logger: config.logger, ...(authPath !== undefined && { authPath }), ...config.server, serve },
      env,
    )
    const manager = new BroadcastManager(config, {
      env,
      server: serve ? server : undefined,
      remote: config.server,
    })
    adoptEarlier(manager)
    this.app.bind('reverb.server', server)
    this.app.bind('broadcasting', manager)
    this.#server = server
    this.#manager = manager
  }

  override async boot(): Promise<void> {
    this.#rulesFrom = await loadRules(this.app.basePath, this.app.make('broadcasting'))
  }

  /** Other providers have registered drivers, rules and hooks by now, and mounted the server or not. */
  override async booted(): Promise<void> {
    const manager = this.app.make('broadcasting')
    warnOfUnknownVariables(
      this.app.env,
      [serverSettings, broadcastingSettings, httpSettings],
      [appsVariable],
      manager.logger,
    )
    manager.verify()
    await this.#verifyApps(manager)
    manager.open()
    for (const { first, second } of manager.authorizer.overlaps()) {
      manager.logger.warn(
        `Channel rules "${first}" and "${second}" overlap: where both match, the first one decides`,
      )
    }
    if (this.app.has('http')) await this.app.make('http').addRoutes(this.#endpoint(manager).routes)
    await this.#listen(manager)
  }

  override async shutdown(): Promise<void> {
    await this.#server?.close()
    await this.#manager?.close()
  }

  async #verifyApps({ connections }: BroadcastManager): Promise<void> {
    const server = this.app.make('reverb.server')
    for (const [name, { driver, app }] of Object.entries(connections)) {
      if (driver !== 'reverb' || app === undefined) continue
      if ((await server.credentials(app)) !== undefined) continue
      const known = server.options.apps.map(({ key }) => key).join(', ')
      throw new ConfigurationError(
        `The connection "${name}": no app has the key "${app}"; ` +
          (known === '' ? 'the app manager finds none' : `known keys: ${known}`),
      )
    }
  }

  #endpoint(manager: BroadcastManager): AuthEndpoint {
    const { user, auth } = this.config
    return new AuthEndpoint({
      user,
      auth,
      authorizer: manager.authorizer,
      credentials: this.#credentials(manager),
      sharedSecret: (channel, appKey) => manager.sharedSecret(channel, appKey),
      logger: manager.logger,
      explain: this.app.env['NODE_ENV'] !== 'production',
      rulesFrom: this.#rulesFrom,
    })
  }

  /** Clients subscribe where events go: with driver `pusher` that is not a server of ours. */
  #credentials(manager: BroadcastManager): AuthEndpointParts['credentials'] {
    const server = this.app.make('reverb.server')
    const connection = manager.configOf()
    if (connection.driver !== 'pusher') return (appKey = connection.app) => server.credentials(appKey)
    const { key, secret } = pusherTarget(connection, this.app.env)
    return (appKey = key) => (appKey === key ? { key, secret } : server.credentials(appKey))
  }

  /** With driver `reverb`, a server that nobody has mounted takes its own port. */
  async #listen({ logger }: BroadcastManager): Promise<void> {
    const server = this.app.make('reverb.server')
    const { serve, scheme, path } = server.options
    if (!serve && server.mounted) {
      logger.info(`Reverb is mounted but serves nothing: ${this.#idleReason}`)
    }
    if (!serve || server.mounted) return
    const { host, port } = await server.listen()
    logger.info(`Reverb listens on ${scheme}://${host}:${port}${path}`)
  }
}

/** Why this process has no server that serves, as whoever set it would look for it. */
function idleReason({ defaultConnection, namedBy }: ResolvedBroadcastingConfig, driver: string): string {
  if (driver === 'reverb') return 'REVERB_SERVER is none'
  if (namedBy === undefined) return `BROADCAST_DRIVER is not set, so the driver is ${driver}, not reverb`
  const named = `${namedBy} is ${defaultConnection}`
  return driver === defaultConnection
    ? `${named}, not reverb`
    : `${named}, whose driver is ${driver}, not reverb`
}
