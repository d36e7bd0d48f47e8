import type { Member } from '../../protocol/messages.ts'
import { type ChannelName, kindOf, type SocketId } from '../../protocol/names.ts'
import { ignoreRejection } from '../../support/awaitable.ts'
import { type Joined, type Occupancy, type Registry, type RegistryListener, settleTime } from '../adapter.ts'
import type { App } from '../apps/app.ts'
import { Grace } from '../grace.ts'
import { Attendance } from './attendance.ts'
import type { Broker, Held, Notice, Place, PlaceState, Settled } from './broker.ts'
import { ConnectionCounts } from './connection-counts.ts'
import { Gatherer, inBatches } from './gatherer.ts'
import type { Link } from './link.ts'
import { type Difference, type Entry, Seat } from './seat.ts'

interface RegistryParts {
  readonly link: Link
  readonly broker: Broker
  /** Finds the app of a departure that another node has begun. */
  readonly findApp: (id: string) => Promise<App | undefined>
  /** Tells other nodes that a user has come or gone. */
  readonly tellOfUser: (appId: string, userId: string) => void
}

/** Somebody who waits for the ledger to have heard of an entry, or of its end. */
interface Waiting {
  readonly entry: Entry
  readonly resolve: (joined: Joined) => void
}

/** A seat with what has still to be said of it. */
interface Kept {
  readonly seat: Seat
  waiting: Waiting[]
  /** Whether something has changed that nobody waits for. */
  changed: boolean
  /** Whether the ledger may have forgotten all of it, or not have heard the last of it. */
  again: boolean
  /** The memory of the ledger in which the last statement stands. */
  memory: string | undefined
  saying: boolean
  /** Whether what is being said may be answered with a state that is older than the watch. */
  unsure: boolean
  /** The last notice that came while something was being said; only of counts. */
  later: Notice | undefined
}

/**
 * The registry of a node among others. What this node has in a channel is said to the ledger in absolute numbers, one
 * statement at a time for each channel, however many come and go meanwhile; what everybody has comes back as versions.
 * Subscribers of this node are told the difference between what they know and what is so: so additions and removals
 * alternate for each of them, whatever was lost on the way. While the ledger cannot be asked, this node goes by what it
 * knows, and tells the differences when it can.
 */
export class ClusterRegistry implements Registry {
  readonly #parts: RegistryParts
  readonly #seats = new Map<string, Kept>()
  readonly #empty = new Grace(settleTime)
  readonly #attendance: Attendance
  readonly #counts: ConnectionCounts
  readonly #watch: Gatherer<Place>
  #listener: RegistryListener | undefined
  /** Set from a loss on until every node has had the time to come back. */
  #doubtful = false
  #draining = false

  constructor(parts: RegistryParts) {
    const { link, broker, tellOfUser } = parts
    this.#parts = parts
    this.#counts = new ConnectionCounts(link, broker.ledger)
    this.#attendance = new Attendance({
      link,
      ledger: broker.ledger,
      changed: (app, userId, online) => this.#listener?.userChanged(app, userId, online),
      tellOfUser,
    })
    this.#watch = new Gatherer((places) => link.ask(() => broker.ledger.watch(places)))
  }

  listen(listener: RegistryListener): void {
    this.#listener = listener
  }

  connect(app: App): boolean | Promise<boolean> {
    return this.#counts.connect(app)
  }

  disconnect(app: App): void {
    this.#counts.disconnect(app)
  }

  connections({ id }: App): Promise<number> {
    return this.#parts.link.ask(() => this.#parts.broker.ledger.connections(id))
  }

  join(app: App, channel: ChannelName, socketId: SocketId, member: Member | undefined): Promise<Joined> {
    const kept = this.#seatOf(app, channel)
    const entry = { socketId, member }
    kept.seat.enter(entry)
    return this.#told(kept, entry)
  }

  async leave(app: App, channel: ChannelName, socketId: SocketId): Promise<void> {
    const kept = this.#seats.get(keyOf(app.id, channel))
    const entry = kept?.seat.entryOf(socketId)
    if (kept === undefined || entry === undefined) return
    kept.seat.app = app
    kept.seat.exit(entry)
    await this.#told(kept, entry)
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
    const { link, broker } = this.#parts
    const found = await link.ask(() => broker.ledger.occupied(app.id, prefix))
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
    const kept = this.#seats.get(keyOf(appId, channel))
    if (kept === undefined) return
    const { seat } = kept
    if (isPresence(seat)) {
      const difference = seat.learnNotice(notice, this.#doubtful)
      if (difference === undefined) void this.#refresh(kept)
      else this.#tell(seat, difference)
    } else if (kept.saying) kept.later = notice
    else this.#learnCount(seat, notice, false)
  }

  /** Another node says that a user may have come or gone. */
  async userMayHaveChanged(appId: string, userId: string): Promise<void> {
    if (this.#listener?.isWatched(appId, userId)) await this.#attendance.verify(appId, [userId])
  }

  /** The ledger cannot be asked, and may be another one when it can be. */
  lost(): void {
    this.#doubtful = true
    // Now, not when everything is said again: newcomers may speak of the same channel before that.
    for (const kept of this.#seats.values()) {
      kept.seat.version = 0
      kept.again = true
    }
  }

  /** Says everything again. */
  async recover(): Promise<void> {
    const seats = [...this.#seats.values()]
    for (const kept of seats) kept.changed = true
    await Promise.all([this.#counts.recover(), this.#attendance.recover()])
    await inBatches(seats, async (batch) => {
      const watched = batch.filter((kept) => this.#isKept(kept) && isWatched(kept.seat))
      const { link, broker } = this.#parts
      if (watched.length > 0) await link.ask(() => broker.ledger.watch(watched.map(({ seat }) => seat.place)))
      for (const kept of watched) this.#watched(kept)
      await Promise.all(batch.map((kept) => this.#say(kept)))
    })
    for (const [appId, userIds] of this.#listener?.watchedUsers() ?? []) {
      await this.#attendance.verify(appId, userIds)
    }
  }

  /** Every node has had the time to come back: whom the ledger does not know now, is not there. */
  async believe(): Promise<void> {
    this.#doubtful = false
    const doubtful = [...this.#seats.values()].filter(({ seat }) => seat.doubtful)
    await inBatches(doubtful, (batch) => Promise.all(batch.map((kept) => this.#refresh(kept))))
  }

  /** Departures that are this node's to announce; never rejects. */
  async settled({ departures, offline }: Settled): Promise<void> {
    // First of all: whoever comes back meanwhile is announced by another node.
    for (const { appId, channel, userId } of departures) {
      const app = await this.#appOf(appId)
      // A name that a node has vouched for when somebody joined.
      const place = { app, channel: channel as ChannelName }
      if (app === undefined) continue
      if (userId === undefined) this.#listener?.transition({ name: 'channel_vacated', ...place, app })
      else this.#listener?.transition({ name: 'member_removed', ...place, app, userId })
    }
    for (const { appId, userId } of offline) {
      this.#parts.tellOfUser(appId, userId)
      await this.userMayHaveChanged(appId, userId)
    }
  }

  /** From now on users who leave are kept for a while, as they will appear on another node. */
  drain(): void {
    this.#draining = true
  }

  stop(): void {
    this.#empty.stop()
  }

  #seatOf(app: App, channel: ChannelName): Kept {
    const key = keyOf(app.id, channel)
    this.#empty.cancel(key)
    let kept = this.#seats.get(key)
    if (kept === undefined) {
      const seat = new Seat(app, channel)
      kept = {
        seat,
        waiting: [],
        changed: false,
        again: false,
        memory: undefined,
        saying: false,
        unsure: false,
        later: undefined,
      }
      this.#seats.set(key, kept)
      if (isWatched(seat)) void this.#beginToWatch(kept)
    }
    kept.seat.app = app
    return kept
  }

  async #beginToWatch(kept: Kept): Promise<void> {
    try {
      await this.#watch.add(kept.seat.place)
      this.#watched(kept)
    } catch {
      // Out of reach: it is watched when the ledger is back.
    }
  }

  /** What the ledger has answered before, or is about to, may be older than the watch: something may have been missed. */
  #watched(kept: Kept): void {
    if (kept.saying) kept.unsure = true
    else if (kept.seat.version > 0) void this.#refresh(kept)
  }

  #told(kept: Kept, entry: Entry): Promise<Joined> {
    return new Promise((resolve) => {
      kept.waiting.push({ entry, resolve })
      void this.#say(kept)
    })
  }

  /** Says what has changed until nothing has. Never rejects. */
  async #say(kept: Kept): Promise<void> {
    if (kept.saying) return
    kept.saying = true
    while (kept.waiting.length > 0 || kept.changed) {
      const { waiting } = kept
      kept.waiting = []
      kept.changed = false
      const refused = await this.#hold(kept)
      for (const { entry, resolve } of waiting) {
        const isFull = entry.member !== undefined && refused.has(entry.member.id)
        if (isFull && kept.seat.entryOf(entry.socketId) === entry) {
          kept.seat.exit(entry)
          kept.changed = true
        }
        resolve(isFull ? 'full' : 'joined')
      }
    }
    kept.saying = false
    const { later } = kept
    kept.later = undefined
    if (later !== undefined) this.#learnCount(kept.seat, later, false)
    if (kept.unsure) void this.#refresh(kept)
    kept.unsure = false
    if (kept.seat.subscriptions === 0) this.#forgetSoon(kept.seat)
  }

  /** One statement; returns the users who found the channel full. */
  async #hold(kept: Kept): Promise<ReadonlySet<string>> {
    const { link, broker } = this.#parts
    const { seat, again } = kept
    kept.again = false
    const { app, place, subscriptions } = seat
    const [add, remove] = [seat.toAdd(again), seat.toRemove()]
    // A ledger that remembers takes for new only who has left since, and others have been told of that.
    const { memory } = link
    const forgets = again && (memory === undefined || memory !== kept.memory)
    const known = new Set(forgets ? add.filter(({ id }) => seat.isKnown(id)).map(({ id }) => id) : [])
    const wasOccupied = forgets && seat.isKnownAsOccupied
    seat.attempted(add)
    try {
      const held = await link.ask((life) => {
        const limit = again ? 0 : app.presenceMaxMembers
        const counted = isCounted(seat)
        const settled = this.#listener?.wantsTransitions === true
        // With nobody else there, nobody can take them over.
        const keep = this.#draining && !link.alone ? settleTime : 0
        const holding = { subscriptions, add, remove, limit, counted, settled, keep }
        return broker.ledger.hold(life, place, holding, seat.version)
      })
      kept.memory = memory
      seat.confirmed(subscriptions, add, remove, held.refused)
      this.#learnHeld(seat, held, add)
      this.#announce(seat, held, known, wasOccupied)
      return new Set(held.refused)
    } catch {
      kept.again = true
      return this.#goAlone(seat)
    }
  }

  #goAlone(seat: Seat): ReadonlySet<string> {
    const { full, ...difference } = seat.learnAlone()
    this.#tell(seat, difference)
    if (isCounted(seat)) this.#listener?.counted(seat.app, seat.channel, seat.total, true)
    return full
  }

  #learnHeld(seat: Seat, held: Held, added: readonly Member[]): void {
    if (isPresence(seat)) {
      const difference = seat.learnHeld(held, added, this.#doubtful)
      if (difference !== undefined) this.#tell(seat, difference)
    } else this.#learnCount(seat, held, true)
  }

  #learnCount(seat: Seat, { version, subscriptions }: Held | Notice, caused: boolean): void {
    if (version <= seat.version) return
    seat.learnState({ version, subscriptions, members: [] }, false)
    this.#listener?.counted(seat.app, seat.channel, subscriptions, caused)
  }

  /** Whom the ledger has forgotten, but others have been told of, has not come now. */
  #announce({ app, channel }: Seat, held: Held, known: ReadonlySet<string>, wasOccupied: boolean): void {
    if (held.occupied && !wasOccupied) this.#listener?.transition({ name: 'channel_occupied', app, channel })
    for (const userId of held.added) {
      if (known.has(userId) || held.back.includes(userId)) continue
      this.#listener?.transition({ name: 'member_added', app, channel, userId })
    }
  }

  #tell({ app, channel }: Seat, { removed, added }: Difference): void {
    for (const userId of removed) this.#listener?.memberRemoved(app, channel, userId)
    for (const member of added) this.#listener?.memberAdded(app, channel, member)
  }

  async #refresh({ seat }: Kept): Promise<void> {
    try {
      const state = await this.#stateOf(seat.place)
      if (isPresence(seat)) this.#tell(seat, seat.learnState(state, this.#doubtful))
      else if (state.version > seat.version) {
        seat.learnState(state, false)
        this.#listener?.counted(seat.app, seat.channel, state.subscriptions, false)
      }
    } catch {
      // Out of reach: everything is learnt anew when the ledger is back.
    }
  }

  #stateOf(place: Place): Promise<PlaceState> {
    const { link, broker } = this.#parts
    return link.ask(() => broker.ledger.state(place))
  }

  /** An app that cannot be found has nobody who listens. */
  async #appOf(id: string): Promise<App | undefined> {
    try {
      return await this.#parts.findApp(id)
    } catch {
      return undefined
    }
  }

  /** Meanwhile it may have been given up. */
  #isKept(kept: Kept): boolean {
    return this.#seats.get(keyOf(kept.seat.app.id, kept.seat.channel)) === kept
  }

  /** Most come back: only a seat that stays empty is given up. */
  #forgetSoon({ app, channel, place }: Seat): void {
    const key = keyOf(app.id, channel)
    this.#empty.hold(key, () => {
      const kept = this.#seats.get(key)
      if (kept === undefined || kept.saying || kept.again || kept.seat.subscriptions > 0) return
      this.#seats.delete(key)
      const { link, broker } = this.#parts
      if (isWatched(kept.seat)) ignoreRejection(link.ask(() => broker.ledger.unwatch([place])))
    })
  }
}

function isPresence({ channel }: Seat): boolean {
  return kindOf(channel).access === 'presence'
}

/** Whether subscribers are told how many they are. */
function isCounted({ app, channel }: Seat): boolean {
  const { access } = kindOf(channel)
  return app.subscriptionCount && access !== 'presence' && access !== 'user'
}

function isWatched(seat: Seat): boolean {
  return isPresence(seat) || isCounted(seat)
}

function keyOf(appId: string, channel: string): string {
  return JSON.stringify([appId, channel])
}
