import { defineConfig } from '../foundation/config.ts'
import type { Awaitable } from '../support/awaitable.ts'
import type { Logger } from '../support/logger.ts'
import { choice, type Env, resolveSettings, setting, text } from '../support/settings.ts'
import type { BroadcastRequest, BroadcastUser } from './user.ts'

/** Every setting of the application side; docs/reference/configuration.md is made from it. */
export const broadcastingSettings = {
  driver: setting(
    'BROADCAST_DRIVER',
    text,
    'log',
    'The connection that broadcasts: `reverb`, `log`, `null`, or one that the app configures or registers',
    'BROADCAST_CONNECTION',
  ),
  reverbServer: setting(
    'REVERB_SERVER',
    choice('auto', 'none'),
    'auto',
    '`auto`: the process whose driver is `reverb` carries the server; `none`: this process starts no server',
  ),
} as const

/** A way to broadcast: its driver, and what that driver needs to know. */
export interface ConnectionConfig {
  readonly driver: string
  /** Key of the app that events go to, for driver `reverb`. @default the first app */
  readonly app?: string
  readonly [option: string]: unknown
}

/** The auth endpoint. */
export interface AuthConfig {
  /** Has `/auth` and `/user-auth` under it. @default '/broadcasting' */
  readonly path?: string
  /**
   * Origins of other sites whose pages may ask: `shop.example`, `https://shop.example`, `*.example.com`. With cookies only
   * where the origin is listed without a wildcard, and over plain http only where it is listed with `http://`.
   * @default none
   */
  readonly allowedOrigins?: readonly string[]
}

/** What `new BroadcastManager()` takes. */
export interface BroadcastManagerConfig {
  /** Name of the connection that broadcasts, or of a driver. @default BROADCAST_DRIVER, else 'log' */
  readonly driver?: string
  /** Connections by name; `reverb`, `log` and `null` are there without being configured. */
  readonly connections?: Readonly<Record<string, ConnectionConfig>>
  /** Where lines go; any pino-like object. @default one line of text each on stdout */
  readonly logger?: Logger
}

/** Who may subscribe: what the auth endpoint needs of the configuration. */
export interface AuthEndpointConfig {
  /** The user of a request, or nothing for a guest. @default everybody is a guest */
  readonly user?: ((request: BroadcastRequest) => Awaitable<BroadcastUser | null | undefined>) | undefined
  readonly auth?: AuthConfig | undefined
}

/** The configuration of a manager: every setting, given or default. */
export interface ResolvedBroadcastingConfig {
  readonly defaultConnection: string
  readonly connections: Readonly<Record<string, ConnectionConfig>>
  /** Whether this process may start a server at all (`REVERB_SERVER`). */
  readonly mayServe: boolean
}

const builtIn: Readonly<Record<string, ConnectionConfig>> = {
  reverb: { driver: 'reverb' },
  log: { driver: 'log' },
  null: { driver: 'null' },
}

/** Resolves the settings: code, then environment, then defaults. Throws a ConfigurationError for a value that is not allowed. */
export function resolveBroadcastingConfig(
  { driver, connections = {} }: BroadcastManagerConfig,
  env: Env,
): ResolvedBroadcastingConfig {
  const settings = resolveSettings(broadcastingSettings, env, { driver })
  return Object.freeze({
    defaultConnection: settings.driver,
    connections: defineConfig(builtIn, connections),
    mayServe: settings.reverbServer === 'auto',
  })
}

/** The configuration of a connection; the name of a driver is one, too. */
export function connectionOf({ connections }: ResolvedBroadcastingConfig, name: string): ConnectionConfig {
  const configured = Object.hasOwn(connections, name) ? connections[name] : undefined
  return configured ?? { driver: name }
}
