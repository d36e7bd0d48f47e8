import { setTimeout as sleep } from 'node:timers/promises'
import type { Registry } from './adapter.ts'
import type { Connection } from './connection.ts'
import type { Leave } from './handlers/leave.ts'
import type { Signin } from './handlers/signin.ts'
import type { Metrics } from './metrics.ts'
import type { Unawaited } from './unawaited.ts'

interface ReleaseParts {
  readonly connections: Map<string, Connection>
  readonly leave: Leave
  readonly signin: Signin
  readonly registry: Registry
  readonly unawaited: Unawaited
  readonly metrics: Metrics
}

/** Makes what undoes everything that a connection was part of. */
export function createRelease({ connections, leave, signin, registry, unawaited, metrics }: ReleaseParts) {
  const pending = new Set<Promise<void>>()

  /** Undoes it; a connection calls this once, whatever ended it. Never throws: what fails is counted and logged. */
  function release(connection: Connection): void {
    metrics.connectionsClosed++
    connections.delete(connection.socketId)
    const released = undo(connection)
    pending.add(released)
    unawaited(forget(released), `Releasing connection ${connection.socketId}`)
  }

  /** One that fails must not keep the others from being done. */
  async function undo(connection: Connection): Promise<void> {
    const { app, socketId } = connection
    const left = leave.all(connection)
    const signedOut = (async () => signin.undo(connection))()
    const disconnected = (async () => registry.disconnect(app, socketId))()
    await Promise.all([left, signedOut, disconnected])
  }

  async function forget(released: Promise<void>): Promise<void> {
    try {
      await released
    } finally {
      pending.delete(released)
    }
  }

  /** Resolves when everything that was begun is done, after `deadline` milliseconds at the latest. Never rejects. */
  async function released(deadline: number): Promise<void> {
    if (pending.size === 0) return
    const timer = new AbortController()
    await Promise.race([
      Promise.allSettled(pending),
      sleep(deadline, undefined, { signal: timer.signal, ref: false }).catch(() => {}),
    ])
    timer.abort()
  }

  return { release, released }
}
