import { defineConfig } from '../foundation/config.ts'
import { parseMasterKey } from '../protocol/encryption.ts'
import type { Awaitable } from '../support/awaitable.ts'
import type { Logger } from '../support/logger.ts'
import {
  choice,
  type Env,
  type Kind,
  optional,
  resolveSettings,
  secret,
  setting,
  text,
  variableOf,
} from '../support/settings.ts'
import type { ConnectionConfig } from './connection-config.ts'
import { reticentConnection } from './connection-options.ts'
import type { BroadcastRequest, BroadcastUser } from './user.ts'

const masterKey: Kind<string> = {
  ...secret,
  schema: secret.schema.refine((given) => parseMasterKey(given) !== undefined),
  allowed: 'the Base64 of 32 bytes; `npx reverb keys` makes one',
}

/** Every setting of the application side; docs/reference/configuration.md is made from it. */
export const broadcastingSettings = {
  driver: setting(
    'BROADCAST_DRIVER',
    text,
    'log',
    'The connection that broadcasts: `reverb`, `pusher`, `log`, `null`, or one that the app configures or registers',
    'BROADCAST_CONNECTION',
  ),
  reverbServer: setting(
    'REVERB_SERVER',
    choice('auto', 'none'),
    'auto',
    '`auto`: the process whose driver is `reverb` carries the server; `none`: it sends to that of another process over HTTP',
  ),
  encryptionMasterKey: setting(
    'REVERB_ENCRYPTION_MASTER_KEY',
    optional(masterKey),
    undefined,
    'Base64 of 32 bytes, of which the keys of `private-encrypted-` channels are made; needed to send there, never sent to a server',
  ),
} as const

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
  /**
   * The connection that broadcasts: `reverb`, `pusher`, `log`, `null`, or one that the app configures or registers.
   * In the environment: `BROADCAST_DRIVER` or `BROADCAST_CONNECTION`.
   * @default 'log'
   */
  readonly driver?: string
  /**
   * Connections by name; `reverb`, `pusher`, `log` and `null` are there without being configured.
   * @default those four
   */
  readonly connections?: Readonly<Record<string, ConnectionConfig>>
  /**
   * Base64 of 32 bytes, of which the keys of `private-encrypted-` channels are made; needed to send there, never sent to a
   * server.
   * In the environment: `REVERB_ENCRYPTION_MASTER_KEY`.
   * @default none
   */
  readonly encryptionMasterKey?: string
  /**
   * Where lines go; any pino-like object.
   * @default one line of text each on stdout
   */
  readonly logger?: Logger
}

/** Who may subscribe: what the auth endpoint needs of the configuration. */
export interface AuthEndpointConfig {
  /** The user of a request, or nothing for a guest. @default everybody is a guest */
  readonly user?: ((request: BroadcastRequest) => Awaitable<BroadcastUser | null | undefined>) | undefined
  /**
   * Where the endpoint is, and who may ask it from elsewhere.
   * @default under /broadcasting, for pages of the same origin
   */
  readonly auth?: AuthConfig | undefined
}

/** The configuration of a manager: every setting, given or default. */
export interface ResolvedBroadcastingConfig {
  readonly defaultConnection: string
  /** What names it: the option `driver`, or the variable; undefined where nothing does and it is the default. */
  readonly namedBy: string | undefined
  readonly connections: Readonly<Record<string, ConnectionConfig>>
  /** Whether this process may start a server at all (`REVERB_SERVER`). */
  readonly mayServe: boolean
  readonly encryptionMasterKey: string | undefined
}

const builtIn: Readonly<Record<string, ConnectionConfig>> = {
  reverb: { driver: 'reverb' },
  log: { driver: 'log' },
  null: { driver: 'null' },
  pusher: { driver: 'pusher' },
}

/** Resolves the settings: code, then environment, then defaults. Throws a ConfigurationError for a value that is not allowed. */
export function resolveBroadcastingConfig(
  { driver, connections = {}, encryptionMasterKey }: BroadcastManagerConfig,
  env: Env,
): ResolvedBroadcastingConfig {
  const settings = resolveSettings(broadcastingSettings, env, { driver, encryptionMasterKey })
  for (const [name, connection] of Object.entries(connections)) checkMasterKey(name, connection)
  const all = Object.entries(defineConfig(builtIn, connections))
  return Object.freeze({
    defaultConnection: settings.driver,
    namedBy: driver === undefined ? variableOf(broadcastingSettings.driver, env) : 'driver',
    connections: Object.fromEntries(all.map(([name, connection]) => [name, reticentConnection(connection)])),
    mayServe: settings.reverbServer === 'auto',
    encryptionMasterKey: settings.encryptionMasterKey,
  })
}

/** A key that is none must not wait for the first event on an encrypted channel. */
function checkMasterKey(connection: string, { encryptionMasterKey }: ConnectionConfig): void {
  const option = `connections.${connection}.encryptionMasterKey`
  resolveSettings(
    { [option]: broadcastingSettings.encryptionMasterKey },
    {},
    { [option]: encryptionMasterKey },
  )
}

/** The configuration of a connection; the name of a driver is one, too. */
export function connectionOf({ connections }: ResolvedBroadcastingConfig, name: string): ConnectionConfig {
  const configured = Object.hasOwn(connections, name) ? connections[name] : undefined
  return configured ?? { driver: name }
}
