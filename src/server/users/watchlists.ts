import { watchlistEvents } from '../../protocol/messages.ts'
import { type Awaitable, andThen, orUndo } from '../../support/awaitable.ts'
import type { Registry } from '../adapter.ts'
import type { Connection } from '../connection.ts'
import { encodeFrame } from '../frame.ts'

/** A connection and the users whose coming and going it is told. */
interface Watch {
  readonly connection: Connection
  readonly userIds: readonly string[]
  /** What became known of them before the first answer was sent; undefined afterwards. */
  early: Map<string, boolean> | undefined
}

/** A user whom connections of this node watch. */
interface Watched {
  readonly watches: Set<Watch>
  /** What they have been told; undefined until the registry has said something. */
  online: boolean | undefined
}

/** Tells connections of this node which of the users on their lists are online (protocol.md 5.3). */
export class Watchlists {
  readonly #registry: Registry
  readonly #watches = new Map<Connection, Watch>()
  readonly #apps = new Map<string, Map<string, Watched>>()

  constructor(registry: Registry) {
    this.#registry = registry
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
    const users = this.#apps.get(app.id) ?? new Map<string, Watched>()
    this.#apps.set(app.id, users)
    for (const userId of userIds) {
      const watched = users.get(userId) ?? { watches: new Set(), online: undefined }
      watched.watches.add(watch)
      users.set(userId, watched)
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
    const { id } = connection.app
    const users = this.#apps.get(id)
    for (const userId of watch.userIds) {
      const watches = users?.get(userId)?.watches
      watches?.delete(watch)
      if (watches?.size === 0) users?.delete(userId)
    }
    if (users?.size === 0) this.#apps.delete(id)
  }

  /** A user is online or is not; said again, it is told to nobody. */
  changed({ id }: { readonly id: string }, userId: string, online: boolean): void {
    for (const { early } of this.#apps.get(id)?.get(userId)?.watches ?? []) early?.set(userId, online)
    this.#tell(id, userId, online)
  }

  /** Whether any connection watches the user. */
  isWatched(appId: string, userId: string): boolean {
    return this.#apps.get(appId)?.has(userId) === true
  }

  /** Every user whom connections watch, by app. */
  *watchedUsers(): Iterable<readonly [appId: string, userIds: readonly string[]]> {
    for (const [appId, users] of this.#apps) yield [appId, [...users.keys()]]
  }

  #begin(watch: Watch, online: ReadonlySet<string>): void {
    const { connection, userIds, early } = watch
    if (this.#watches.get(connection) !== watch) return
    const isOnline = (userId: string) => early?.get(userId) ?? online.has(userId)
    const [here, gone] = [userIds.filter(isOnline), userIds.filter((userId) => !isOnline(userId))]
    // Those who watch already know it, or learn now what this answer has brought to light.
    for (const userId of userIds) this.#tell(connection.app.id, userId, isOnline(userId))
    watch.early = undefined
    connection.send(watchlistEvents(here, gone))
  }

  /** Tells those who have had their first answer. */
  #tell(appId: string, userId: string, online: boolean): void {
    const watched = this.#apps.get(appId)?.get(userId)
    if (watched === undefined || watched.online === online) return
    watched.online = online
    const frame = encodeFrame(online ? watchlistEvents([userId], []) : watchlistEvents([], [userId]))
    for (const { connection, early } of watched.watches) {
      if (early === undefined) connection.sendFrame(frame)
    }
  }
}
