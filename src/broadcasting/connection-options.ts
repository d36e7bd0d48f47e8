import { reticent, withHidden } from '../support/reticent.ts'
import { refuseUnknownOptions } from '../support/settings.ts'
import type { ConnectionConfig } from './connection-config.ts'
import { httpSettings, pusherSettings } from './http/settings.ts'

/** Options of a connection of whatever driver. */
const common = ['driver', 'app', 'encryptionMasterKey']

/** What a connection of each driver that is always there may say. */
const known: Readonly<Record<string, readonly string[]>> = {
  log: common,
  null: common,
  reverb: [...common, ...Object.keys(httpSettings)],
  pusher: [...common, 'info', ...Object.keys({ ...pusherSettings, ...httpSettings })],
}

/** Those of them that nobody may read. */
const secrets: readonly string[] = [
  'encryptionMasterKey',
  ...Object.entries({ ...pusherSettings, ...httpSettings })
    .filter(([, { kind }]) => 'secret' in kind)
    .map(([name]) => name),
]

/**
 * Throws a ConfigurationError for an option that the connection's driver does not have. A driver of the app's own says itself
 * what it takes.
 */
export function refuseUnknownConnectionOptions(connection: ConnectionConfig): void {
  const options = Object.hasOwn(known, connection.driver) ? known[connection.driver] : undefined
  if (options !== undefined) refuseUnknownOptions(connection, options)
}

/** A copy that prints and turns into JSON without secrets; what an option of a driver of the app's own holds is not known. */
export function reticentConnection(connection: ConnectionConfig): ConnectionConfig {
  return reticent<ConnectionConfig>({ ...connection }, withoutSecrets)
}

function withoutSecrets(connection: ConnectionConfig): object {
  const options = Object.hasOwn(known, connection.driver) ? known[connection.driver] : ['driver', 'app']
  const isShown = (name: string) => options?.includes(name) && !secrets.includes(name)
  return withHidden(
    connection,
    Object.keys(connection).filter((name) => !isShown(name)),
  )
}
