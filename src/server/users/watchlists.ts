import { watchlistEvents } from '../../protocol/messages.ts'
import { type Awaitable, andThen, orUndo } from '../../support/awaitable.ts'
import type { Registry } from '../adapter.ts'
import type { App } from '../apps/app.ts'
import type { Connection } from '../connection.ts'
import { encodeFrame } from '../frame.ts'
import type { Grace } from '../grace.ts'

/** A connection and the users whose coming and going it is told. */
interface Watch {
  readonly connection: Connection
  readonly userIds: readonly string[]
  /** What became known of them before the first answer was sent; undefined afterwards. */
  early: Map<string, boolean> | undefined
}

/** Tells connections which of the users on their lists are online (protocol.md 5.3); who is back at once was never gone. */
export class Watchlists {
  readonly #registry: Registry
  readonly #grace: Grace
  readonly #watches = new Map<Connection, Watch>()
  readonly #watchers = new Map<string, Set<Watch>>()

  constructor(registry: Registry, grace: Grace) {
    this.#registry = registry
    this.#grace = grace
  }

  /**
   * Replaces the list of a connection and sends it the state of each user on it; an empty list sends nothing. When the
   * registry fails, the state is not sent, but what changes from then on.
   */
  watch(connection: Connection, userIds: readonly string[]): Awaitable<void> {
    this.unwatch(connection)
    if (userIds.length === 0) return undefined
    const { app } = connection
    const watch: Watch = { connection, userIds, early: new Map() }
    this.#watches.set(connection, watch)
    for (const userId of userIds) {
      const key = keyOf(app, userId)
      this.#watchers.set(key, (this.#watchers.get(key) ?? new Set()).add(watch))
    }
    return orUndo(
      () => andThen(this.#registry.online(app, userIds), (online) => this.#begin(watch, online)),
      () => {
        watch.early = undefined
      },
    )
  }

  /** From here on the connection is told nothing. */
  unwatch(connection: Connection): void {
    const watch = this.#watches.get(connection)
    if (watch === undefined) return
    this.#watches.delete(connection)
    for (const userId of watch.userIds) {
      const key = keyOf(connection.app, userId)
      const watchers = this.#watchers.get(key)
      watchers?.delete(watch)
      if (watchers?.size === 0) this.#watchers.delete(key)
    }
  }

  /** The user's first connection has signed in. */
  online(app: App, userId: string): void {
    if (!this.#grace.cancel(keyOf(app, userId))) this.#send(app, userId, true)
  }

  /** The user's last signed-in connection is gone. */
  offline(app: App, userId: string): void {
    this.#grace.hold(keyOf(app, userId), () => this.#send(app, userId, false))
  }

  /** Lets go of the timer; who was held back was online for the last time. */
  stop(): void {
    this.#grace.stop()
  }

  #begin(watch: Watch, online: ReadonlySet<string>): void {
    const { connection, userIds, early } = watch
    if (this.#watches.get(connection) !== watch) return
    watch.early = undefined
    // Whoever may still be back is online, as those who watched before have not been told otherwise.
    const isOnline = (userId: string) =>
      early?.get(userId) ?? (online.has(userId) || this.#grace.holds(keyOf(connection.app, userId)))
    const [here, gone] = [userIds.filter(isOnline), userIds.filter((userId) => !isOnline(userId))]
    connection.send(watchlistEvents(here, gone))
  }

  #send(app: App, userId: string, online: boolean): void {
    const watchers = this.#watchers.get(keyOf(app, userId))
    if (watchers === undefined) return
    const frame = encodeFrame(online ? watchlistEvents([userId], []) : watchlistEvents([], [userId]))
    for (const { connection, early } of watchers) {
      if (early === undefined) connection.sendFrame(frame)
      else early.set(userId, online)
    }
  }
}

function keyOf({ id }: App, userId: string): string {
  return JSON.stringify([id, userId])
}
