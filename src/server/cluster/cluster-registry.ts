import type { Member } from '../../protocol/messages.ts'
import type { ChannelName, SocketId } from '../../protocol/names.ts'
import { ignoreRejection } from '../../support/awaitable.ts'
import { messageOf } from '../../support/errors.ts'
import type { Logger } from '../../support/logger.ts'
import { type Joined, type Occupancy, type Registry, type RegistryListener, settleTime } from '../adapter.ts'
import type { App } from '../apps/app.ts'
import { Grace } from '../grace.ts'
import { Attendance } from './attendance.ts'
import type { Departure, Ledger, Notice, Place, PlaceState, Settled } from './broker.ts'
import { ConnectionCounts } from './connection-counts.ts'
import { Gatherer, inBatches } from './gatherer.ts'
import type { Link } from './link.ts'
import { Seat } from './seat.ts'
import { SeatStatements, type Surroundings } from './seat-statements.ts'

interface RegistryParts {
  readonly link: Link
  readonly ledger: Ledger
  readonly logger: Logger
  /** Finds the app of a departure that another node has begun. */
  readonly findApp: (id: string) => Promise<App | undefined>
  /** Tells other nodes that a user has come or gone; false when they could not be reached. Never rejects. */
  readonly tellOfUser: (appId: string, userId: string) => Promise<boolean>
}

/**
 * The registry of a node among others. What this node has in a channel is said to the ledger in absolute numbers; what
 * everybody has comes back as versions. Subscribers of this node are told the difference between what they know and what is
 * so: so additions and removals alternate for each of them, whatever was lost on the way. While the ledger cannot be asked,
 * this node goes by what it knows, and tells the differences when it can.
 */
export class ClusterRegistry implements Registry {
  readonly #parts: RegistryParts
  readonly #seats = new Map<string, SeatStatements>()
  readonly #around: { -readonly [Part in keyof Surroundings]: Surroundings[Part] }
  readonly #empty = new Grace(settleTime)
  readonly #attendance: Attendance
  readonly #counts: ConnectionCounts
  readonly #watch: Gatherer<Place>

  constructor(parts: RegistryParts) {
    const { link, ledger, tellOfUser } = parts
    this.#parts = parts
    this.#around = { link, ledger, listener: undefined, doubtful: false, draining: false }
    this.#counts = new ConnectionCounts(link, ledger)
    this.#attendance = new Attendance({
      link,
      ledger,
      changed: (app, userId, online) => this.#around.listener?.userChanged(app, userId, online),
      tellOfUser,
    })
    this.#watch = new Gatherer((places) => link.ask(() => ledger.watch(places)))
  }

  listen(listener: RegistryListener): void {
    this.#around.listener = listener
  }

  connect(app: App): boolean | Promise<boolean> {
    return this.#counts.connect(app)
  }

  disconnect(app: App): void {
    this.#counts.disconnect(app)
  }

  connections({ id }: App): Promise<number> {
    return this.#parts.link.ask(() => this.#parts.ledger.connections(id))
  }

  join(app: App, channel: ChannelName, socketId: SocketId, member: Member | undefined): Promise<Joined> {
    const statements = this.#statementsOf(app, channel)
    const entry = { socketId, member }
    statements.seat.enter(entry)
    return statements.told(entry)
  }

  async leave(app: App, channel: ChannelName, socketId: SocketId): Promise<void> {
    const statements = this.#seats.get(keyOf(app.id, channel))
    const entry = statements?.seat.entryOf(socketId)
    if (statements === undefined || entry === undefined) return
    statements.seat.app = app
    statements.seat.exit(entry)
    await statements.told(entry)
  }

  roster(app: App, channel: ChannelName): Iterable<Member> {
    return this.#seats.get(keyOf(app.id, channel))?.seat.roster.values() ?? []
  }

  async members(app: App, channel: ChannelName): Promise<readonly Member[]> {
    const { members } = await this.#stateOf({ appId: app.id, channel })
    return members
  }

  async occupancy(app: App, channel: ChannelName): Promise<Occupancy> {
    const { subscriptions, members } = await this.#stateOf({ appId: app.id, channel })
    return { subscriptions, users: members.length }
  }

  async channels(app: App, prefix: string): Promise<ReadonlyMap<ChannelName, Occupancy>> {
    const { link, ledger } = this.#parts
    const found = await link.ask(() => ledger.occupied(app.id, prefix))
    // Names that nodes have vouched for when somebody joined.
    return found as ReadonlyMap<ChannelName, Occupancy>
  }

  signIn(app: App, socketId: SocketId, userId: string): Promise<void> {
    return this.#attendance.signIn(app, socketId, userId)
  }

  signOut(app: App, socketId: SocketId, userId: string): Promise<void> {
    return this.#attendance.signOut(app, socketId, userId)
  }

  online(app: App, userIds: readonly string[]): Promise<ReadonlySet<string>> {
    return this.#attendance.online(app.id, userIds)
  }

  /** A place that this node watches has changed. */
  changed({ appId, channel }: Place, notice: Notice): void {
    this.#seats.get(keyOf(appId, channel))?.noticed(notice)
  }

  /** Another node says that a user may have come or gone. */
  async userMayHaveChanged(appId: string, userId: string): Promise<void> {
    if (this.#around.listener?.isWatched(appId, userId)) await this.#attendance.verify(appId, [userId])
  }

  /** The ledger cannot be asked, and may be another one when it can be. */
  lost(): void {
    this.#around.doubtful = true
    // Now, not when everything is said again: newcomers may speak of the same channel before that.
    for (const statements of this.#seats.values()) statements.lost()
  }

  /** Says everything again. */
  async recover(): Promise<void> {
    await Promise.all([this.#counts.recover(), this.#attendance.recover()])
    await inBatches([...this.#seats.values()], async (batch) => {
      const watched = batch.filter((statements) => this.#isKept(statements) && statements.isWatched)
      const { link, ledger } = this.#parts
      if (watched.length > 0) await link.ask(() => ledger.watch(watched.map(({ seat }) => seat.place)))
      for (const statements of watched) statements.watched()
      await Promise.all(batch.map((statements) => statements.sayAgain()))
    })
    for (const [appId, userIds] of this.#around.listener?.watchedUsers() ?? []) {
      await this.#attendance.verify(appId, userIds)
    }
  }

  /** Every node has had the time to come back: whom the ledger does not know now, is not there. */
  async believe(): Promise<void> {
    this.#around.doubtful = false
    const doubtful = [...this.#seats.values()].filter(({ seat }) => seat.doubtful)
    await inBatches(doubtful, (batch) => Promise.all(batch.map((statements) => statements.refresh())))
  }

  /** Departures that are this node's to announce; never rejects. */
  async settled({ departures, offline }: Settled): Promise<void> {
    for (const [appId, users] of byApp(offline)) {
      for (const { userId } of users) void this.#parts.tellOfUser(appId, userId)
      const watched = users.filter(({ userId }) => this.#around.listener?.isWatched(appId, userId))
      void this.#attendance.verify(
        appId,
        watched.map(({ userId }) => userId),
      )
    }
    await Promise.all([...byApp(departures)].map(([appId, some]) => this.#announce(appId, some)))
  }

  /** From now on users who leave are kept for a while, as they will appear on another node. */
  drain(): void {
    this.#around.draining = true
  }

  stop(): void {
    this.#empty.stop()
    this.#counts.stop()
    this.#attendance.stop()
  }

  #statementsOf(app: App, channel: ChannelName): SeatStatements {
    const key = keyOf(app.id, channel)
    this.#empty.cancel(key)
    const statements = this.#seats.get(key) ?? this.#begin(key, new Seat(app, channel))
    statements.seat.app = app
    if (statements.beginsToBeWatched()) void this.#beginToWatch(statements)
    return statements
  }

  #begin(key: string, seat: Seat): SeatStatements {
    const statements = new SeatStatements(seat, this.#around, () => this.#forgetSoon(key, statements))
    this.#seats.set(key, statements)
    return statements
  }

  async #beginToWatch(statements: SeatStatements): Promise<void> {
    try {
      await this.#watch.add(statements.seat.place)
      statements.watched()
    } catch {
      // Out of reach: it is watched when the ledger is back.
    }
  }

  #stateOf(place: Place): Promise<PlaceState> {
    const { link, ledger } = this.#parts
    return link.ask(() => ledger.state(place))
  }

  /** An app that is no longer there has nobody who listens. */
  async #announce(appId: string, departures: readonly Departure[]): Promise<void> {
    const { findApp, logger } = this.#parts
    try {
      const app = await findApp(appId)
      if (app === undefined) return
      for (const { channel: name, userId } of departures) {
        // A name that a node has vouched for when somebody joined.
        const channel = name as ChannelName
        if (userId === undefined) this.#around.listener?.transition({ name: 'channel_vacated', app, channel })
        else this.#around.listener?.transition({ name: 'member_removed', app, channel, userId })
      }
    } catch (thrown) {
      const what = `${departures.length} departures from channels of the app ${appId} are told to no webhook`
      logger.error(`${what}: the app cannot be looked up: ${messageOf(thrown)}`)
    }
  }

  /** Meanwhile it may have been given up. */
  #isKept(statements: SeatStatements): boolean {
    return this.#seats.get(keyOf(statements.seat.app.id, statements.seat.channel)) === statements
  }

  /** Most come back: only a seat that stays empty is given up. */
  #forgetSoon(key: string, statements: SeatStatements): void {
    this.#empty.hold(key, () => {
      if (!statements.over) return
      this.#seats.delete(key)
      const { link, ledger } = this.#parts
      if (statements.isWatched) ignoreRejection(link.ask(() => ledger.unwatch([statements.seat.place])))
    })
  }
}

function keyOf(appId: string, channel: string): string {
  return JSON.stringify([appId, channel])
}

function byApp<Item extends { readonly appId: string }>(items: readonly Item[]): Map<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const group = groups.get(item.appId)
    if (group === undefined) groups.set(item.appId, [item])
    else group.push(item)
  }
  return groups
}
