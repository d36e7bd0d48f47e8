import { addressSettings, appsVariable, publicAddress } from '../../protocol/address.ts'
import type { AddressOptions } from '../../protocol/address-options.ts'
import { ConfigurationError } from '../../support/errors.ts'
import { asObject } from '../../support/json.ts'
import { type Env, resolveSettings } from '../../support/settings.ts'
import type { ConnectionConfig } from '../connection-config.ts'
import { httpSettings } from './settings.ts'
import type { ApiTarget } from './target.ts'

/** What code says about the server of another process; what it leaves out comes from the environment. */
export interface RemoteServer extends AddressOptions {
  /**
   * Several apps instead of the default one.
   * In the environment: `REVERB_APPS`, as JSON.
   * @default one app, of `appId`, `appKey` and `appSecret`
   */
  readonly apps?: readonly RemoteApp[]
}

interface RemoteApp {
  /** Stands in the paths of the HTTP API. */
  readonly id: string
  /** Key that clients send. */
  readonly key: string
  /** Signs auth answers and HTTP API requests. */
  readonly secret: string
}

const hints = {
  address: 'REVERB_PUBLIC_HOST, REVERB_PUBLIC_PORT, REVERB_PUBLIC_SCHEME and REVERB_PUBLIC_PATH',
  app: 'REVERB_APP_ID',
  credentials: 'REVERB_APP_KEY and REVERB_APP_SECRET',
  plainHttp: 'REVERB_PUBLIC_SCHEME=http',
}

/**
 * Where driver `reverb` sends to without a server in its own process: the public address of the server, and the app of the
 * connection, else the first one. Throws a {@link ConfigurationError}.
 */
export function reverbTarget(connection: ConnectionConfig, env: Env, server: RemoteServer = {}): ApiTarget {
  const settings = resolveSettings(addressSettings, env, server)
  const address = publicAddress(settings)
  if (address.port === 0) {
    throw new ConfigurationError(
      'REVERB_PORT is 0, which is any free port, so no other process finds the server; set REVERB_PUBLIC_PORT',
    )
  }
  const { appId: id, appKey: key, appSecret: secret } = settings
  const inCode = (server.appId ?? server.appKey ?? server.appSecret) !== undefined
  const given = server.apps ?? (inCode ? undefined : parseJson(env[appsVariable]))
  const app = appOf(checkApps(given ?? [{ id, key, secret }]), connection.app)
  const options: Readonly<Record<string, unknown>> = connection
  return {
    driver: 'reverb',
    ...address,
    appId: app.id,
    key: app.key,
    secret: app.secret,
    ...resolveSettings(httpSettings, env, options),
    info: 'subscription_count,user_count',
    maxEventSize: undefined,
    hints,
  }
}

function appOf(apps: readonly RemoteApp[], key: string | undefined): RemoteApp {
  const app = key === undefined ? apps[0] : apps.find((candidate) => candidate.key === key)
  if (app !== undefined) return app
  throw new ConfigurationError(
    `No app has the key "${key}"; known keys: ${apps.map((known) => known.key).join(', ')}`,
  )
}

/** Of each app only what a sender needs: the server checks the rest. */
function checkApps(given: unknown): readonly RemoteApp[] {
  const apps = Array.isArray(given) ? given.map(toApp) : []
  if (apps.length > 0 && apps.every((app) => app !== undefined)) return apps
  throw new ConfigurationError(
    `${appsVariable}: its value is not allowed; expected an array of apps with id, key and secret`,
  )
}

function toApp(given: unknown): RemoteApp | undefined {
  const { id, key, secret } = asObject(given) ?? {}
  if (typeof id !== 'string' || typeof key !== 'string' || typeof secret !== 'string') return undefined
  return { id, key, secret }
}

/** What is no JSON is no list of apps either. */
function parseJson(text: string | undefined): unknown {
  if (!text) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
