import type { App } from './apps/app.ts'
import type { Connection } from './connection.ts'
import { pingFrame } from './frame.ts'
import type { Metrics } from './metrics.ts'
import type { Outbox } from './outbox.ts'

/** Milliseconds between two sweeps: a quarter of the shortest setting of an app, within bounds. */
const maxTick = 1_000
const minTick = 10

interface Sweeper {
  /** `now` in milliseconds on the monotonic clock. */
  sweep(now: number): void
}

interface HeartbeatParts {
  readonly connections: ReadonlyMap<string, Connection>
  readonly outbox: Outbox
  readonly metrics: Metrics
  /** Further parts that have something to look at now and then. */
  readonly sweepers: readonly Sweeper[]
}

/**
 * One timer for all connections: pings who was silent, closes who stays so (protocol.md 1.6) or does not read, and lets
 * others sweep.
 */
export class Heartbeat {
  readonly #parts: HeartbeatParts
  #tick = maxTick
  #timer: NodeJS.Timeout | undefined

  constructor(parts: HeartbeatParts) {
    this.#parts = parts
  }

  /** Begins to sweep; idempotent. The timer does not keep the process alive. */
  start(): void {
    this.#timer ??= setInterval(() => this.sweep(performance.now()), this.#tick).unref()
  }

  /** From now on it sweeps often enough for the settings of this app too. */
  include({ pingInterval, pongTimeout, userAuthTimeout }: App): void {
    const shortest = Math.min(pingInterval, pongTimeout, userAuthTimeout || pingInterval)
    const tick = Math.max(minTick, shortest * 250)
    if (tick >= this.#tick) return
    this.#tick = tick
    if (this.#timer === undefined) return
    this.stop()
    this.start()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Looks at every connection once; `now` in milliseconds on the monotonic clock. */
  sweep(now: number): void {
    const { connections, outbox, metrics, sweepers } = this.#parts
    for (const sweeper of sweepers) sweeper.sweep(now)
    for (const connection of connections.values()) {
      outbox.check(connection)
      if (!connection.open) continue
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
