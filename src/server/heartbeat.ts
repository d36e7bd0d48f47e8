import type { App } from './apps/app.ts'
import type { Connection } from './connection.ts'
import { pingFrame } from './frame.ts'
import type { Metrics } from './metrics.ts'
import type { Outbox } from './outbox.ts'

/** Milliseconds between two sweeps at most; less when an app's settings are shorter than that. */
const maxTick = 1_000

interface HeartbeatParts {
  readonly connections: ReadonlyMap<string, Connection>
  readonly outbox: Outbox
  readonly metrics: Metrics
  /** Their ping intervals and pong timeouts decide how often it sweeps. */
  readonly apps: readonly App[]
}

/** One timer for all connections: pings who was silent, closes who stays so (protocol.md 1.6) or does not read. */
export class Heartbeat {
  readonly #parts: HeartbeatParts
  #timer: NodeJS.Timeout | undefined

  constructor(parts: HeartbeatParts) {
    this.#parts = parts
  }

  /** Begins to sweep; idempotent. The timer does not keep the process alive. */
  start(): void {
    if (this.#timer !== undefined) return
    const seconds = this.#parts.apps.flatMap(({ pingInterval, pongTimeout }) => [pingInterval, pongTimeout])
    const tick = Math.max(10, Math.min(maxTick, (Math.min(...seconds) * 1000) / 4))
    this.#timer = setInterval(() => this.sweep(performance.now()), tick).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Looks at every connection once; `now` in milliseconds on the monotonic clock. */
  sweep(now: number): void {
    const { connections, outbox, metrics } = this.#parts
    for (const connection of connections.values()) {
      outbox.check(connection)
      const { app, lastSeen, pingedAt } = connection
      if (isUnauthorized(connection, now)) {
        metrics.unauthorizedConnectionsClosed++
        connection.close(4009, 'Neither signed in nor in a private or presence channel in time')
        continue
      }
      if (pingedAt > lastSeen) {
        if (now - pingedAt < app.pongTimeout * 1000) continue
        metrics.staleConnectionsClosed++
        connection.close(4201)
      } else if (now - lastSeen >= app.pingInterval * 1000) {
        connection.pingedAt = now
        outbox.add(connection, pingFrame, false)
      }
    }
  }
}

/** Whether its time to sign in, or to join a private or presence channel, is over (protocol.md 5.5). */
function isUnauthorized({ app, authorized, since }: Connection, now: number): boolean {
  return !authorized && app.userAuthTimeout > 0 && now - since >= app.userAuthTimeout * 1000
}
