import { z } from 'zod'
import { ConfigurationError } from '../support/errors.ts'
import { createLogger, type Logger } from '../support/logger.ts'
import { loggerSettings } from '../support/logger-settings.ts'
import {
  choice,
  type Env,
  flag,
  integer,
  type Kind,
  list,
  number,
  optionalChoice,
  optionalInteger,
  optionalSecret,
  optionalText,
  positive,
  resolveSettings,
  secret,
  setting,
  text,
  type Values,
} from '../support/settings.ts'
import type { App, AppSettings } from './apps/app.ts'

const prefix: Kind<string> = {
  schema: z.string().regex(/^(\/[^/?#\s]+)*$/),
  fromText: (given) => given,
  allowed: 'a path that begins with / and does not end with one, or nothing',
}

/** The limits of an app; the environment configures those of the default app. */
export const appSettings = {
  allowedOrigins: setting(
    'REVERB_ALLOWED_ORIGINS',
    list,
    ['*'],
    'Origins that may connect: hosts, `*.example.com` allowed, optionally with scheme and port; others get 4009',
  ),
  clientEvents: setting(
    'REVERB_CLIENT_EVENTS',
    choice('members', 'all', 'none'),
    'members',
    'Who may send client events: `members` of that private or presence channel, subscribers of `all` channels, `none`',
  ),
  activityTimeout: setting(
    'REVERB_ACTIVITY_TIMEOUT',
    integer(1),
    120,
    'Seconds of silence after which a client pings; told to clients',
  ),
  pingInterval: setting(
    'REVERB_PING_INTERVAL',
    positive,
    60,
    'Seconds of inbound silence after which the server sends a WebSocket ping',
  ),
  pongTimeout: setting(
    'REVERB_PONG_TIMEOUT',
    positive,
    30,
    'Seconds the server then waits for anything inbound before it closes with 4201',
  ),
  maxConnections: setting(
    'REVERB_MAX_CONNECTIONS',
    integer(0),
    0,
    'Connections of the app; the next one gets 4004; 0: no limit',
  ),
  maxMessageSize: setting(
    'REVERB_MAX_MESSAGE_SIZE',
    integer(1),
    102_400,
    'Bytes of one message from a client; 1009 above it',
  ),
  maxClientEventSize: setting(
    'REVERB_MAX_CLIENT_EVENT_SIZE',
    integer(1),
    10_240,
    'Bytes of `data` of one client event; 4301 above it',
  ),
  maxEventSize: setting(
    'REVERB_MAX_EVENT_SIZE',
    integer(1),
    102_400,
    'Bytes of `data` of one event published by the backend; 413 above it',
  ),
  maxRequestSize: setting(
    'REVERB_MAX_REQUEST_SIZE',
    integer(1),
    1_048_576,
    'Bytes of the body of an HTTP API request; 413 above it',
  ),
  maxChannelName: setting('REVERB_MAX_CHANNEL_NAME', integer(1), 200, 'Characters of a channel name'),
  maxChannelsPerConnection: setting(
    'REVERB_MAX_CHANNELS_PER_CONNECTION',
    integer(0),
    200,
    'Subscriptions of one connection; 0: no limit',
  ),
  maxChannelsPerEvent: setting(
    'REVERB_MAX_CHANNELS_PER_EVENT',
    integer(1),
    100,
    'Channels of one publish request',
  ),
  maxBatch: setting('REVERB_MAX_BATCH', integer(1), 10, 'Events of one batch request'),
  presenceMaxMembers: setting(
    'REVERB_PRESENCE_MAX_MEMBERS',
    integer(0),
    100,
    'Members of a presence channel; 0: no limit',
  ),
  presenceMaxInfo: setting(
    'REVERB_PRESENCE_MAX_INFO',
    integer(2),
    2048,
    'Bytes of the `user_info` of a member',
  ),
  presenceMaxUserId: setting(
    'REVERB_PRESENCE_MAX_USER_ID',
    integer(1),
    128,
    'Characters of the `user_id` of a member',
  ),
  clientEventRate: setting(
    'REVERB_CLIENT_EVENT_RATE',
    number,
    10,
    'Client events per second and connection; 4301 above it; 0: no limit',
  ),
  messageRate: setting(
    'REVERB_MESSAGE_RATE',
    number,
    500,
    'Messages of any kind per second and connection; excess gets 4301, ten seconds of it 4100; 0: no limit',
  ),
} as const

/** Every setting of the server; docs/reference/configuration.md and `reverb start --help` are made from it. */
export const serverSettings = {
  appId: setting('REVERB_APP_ID', text, '1', 'Id of the default app'),
  appKey: setting('REVERB_APP_KEY', text, 'local', 'Key that clients send'),
  appSecret: setting(
    'REVERB_APP_SECRET',
    secret,
    'secret',
    'Signs auth answers and HTTP API requests; the default is refused in production',
  ),
  host: setting('REVERB_HOST', text, '0.0.0.0', 'Interface that the standalone server binds to'),
  port: setting('REVERB_PORT', integer(0, 65_535), 8080, 'Port that the standalone server listens on'),
  scheme: setting(
    'REVERB_SCHEME',
    choice('http', 'https'),
    'http',
    '`https` serves TLS and needs a certificate and its key',
  ),
  path: setting('REVERB_PATH', prefix, '', 'Prefix of every route of the standalone server'),
  tlsCert: setting('REVERB_TLS_CERT', optionalText, undefined, 'PEM file of the certificate'),
  tlsKey: setting('REVERB_TLS_KEY', optionalText, undefined, 'PEM file of its key'),
  tlsPassphrase: setting('REVERB_TLS_PASSPHRASE', optionalSecret, undefined, 'Passphrase of the key'),
  publicHost: setting(
    'REVERB_PUBLIC_HOST',
    optionalText,
    undefined,
    'Host that browsers and other processes use; without it that of the request',
  ),
  publicPort: setting('REVERB_PUBLIC_PORT', optionalInteger(1, 65_535), undefined, 'Port that they use'),
  publicScheme: setting(
    'REVERB_PUBLIC_SCHEME',
    optionalChoice('http', 'https'),
    undefined,
    'Scheme that they use',
  ),
  publicPath: setting(
    'REVERB_PUBLIC_PATH',
    { ...prefix, schema: prefix.schema.optional() },
    undefined,
    'Path prefix that they use',
  ),
  trustProxy: setting(
    'REVERB_TRUST_PROXY',
    integer(0),
    0,
    'Number of proxy hops whose `X-Forwarded-*` are believed',
  ),
  connectRate: setting(
    'REVERB_CONNECT_RATE',
    number,
    0,
    'New connections per second and address; excess waits, beyond 1000 waiting it gets 4100; 0: no limit',
  ),
  sendBuffer: setting(
    'REVERB_SEND_BUFFER',
    integer(1),
    1_048_576,
    'Bytes waiting for one slow client before it is closed with 4100',
  ),
  drain: setting(
    'REVERB_DRAIN',
    number,
    20,
    'At most so many seconds over which connections are closed at shutdown',
  ),
  ...loggerSettings,
  debug: setting('REVERB_DEBUG', flag, false, 'Every message on the log, secrets and auth strings masked'),
  ...appSettings,
} as const

/** The environment variable of the list of apps. */
export const appsVariable = 'REVERB_APPS'

/** One app of several, as it stands in the configuration: its credentials and any limit that differs from the server's. */
export interface AppOptions extends Partial<AppSettings> {
  id: string
  key: string
  secret: string
  /** A second secret that is accepted wherever one is verified. */
  previousSecret?: string
  /** @default true */
  enabled?: boolean
  /** Refuse plain connections with 4000. @default false */
  requireTls?: boolean
  /** Refuse connections that name no protocol version with 4008. @default false */
  strictProtocol?: boolean
}

/** What `new ReverbServer()` takes; each setting is described in docs/reference/configuration.md. */
export interface ReverbServerOptions extends Partial<Values<typeof serverSettings>> {
  /** Several apps instead of the default one. */
  apps?: readonly AppOptions[]
  /** Where lines go; any pino-like object. @default one line of text each on stdout */
  logger?: Logger
  /** Prefix of the auth endpoints, for `clientOptions()`. @default '/broadcasting' */
  authPath?: string
  /** `false` makes a server that serves nothing wherever it is mounted. @default true */
  serve?: boolean
}

/** The settings of a server, complete and frozen. */
export interface ServerConfig extends Values<typeof serverSettings> {
  readonly apps: readonly [App, ...App[]]
  readonly authPath: string
  readonly serve: boolean
}

/**
 * Resolves the settings of a server: code, then environment, then defaults.
 * Throws a {@link ConfigurationError} for a value that is not allowed, and in production for the well-known secret.
 */
export function resolveServerConfig(options: ReverbServerOptions, env: Env): ServerConfig {
  const { apps: givenApps, logger: _, authPath = '/broadcasting', serve = true, ...overrides } = options
  const values = resolveSettings(serverSettings, env, overrides)
  const { appId, appKey, appSecret } = overrides
  const appInCode = (appId ?? appKey ?? appSecret) !== undefined
  const apps = resolveApps(values, givenApps ?? (appInCode ? undefined : appsOf(env)))
  if (values.scheme === 'https' && (values.tlsCert === undefined || values.tlsKey === undefined)) {
    throw new ConfigurationError(
      'REVERB_SCHEME is https: set REVERB_TLS_CERT and REVERB_TLS_KEY to PEM files',
    )
  }
  if (serve && env['NODE_ENV'] === 'production') refuseKnownSecret(apps)
  return Object.freeze({ ...values, apps, authPath, serve })
}

/** The logger of the options, else the one that the settings ask for. */
export function loggerFor({ logger }: ReverbServerOptions, config: ServerConfig): Logger {
  return logger ?? createLogger({ level: config.debug ? 'debug' : config.logLevel, format: config.logFormat })
}

/** The well-known default secret, which anybody can sign with. */
export const knownSecret: string = serverSettings.appSecret.fallback

function refuseKnownSecret(apps: readonly App[]): void {
  const app = apps.find(({ secret }) => secret === knownSecret)
  if (app === undefined) return
  throw new ConfigurationError(
    `REVERB_APP_SECRET: the app "${app.id}" has the well-known default secret, which production refuses; ` +
      'run "npx reverb keys" and put what it prints into the environment',
  )
}

const appSchema = z.strictObject({
  id: text.schema,
  key: text.schema,
  secret: text.schema,
  previousSecret: text.schema.optional(),
  enabled: z.boolean().default(true),
  requireTls: z.boolean().default(false),
  strictProtocol: z.boolean().default(false),
  ...optionalSchemas(appSettings),
})

/** The schemas of a table of settings, each of which may be left out. */
function optionalSchemas<S extends Record<string, { kind: { schema: z.ZodType } }>>(settings: S) {
  const schemas = Object.entries(settings).map(([name, { kind }]) => [name, kind.schema.optional()])
  // The table's own keys.
  return Object.fromEntries(schemas) as { [K in keyof S]: z.ZodOptional<S[K]['kind']['schema']> }
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

function resolveApps(values: Values<typeof serverSettings>, given: unknown): [App, ...App[]] {
  const limits = pick(values, Object.keys(appSettings) as (keyof AppSettings)[])
  const { appId: id, appKey: key, appSecret: secret } = values
  const parsed = z
    .array(appSchema)
    .min(1)
    .safeParse(given ?? [{ id, key, secret }])
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'apps'}: ${message}`)
    throw new ConfigurationError(`${appsVariable}: expected an array of apps; ${problems.join('; ')}`)
  }
  const apps = parsed.data.map(
    (app): App => Object.freeze({ ...limits, previousSecret: undefined, ...defined(app) }),
  )
  for (const field of ['id', 'key'] as const) {
    const seen = new Set(apps.map((app) => app[field]))
    if (seen.size < apps.length)
      throw new ConfigurationError(`${appsVariable}: two apps have the same ${field}`)
  }
  // min(1) above.
  return apps as [App, ...App[]]
}

function pick<T, K extends keyof T>(object: T, keys: readonly K[]): Pick<T, K> {
  return Object.fromEntries(keys.map((key) => [key, object[key]])) as Pick<T, K>
}

/** Drops what is undefined, so that spreading it over defaults keeps the defaults. */
function defined<T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> }
}
