import { validateHeaderName, validateHeaderValue } from 'node:http'
import { z } from 'zod'
import { appKey } from '../../protocol/address.ts'
import { type WebhookName, webhookNames } from '../../protocol/webhook.ts'
import { ConfigurationError } from '../../support/errors.ts'
import { hidden, reticent, withHidden } from '../../support/reticent.ts'
import { text } from '../../support/settings.ts'
import { appSettings } from '../settings.ts'
import type { App, AppSettings, WebhookEndpoint } from './app.ts'
import type { AppLimits } from './app-limits.ts'

/** One app of several: its credentials and any limit that differs from the server's. */
export interface AppOptions extends AppLimits {
  /** Stands in the paths of the HTTP API; no other app has it. */
  id: string
  /** What clients name it by; no other app has it. */
  key: string
  /** Signs auth answers, HTTP API requests and webhooks. */
  secret: string
  /**
   * A second secret that is accepted wherever one is verified.
   * @default none
   */
  previousSecret?: string
  /**
   * `false` refuses every connection with 4003 and every request with 403.
   * @default true
   */
  enabled?: boolean
  /**
   * Refuse plain connections with 4000.
   * @default false
   */
  requireTls?: boolean
  /**
   * Refuse connections that name no protocol version with 4008.
   * @default false
   */
  strictProtocol?: boolean
  /**
   * Who is told what happens in its channels.
   * @default `webhookUrl` of the server, with its `webhookEvents`
   */
  webhooks?: readonly WebhookOptions[]
}

/** A URL that is told what happens in the channels of an app. */
export interface WebhookOptions {
  /** Where the signed POST requests go: http or https. */
  url: string
  /**
   * The names of what it is told.
   * @default all of them
   */
  readonly events?: readonly WebhookName[]
  /**
   * Patterns of the channels it is told about: names in which `*` stands for anything.
   * @default ['*']
   */
  readonly channels?: readonly string[]
  /**
   * Further headers of each request.
   * @default none
   */
  readonly headers?: Readonly<Record<string, string>>
}

/** What an app has that does not say otherwise: the settings of the server. */
export interface AppDefaults extends AppSettings {
  readonly webhooks: readonly WebhookEndpoint[]
}

const webhookSchema = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  events: z.array(z.enum(webhookNames)).default([...webhookNames]),
  channels: z.array(z.string().min(1)).default(['*']),
  headers: z.record(z.string(), z.string()).superRefine(refuseBadHeaders).default({}),
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

/** Throws what Node throws for a name or value that no HTTP header may have. */
export function checkHeaders(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    validateHeaderName(name)
    validateHeaderValue(name, value)
  }
}

function refuseBadHeaders(headers: Readonly<Record<string, string>>, context: z.RefinementCtx): void {
  for (const [name, value] of Object.entries(headers)) {
    if (!areHeaders({ [name]: '' })) {
      context.addIssue({ code: 'custom', path: [name], message: 'no HTTP header has such a name' })
    } else if (!areHeaders({ [name]: value })) {
      const message = 'its value has characters that no HTTP header has (Latin-1 only, no line breaks)'
      context.addIssue({ code: 'custom', path: [name], message })
    }
  }
}

function areHeaders(headers: Readonly<Record<string, string>>): boolean {
  try {
    checkHeaders(headers)
    return true
  } catch {
    return false
  }
}

/** The app, checked, complete and frozen; it prints without its secrets. Throws a {@link ConfigurationError} that never holds a value. */
export function completeApp(given: unknown, defaults: AppDefaults): App {
  return complete(parse(appSchema, given, 'an app'), defaults)
}

/** At least one app, each checked, complete and frozen; they print without their secrets. Throws a {@link ConfigurationError} that never holds a value. */
export function completeApps(given: unknown, defaults: AppDefaults): readonly App[] {
  const apps = parse(z.array(appSchema).min(1), given, 'an array of apps')
  for (const field of ['id', 'key'] as const) {
    const seen = new Set(apps.map((app) => app[field]))
    if (seen.size < apps.length) throw new ConfigurationError(`two apps have the same ${field}`)
  }
  return apps.map((app) => complete(app, defaults))
}

function parse<T>(schema: z.ZodType<T>, given: unknown, expected: string): T {
  const result = schema.safeParse(given)
  if (result.success) return result.data
  const problems = result.error.issues.map(({ path, message }) =>
    path.length > 0 ? `${path.join('.')}: ${message}` : message,
  )
  throw new ConfigurationError(`expected ${expected}; ${problems.join('; ')}`)
}

function complete(app: z.infer<typeof appSchema>, defaults: AppDefaults): App {
  return Object.freeze(reticent({ ...defaults, previousSecret: undefined, ...defined(app) }, withoutSecrets))
}

function withoutSecrets(app: App): object {
  const webhooks = app.webhooks.map(({ url, headers, ...webhook }) => ({
    url: publicPartOf(url),
    ...webhook,
    headers: Object.fromEntries(Object.keys(headers).map((name) => [name, hidden])),
  }))
  return { ...withHidden(app, ['secret', 'previousSecret']), webhooks }
}

/** What may be shown of the URL of a webhook: neither password nor query. */
export function publicPartOf(url: string): string {
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`
}

/** The schemas of a table of settings, each of which may be left out. */
function optionalSchemas<S extends Record<string, { kind: { schema: z.ZodType } }>>(settings: S) {
  const schemas = Object.entries(settings).map(([name, { kind }]) => [name, kind.schema.optional()])
  // The table's own keys.
  return Object.fromEntries(schemas) as { [K in keyof S]: z.ZodOptional<S[K]['kind']['schema']> }
}

/** Drops what is undefined, so that spreading it over defaults keeps the defaults. */
function defined<T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> }
}
