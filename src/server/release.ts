import { setTimeout as sleep } from 'node:timers/promises'
import { type Awaitable, doAll, isPromise } from '../support/awaitable.ts'
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
  const pending = new Set<PromiseLike<void>>()

  /** Undoes it; a connection calls this once, whatever ended it. Never throws: what fails is counted and logged. */
  function release(connection: Connection): void {
    metrics.connectionsClosed++
    connections.delete(connection.socketId)
    const released = undo(connection)
    if (!isPromise(released)) return
    pending.add(released)
    unawaited(forget(released), `Releasing connection ${connection.socketId}`)
  }

  function undo(connection: Connection): Awaitable<void> {
    const { app, socketId } = connection
    return doAll([
      () => leave.all(connection),
      () => signin.undo(connection),
      () => registry.disconnect(app, socketId),
    ])
  }

  async function forget(released: PromiseLike<void>): Promise<void> {
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
