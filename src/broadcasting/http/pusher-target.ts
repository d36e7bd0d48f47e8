import { usualPort } from '../../protocol/address.ts'
import { ConfigurationError } from '../../support/errors.ts'
import { type Env, resolveSettings, type Values } from '../../support/settings.ts'
import type { ConnectionConfig } from '../connection-config.ts'
import { refuseUnknownConnectionOptions } from '../connection-options.ts'
import { httpSettings, pusherSettings } from './settings.ts'
import type { ApiTarget } from './target.ts'

type PusherSettings = Values<typeof pusherSettings>

/** Bytes of the payload of one event that pusher.com takes (protocol.md 0.4). */
const maxEventSize = 10_240

const hints = {
  address: 'PUSHER_APP_CLUSTER, or PUSHER_HOST, PUSHER_PORT, PUSHER_SCHEME and PUSHER_PATH',
  app: 'PUSHER_APP_ID',
  credentials: 'PUSHER_APP_KEY and PUSHER_APP_SECRET',
  plainHttp: 'PUSHER_SCHEME=http',
}

/**
 * Where driver `pusher` sends to: the host, else pusher.com's of the cluster.
 * Throws a {@link ConfigurationError} that names the setting that is missing or not allowed.
 */
export function pusherTarget(connection: ConnectionConfig, env: Env): ApiTarget {
  const table = { ...pusherSettings, ...httpSettings }
  refuseUnknownConnectionOptions(connection)
  const options: Readonly<Record<string, unknown>> = connection
  const { connectTimeout, timeout, ...settings } = resolveSettings(table, env, options)
  return {
    driver: 'pusher',
    appId: required(settings, 'appId'),
    key: required(settings, 'key'),
    secret: required(settings, 'secret'),
    ...placeOf(settings, connection),
    info: infoOf(connection),
    connectTimeout,
    timeout,
    hints,
  }
}

type Place = Pick<ApiTarget, 'scheme' | 'host' | 'port' | 'path' | 'maxEventSize'>

/** A cluster in code counts more than a host in the environment. What a host takes is not known. */
function placeOf(settings: PusherSettings, connection: ConnectionConfig): Place {
  const { cluster, host, port, scheme, path } = settings
  const inCode = connection['cluster'] !== undefined && connection['host'] === undefined
  if (cluster !== undefined && (inCode || host === undefined)) {
    return { scheme: 'https', host: `api-${cluster}.pusher.com`, port: 443, path: '', maxEventSize }
  }
  if (host !== undefined) {
    return { scheme, host, port: port ?? usualPort(scheme), path, maxEventSize: undefined }
  }
  throw new ConfigurationError(
    'Driver "pusher": it is not known where to send; set PUSHER_APP_CLUSTER or PUSHER_HOST (in code "cluster" or "host")',
  )
}

function required(settings: PusherSettings, name: 'appId' | 'key' | 'secret'): string {
  const value = settings[name]
  if (value !== undefined) return value
  throw new ConfigurationError(
    `Driver "pusher": ${pusherSettings[name].env} is missing; set it, or "${name}" of the connection in code`,
  )
}

/** A list in code, or its text. */
function infoOf({ info }: ConnectionConfig): string | undefined {
  if (info === undefined || typeof info === 'string') return info
  if (Array.isArray(info) && info.every((count) => typeof count === 'string')) return info.join()
  throw new ConfigurationError(
    `info: ${JSON.stringify(info)} is not allowed; expected a list of subscription_count and user_count`,
  )
}
