import { appsVariable } from '../protocol/address.ts'
import { secretsOf } from '../protocol/signature.ts'
import { ConfigurationError, messageOf } from '../support/errors.ts'
import { createLogger, guardedLogger, type Logger } from '../support/logger.ts'
import { reticent, withHidden } from '../support/reticent.ts'
import {
  type Described,
  type Env,
  refuseUnknownOptions,
  resolveSettings,
  type Values,
  variableOf,
} from '../support/settings.ts'
import type { NatsOptions } from './adapters/nats/nats-options.ts'
import type { RedisOptions } from './adapters/redis/redis-options.ts'
import type { App, AppSettings } from './apps/app.ts'
import type { AppManager } from './apps/app-manager.ts'
import { type AppDefaults, completeApps, publicPartOf } from './apps/app-options.ts'
import type { Broker } from './cluster/broker.ts'
import { checkScalingOptions } from './scaling-options.ts'
import type { ReverbServerOptions } from './server-options.ts'
import { appSettings, serverSettings } from './settings.ts'

/** The settings of a server, complete and frozen; they print and turn into JSON without what is secret. */
export interface ServerConfig extends Described<Values<typeof serverSettings>, ReverbServerOptions> {
  /** The configured apps; none with an app manager. */
  readonly apps: readonly App[]
  /** Finds the apps, instead of the configured ones. */
  readonly appManager: AppManager | undefined
  /** What code says of Redis, where it is more than a URL. */
  readonly redis: RedisOptions | undefined
  /** What code says of NATS, where it is more than a URL. */
  readonly nats: NatsOptions | undefined
  /** What joins this node to others, instead of the scaling driver. */
  readonly broker: Broker | undefined
  /** Key of the app that is meant where none is named; undefined when an app manager was given without an `appKey`. */
  readonly defaultAppKey: string | undefined
  /** Prefix of the auth endpoints, for `clientOptions()`. */
  readonly authPath: string
  /** `false`: nothing is served, wherever it is mounted. */
  readonly serve: boolean
}

/**
 * Resolves the settings of a server: code, then environment, then defaults.
 * Throws a {@link ConfigurationError} for a value that is not allowed, and in production for the well-known secret.
 */
export function resolveServerConfig(options: ReverbServerOptions, env: Env): ServerConfig {
  const {
    apps: given,
    appManager,
    logger: _,
    redis,
    nats,
    broker,
    authPath = '/broadcasting',
    serve = true,
    ...overrides
  } = options
  refuseUnknownOptions(overrides, Object.keys(serverSettings))
  const values = resolveSettings(serverSettings, env, overrides)
  checkScaling(options, values.scalingDriver, env)
  const apps = appManager ? noApps(appManager, given) : configuredApps(values, options, env)
  const namedKey = (overrides.appKey ?? env[serverSettings.appKey.env]) ? values.appKey : undefined
  if (values.scheme === 'https' && (values.tlsCert === undefined || values.tlsKey === undefined)) {
    throw new ConfigurationError(
      'REVERB_SCHEME is https: set REVERB_TLS_CERT and REVERB_TLS_KEY to PEM files',
    )
  }
  if (serve && env['NODE_ENV'] === 'production') refuseKnownSecret(apps)
  const defaultAppKey = appManager ? namedKey : apps[0]?.key
  const config = { ...values, apps, appManager, redis, nats, broker, defaultAppKey, authPath, serve }
  return Object.freeze(reticent<ServerConfig>(config, withoutSecrets))
}

function checkScaling(
  { redis, nats, broker, scalingDriver }: ReverbServerOptions,
  driver: string,
  env: Env,
): void {
  const named = scalingDriver ?? variableOf(serverSettings.scalingDriver, env)
  const isAlone = named !== undefined && driver === 'none'
  checkScalingOptions({ redis, nats, driver, hasBroker: broker !== undefined, isAlone })
}

/** Ready clients and connections hold passwords too. */
function withoutSecrets(config: ServerConfig): object {
  // The table's own keys.
  const names = Object.keys(serverSettings) as (keyof typeof serverSettings)[]
  const secrets = names.filter((name) => 'secret' in serverSettings[name].kind)
  const shown = withHidden(config, [...secrets, 'redis', 'nats', 'broker', 'appManager'])
  return { ...shown, webhookUrl: config.webhookUrl.map(publicPartOf) }
}

/** What an app has that does not say otherwise. */
export function appDefaults(values: Values<typeof serverSettings>): AppDefaults {
  // The names of the table.
  const names = Object.keys(appSettings) as (keyof AppSettings)[]
  const webhooks = values.webhookUrl.map((url) => ({
    url,
    events: values.webhookEvents,
    channels: ['*'],
    headers: {},
  }))
  return { ...pick(values, names), webhooks }
}

/** The logger of the options, else the one that the settings ask for. */
export function loggerFor({ logger }: ReverbServerOptions, config: ServerConfig): Logger {
  if (logger !== undefined) return guardedLogger(logger)
  return createLogger({ level: config.debug ? 'debug' : config.logLevel, format: config.logFormat })
}

/** An app for which anybody can sign, because one of its secrets is the well-known default. */
export function appWithKnownSecret(apps: readonly App[]): App | undefined {
  return apps.find((app) => secretsOf(app).includes(serverSettings.appSecret.fallback))
}

function refuseKnownSecret(apps: readonly App[]): void {
  const app = appWithKnownSecret(apps)
  if (app === undefined) return
  throw new ConfigurationError(
    `REVERB_APP_SECRET: the app "${app.id}" has the well-known default secret, which production refuses; ` +
      'run "npx reverb keys" and put what it prints into the environment',
  )
}

function appsOf(env: Env): unknown {
  const given = env[appsVariable]
  if (!given) return undefined
  try {
    return JSON.parse(given)
  } catch {
    throw new ConfigurationError(`${appsVariable}: its value is not JSON; expected an array of apps`)
  }
}

function configuredApps(
  values: Values<typeof serverSettings>,
  options: ReverbServerOptions,
  env: Env,
): readonly App[] {
  const { appId: id, appKey: key, appSecret: secret } = values
  const isInCode = (options.appId ?? options.appKey ?? options.appSecret) !== undefined
  const given = options.apps ?? (isInCode ? undefined : appsOf(env))
  try {
    return completeApps(given ?? [{ id, key, secret }], appDefaults(values))
  } catch (thrown) {
    const source = options.apps === undefined ? appsVariable : 'apps'
    throw new ConfigurationError(`${source}: ${messageOf(thrown)}`)
  }
}

function noApps(manager: AppManager, given: unknown): readonly App[] {
  if (given !== undefined) throw new ConfigurationError('apps: give either apps or an appManager, not both')
  for (const method of ['findByKey', 'findById'] as const) {
    if (typeof manager[method] === 'function') continue
    throw new ConfigurationError(`appManager: it has no method ${method}`)
  }
  return []
}

function pick<T, K extends keyof T>(object: T, keys: readonly K[]): Pick<T, K> {
  // Exactly the keys of the list.
  return Object.fromEntries(keys.map((key) => [key, object[key]])) as Pick<T, K>
}
