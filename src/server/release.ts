import { messageOf } from '../support/errors.ts'
import type { Logger } from '../support/logger.ts'
import type { Registry } from './adapter.ts'
import type { Connection } from './connection.ts'
import type { Leave } from './handlers/leave.ts'
import type { Signin } from './handlers/signin.ts'
import type { Metrics } from './metrics.ts'

interface ReleaseParts {
  readonly connections: Map<string, Connection>
  readonly leave: Leave
  readonly signin: Signin
  readonly registry: Registry
  readonly metrics: Metrics
  readonly logger: Logger
}

/** Undoes everything a connection was part of; a connection calls it once, whatever ended it. Never rejects. */
export function createRelease({ connections, leave, signin, registry, metrics, logger }: ReleaseParts) {
  return async function release(connection: Connection): Promise<void> {
    metrics.connectionsClosed++
    connections.delete(connection.socketId)
    try {
      const left = leave.all(connection)
      const signedOut = signin.undo(connection)
      await Promise.all([left, signedOut, registry.disconnect(connection.app, connection.socketId)])
    } catch (thrown) {
      metrics.handlerFailures++
      logger.error(`Releasing connection ${connection.socketId} failed: ${messageOf(thrown)}`)
    }
  }
}
