import { randomUUID } from 'node:crypto'
import type {
  Departure,
  Held,
  Holding,
  Ledger,
  Notice,
  Place,
  PlaceState,
  Renewed,
  Settled,
} from './broker.ts'
import { stale } from './broker.ts'
import type { LocalCalls } from './calls.ts'
import { MemoryDepartures } from './memory-departures.ts'
import { MemoryPlace } from './memory-place.ts'
import { MemoryUsers } from './memory-users.ts'
import { risingNumbers } from './rising.ts'

/** The calls of a {@link Ledger}, answered at once; who watches what is up to those who carry the notices. */
export type LocalLedger = Pick<LocalCalls, Exclude<keyof Ledger, 'watch' | 'unwatch'>>

/** What a `MemoryLedger` is made of. */
export interface MemoryLedgerParts {
  /** Milliseconds since 1970; must never go back, so that versions grow over the end of this ledger, too. */
  readonly clock: () => number
  /** Called within the call that changes a place, for each change, whoever watches. */
  readonly changed: (place: Place, notice: Notice) => void
}

/** One life of a node. */
interface Life {
  /** Milliseconds on the clock. */
  expires: number
  readonly places: Set<MemoryPlace>
  /** Connections by app. */
  readonly connections: Map<string, number>
}

/** Places that one call of `reap` takes a node out of. */
const reapedAtOnce = 500

/** The truth about a cluster in the memory of one process: what every other ledger must behave like. */
export class MemoryLedger implements LocalLedger {
  readonly #memory = randomUUID()
  readonly #clock: () => number
  readonly #changed: MemoryLedgerParts['changed']
  readonly #nextVersion: () => number
  readonly #lives = new Map<string, Life>()
  /** By app, then by channel; none of them is vacant. */
  readonly #places = new Map<string, Map<string, MemoryPlace>>()
  /** Places that some user is kept in. */
  readonly #keeping = new Set<MemoryPlace>()
  readonly #departures: MemoryDepartures<Departure>
  readonly #users: MemoryUsers

  constructor({ clock, changed }: MemoryLedgerParts) {
    this.#clock = clock
    this.#changed = changed
    this.#nextVersion = risingNumbers(clock)
    this.#departures = new MemoryDepartures(clock)
    this.#users = new MemoryUsers(clock)
  }

  renew(node: string, ttl: number, fresh: boolean): Renewed | typeof stale {
    const life = fresh ? this.#begin(node) : this.#alive(node)
    if (life === undefined) return stale
    life.expires = this.#clock() + ttl
    const expired = [...this.#lives.keys()].filter((id) => id !== node && this.#alive(id) === undefined)
    return { expired, alive: this.#lives.size - expired.length, memory: this.#memory }
  }

  hold(node: string, place: Place, holding: Holding, known: number): Held | typeof stale {
    const life = this.#alive(node)
    if (life === undefined) return stale
    const found = this.#placeOf(place)
    const held = this.#hold(node, life, found, holding)
    return { ...held, members: known === held.previous ? undefined : found.members }
  }

  state(place: Place): PlaceState {
    return this.#placeOf(place).state
  }

  occupied(appId: string, prefix: string): ReturnType<LocalLedger['occupied']> {
    const found = [...(this.#places.get(appId) ?? [])].filter(([channel]) => channel.startsWith(prefix))
    return new Map(found.map(([channel, { subscriptions, users }]) => [channel, { subscriptions, users }]))
  }

  connect(node: string, appId: string, connections: number, limit: number): number | typeof stale {
    const life = this.#alive(node)
    if (life === undefined) return stale
    const before = life.connections.get(appId) ?? 0
    const free = limit > 0 ? Math.max(0, limit - this.connections(appId)) : Number.POSITIVE_INFINITY
    const granted = Math.min(connections, before + free)
    if (granted > 0) life.connections.set(appId, granted)
    else life.connections.delete(appId)
    return granted
  }

  connections(appId: string): number {
    let sum = 0
    for (const { connections } of this.#lives.values()) sum += connections.get(appId) ?? 0
    return sum
  }

  sign(node: string, appId: string, userId: string, signedIn: boolean): boolean | typeof stale {
    if (this.#alive(node) === undefined) return stale
    return signedIn ? this.#users.signIn(node, appId, userId) : this.#users.signOut(node, appId, userId)
  }

  online(appId: string, userIds: readonly string[]): ReadonlySet<string> {
    return new Set(userIds.filter((userId) => this.#users.isOnline(appId, userId)))
  }

  reap(node: string): boolean {
    return this.#alive(node) !== undefined || this.#release(node, reapedAtOnce)
  }

  settle(node: string, grace: number): Settled | typeof stale {
    if (this.#alive(node) === undefined) return stale
    for (const place of this.#keeping) this.#endKept(place)
    return { departures: this.#departures.settle(grace), offline: this.#users.settle(grace) }
  }

  forget(node: string): void {
    this.#release(node, Number.POSITIVE_INFINITY)
  }

  /** Ends the life of a node at once, as if it had not renewed in time. */
  expire(node: string): void {
    const life = this.#lives.get(node)
    if (life !== undefined) life.expires = this.#clock()
  }

  #begin(node: string): Life {
    const life = this.#lives.get(node) ?? { expires: 0, places: new Set(), connections: new Map() }
    this.#lives.set(node, life)
    return life
  }

  #alive(node: string): Life | undefined {
    const life = this.#lives.get(node)
    return life !== undefined && life.expires > this.#clock() ? life : undefined
  }

  #hold(node: string, life: Life, place: MemoryPlace, holding: Holding): Omit<Held, 'members'> {
    const { version: previous, vacant: wasVacant, subscriptions } = place
    const { added, removed, refused } = place.hold(node, holding, this.#clock())
    const counts = holding.counted && place.subscriptions !== subscriptions
    if (counts || added.length > 0 || removed.length > 0) this.#tell(place, added, removed)
    if (place.isFreeOf(node)) life.places.delete(place)
    else life.places.add(place)
    if (holding.keep > 0) this.#keeping.add(place)
    if (holding.settled) this.#depart(place, removed)
    const back = added.filter((id) => this.#takeBack(place, id))
    const occupied = wasVacant && !place.vacant && !this.#takeBack(place, undefined)
    this.#file(place, wasVacant, holding.settled)
    const { version, subscriptions: now } = place
    return { version, previous, subscriptions: now, added, removed, refused, back, occupied }
  }

  /** Takes away what the node has in so many places, and in the end the rest; true when it is gone. */
  #release(node: string, places: number): boolean {
    const life = this.#lives.get(node)
    let left = places
    for (const place of life?.places ?? []) {
      if (left-- === 0) return false
      if (life !== undefined) this.#hold(node, life, place, place.farewell(node))
    }
    this.#users.release(node)
    this.#lives.delete(node)
    return true
  }

  #endKept(place: MemoryPlace): void {
    const { removed, settled } = place.endKept(this.#clock())
    if (!place.keeps) this.#keeping.delete(place)
    if (removed.length === 0) return
    this.#tell(place, [], removed)
    this.#depart(place, settled)
    this.#file(place, false, settled.length > 0)
  }

  #tell(place: MemoryPlace, added: readonly string[], removed: readonly string[]): void {
    const previous = place.version
    place.version = this.#nextVersion()
    const { version, subscriptions } = place
    this.#changed(place.place, { version, previous, subscriptions, added: place.membersOf(added), removed })
  }

  #depart({ place }: MemoryPlace, userIds: readonly (string | undefined)[]): void {
    for (const userId of userIds) this.#departures.note(keyOf(place, userId), { ...place, userId })
  }

  #takeBack({ place }: MemoryPlace, userId: string | undefined): boolean {
    return this.#departures.takeBack(keyOf(place, userId))
  }

  /** The place as it is known, or a new one that nobody knows yet. */
  #placeOf(place: Place): MemoryPlace {
    return this.#places.get(place.appId)?.get(place.channel) ?? new MemoryPlace(place)
  }

  /** Keeps a place while it is not vacant. */
  #file(place: MemoryPlace, wasVacant: boolean, settled: boolean): void {
    if (place.vacant === wasVacant) return
    const { appId, channel } = place.place
    const places = this.#places.get(appId) ?? new Map<string, MemoryPlace>()
    if (place.vacant) {
      places.delete(channel)
      if (settled) this.#depart(place, [undefined])
    } else places.set(channel, place)
    if (places.size > 0) this.#places.set(appId, places)
    else this.#places.delete(appId)
  }
}

/** Of a user in a place, or of the place itself. */
function keyOf({ appId, channel }: Place, userId: string | undefined): string {
  return JSON.stringify([appId, channel, userId])
}
