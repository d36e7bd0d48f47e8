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

/**
 * Throws a ConfigurationError for an option that the connection's driver does not have. A driver of the app's own says itself
 * what it takes.
 */
export function refuseUnknownConnectionOptions(connection: ConnectionConfig): void {
  const options = Object.hasOwn(known, connection.driver) ? known[connection.driver] : undefined
  if (options !== undefined) refuseUnknownOptions(connection, options)
}
