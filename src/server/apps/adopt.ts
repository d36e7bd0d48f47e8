import type { Connection } from '../connection.ts'
import type { App } from './app.ts'

/** Brings a connection up to what its app is by now: closes it with 4001 when that is gone, with 4003 when disabled. */
export function adopt(connection: Connection, app: App | undefined): void {
  if (app === undefined) connection.close(4001)
  else if (!app.enabled) connection.close(4003)
  else connection.adopt(app)
}
