import { z } from 'zod'
import { appKey, appsVariable } from '../protocol/address.ts'
import { webhookNames } from '../protocol/webhook.ts'
import { ConfigurationError } from '../support/errors.ts'
import { createLogger, guardedLogger, type Logger } from '../support/logger.ts'
import { type Env, refuseUnknownOptions, resolveSettings, text, type Values } from '../support/settings.ts'
import { type App, type AppSettings, secretsOf, type WebhookEndpoint } from './apps/app.ts'
import { appSettings, serverSettings } from './settings.ts'

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
  /** Who is told what happens in its channels. @default REVERB_WEBHOOK_URL with REVERB_WEBHOOK_EVENTS */
  webhooks?: readonly WebhookOptions[]
}

/** A URL that is told what happens in the channels of an app. */
export interface WebhookOptions extends Partial<WebhookEndpoint> {
  url: string
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
  refuseUnknownOptions(overrides, Object.keys(serverSettings))
  const values = resolveSettings(serverSettings, env, overrides)
  const appInCode = (overrides.appId ?? overrides.appKey ?? overrides.appSecret) !== undefined
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

const webhookSchema = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  events: z.array(z.enum(webhookNames)).default([...webhookNames]),
  channels: z.array(z.string().min(1)).default(['*']),
  headers: z.record(z.string(), z.string()).default({}),
})

const appSchema = z.strictObject({
  id: text.schema,
  key: appKey.schema,
  secret: text.schema,
  previousSecret: text.schema.optional(),
  enabled: z.boolean().default(true),
  requireTls: z.boolean().default(false),
  strictProtocol: z.boolean().default(false),
  webhooks: z.array(webhookSchema).optional(),
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
  const { appId: id, appKey: key, appSecret: secret, webhookUrl, webhookEvents: events } = values
  const webhooks = webhookUrl.map((url): WebhookEndpoint => ({ url, events, channels: ['*'], headers: {} }))
  const parsed = z
    .array(appSchema)
    .min(1)
    .safeParse(given ?? [{ id, key, secret }])
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'apps'}: ${message}`)
    throw new ConfigurationError(`${appsVariable}: expected an array of apps; ${problems.join('; ')}`)
  }
  const apps = parsed.data.map(
    (app): App => Object.freeze({ ...limits, previousSecret: undefined, webhooks, ...defined(app) }),
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
