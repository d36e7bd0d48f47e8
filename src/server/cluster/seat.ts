import type { Member } from '../../protocol/messages.ts'
import type { ChannelName, SocketId } from '../../protocol/names.ts'
import { settleTime } from '../adapter.ts'
import type { App } from '../apps/app.ts'
import type { Held, Notice, Place, PlaceState } from './broker.ts'

/** One subscription of this node. */
export interface Entry {
  readonly socketId: SocketId
  readonly member: Member | undefined
}

/** How the members have changed in the eyes of this node's subscribers. */
export interface Difference {
  readonly removed: readonly string[]
  readonly added: readonly Member[]
}

interface User {
  /** What the user's first connection on this node said. */
  readonly member: Member
  connections: number
}

const nothing: Difference = { removed: [], added: [] }

/** What this node has in a channel, and what it knows of everybody in it. */
export class Seat {
  readonly channel: ChannelName
  readonly place: Place
  /** As it was when somebody last came or left here. */
  app: App
  /** Members as this node's subscribers know them, in order. */
  readonly roster = new Map<string, Member>()
  /** Version of the ledger that the roster and the total are of. */
  version = 0
  /** Subscriptions in the cluster. */
  total = 0
  /** Whether the roster has members that the ledger may only not know yet, or may have forgotten where else they are. */
  doubtful = false
  /** Users that the ledger has, or may have, from this node, with the info that it was told. */
  readonly #claimed = new Map<string, string>()
  /** Users that the ledger has had from this node for sure, in an earlier life too. */
  readonly #known = new Set<string>()
  /** Users whom it has removed lately, and the time of the answer: what it was told last, a ledger may have forgotten. */
  readonly #gone = new Map<string, number>()
  readonly #entries = new Map<SocketId, Entry>()
  readonly #users = new Map<string, User>()
  /** Users of whom the ledger does not know what is so: who came, has gone, or has another info. */
  readonly #unsaid = new Set<string>()
  #said = 0
  /** Subscriptions of the last statement that was answered. */
  #heard = 0

  constructor(app: App, channel: ChannelName) {
    this.app = app
    this.channel = channel
    this.place = { appId: app.id, channel }
  }

  /** Subscriptions of this node. */
  get subscriptions(): number {
    return this.#entries.size
  }

  get members(): readonly Member[] {
    return [...this.#users.values()].map(({ member }) => member)
  }

  /** A subscription begins. */
  enter(entry: Entry): void {
    this.#entries.set(entry.socketId, entry)
    if (entry.member === undefined) return
    const user = this.#users.get(entry.member.id)
    if (user !== undefined) {
      user.connections++
      return
    }
    this.#users.set(entry.member.id, { member: entry.member, connections: 1 })
    this.#compare(entry.member.id)
  }

  /** It ends; one that has ended, or begun anew, is left alone. */
  exit(entry: Entry): void {
    if (this.#entries.get(entry.socketId) !== entry) return
    this.#entries.delete(entry.socketId)
    const user = entry.member && this.#users.get(entry.member.id)
    if (user === undefined || --user.connections > 0) return
    this.#users.delete(user.member.id)
    this.#compare(user.member.id)
  }

  entryOf(socketId: SocketId): Entry | undefined {
    return this.#entries.get(socketId)
  }

  /** Users whom the ledger has not from this node, or with another info. */
  toAdd(): readonly Member[] {
    return [...this.#unsaid].flatMap((id) => this.#users.get(id)?.member ?? [])
  }

  /** Users whom it has, or may have, and who are gone, if only to come back with another info. */
  toRemove(): readonly string[] {
    return [...this.#unsaid].filter((id) => this.#claimed.has(id))
  }

  /** Whether the ledger has been told all there is. */
  get isSaid(): boolean {
    return this.#unsaid.size === 0 && this.#said === this.subscriptions
  }

  /** Users whom it has, or may have, and who are here: to be said again when it may have forgotten. */
  claimed(): readonly Member[] {
    return [...this.#claimed.keys()].flatMap((id) => this.#users.get(id)?.member ?? [])
  }

  /** Those of {@link toRemove}, and whom a ledger may have that has forgotten the last of what it was told. */
  gone(): readonly string[] {
    const lately = [...this.#gone.keys()].filter((id) => !this.#users.has(id))
    return [...new Set([...this.toRemove(), ...lately])]
  }

  /** Whether others have been told of the user for sure, in an earlier life too. */
  isKnown(userId: string): boolean {
    return this.#known.has(userId)
  }

  /** Whether others have been told that somebody is here. */
  get isKnownAsOccupied(): boolean {
    return this.#heard > 0
  }

  /** The ledger may have got it: what is added is claimed, so that it is taken away again some day. */
  attempted(add: readonly Member[]): void {
    for (const { id, info } of add) {
      if (!this.#claimed.has(id)) this.#claimed.set(id, info)
      this.#compare(id)
    }
  }

  /** The ledger has it. */
  confirmed(
    subscriptions: number,
    add: readonly Member[],
    remove: readonly string[],
    refused: readonly string[],
  ): void {
    this.#said = subscriptions
    this.#heard = subscriptions
    this.#remember(remove)
    for (const id of remove) this.#disclaim(id)
    for (const { id, info } of add) {
      this.#gone.delete(id)
      this.#known.add(id)
      this.#claimed.set(id, info)
    }
    for (const id of refused) this.#disclaim(id)
    for (const id of [...remove, ...add.map(({ id }) => id)]) this.#compare(id)
  }

  /** What the ledger has answered. Where something before it was missed, whoever was let in is here all the same. */
  learnHeld(held: Held, added: readonly Member[], keepMissing: boolean): Difference {
    const { version, previous, subscriptions, members, removed, refused } = held
    if (members !== undefined) return this.learnState({ version, subscriptions, members }, keepMissing)
    const came = new Set(held.added)
    const reallyAdded = added.filter(({ id }) => came.has(id))
    const notice = { version, previous, subscriptions, added: reallyAdded, removed }
    const admitted = added.filter(({ id }) => came.has(id) || !(this.roster.has(id) || refused.includes(id)))
    return this.learnNotice(notice, keepMissing) ?? this.#apply([], admitted)
  }

  /** What has changed; undefined when something before it was missed. `keepMissing` as for {@link learnState}. */
  learnNotice(
    { version, previous, subscriptions, added, removed }: Notice,
    keepMissing: boolean,
  ): Difference | undefined {
    if (version <= this.version) return nothing
    if (previous !== this.version) return undefined
    // Before the first version nobody was there in the eyes of the ledger, whatever the roster says.
    if (previous === 0) return this.learnState({ version, subscriptions, members: added }, keepMissing)
    this.version = version
    this.total = subscriptions
    return this.#apply(this.#believed(removed, keepMissing), added)
  }

  /** Everything; `keepMissing`: members that it does not have may come yet. */
  learnState({ version, subscriptions, members }: PlaceState, keepMissing: boolean): Difference {
    if (version < this.version) return nothing
    this.version = version
    this.total = subscriptions
    const present = new Set(members.map(({ id }) => id))
    const missing = [...this.roster.keys()].filter((id) => !present.has(id))
    this.doubtful = false
    return this.#apply(this.#believed(missing, keepMissing), members)
  }

  /** What this node knows by itself, while it cannot ask; `full`: users whom the limit keeps out. */
  learnAlone(): Difference & { readonly full: ReadonlySet<string> } {
    const { presenceMaxMembers: limit } = this.app
    const removed = this.toRemove().filter((id) => this.roster.has(id))
    const newcomers = this.members.filter(({ id }) => !this.roster.has(id))
    const free = limit === 0 ? newcomers.length : Math.max(0, limit - this.roster.size + removed.length)
    const full = new Set(newcomers.slice(free).map(({ id }) => id))
    this.total += this.subscriptions - this.#said
    this.#said = this.subscriptions
    return { ...this.#apply(removed, newcomers.slice(0, free)), full }
  }

  #remember(gone: readonly string[]): void {
    const now = performance.now()
    for (const [id, at] of this.#gone) if (at < now - settleTime) this.#gone.delete(id)
    for (const id of gone) this.#gone.set(id, now)
  }

  #disclaim(id: string): void {
    this.#claimed.delete(id)
    this.#known.delete(id)
  }

  #compare(id: string): void {
    if (this.#users.get(id)?.member.info === this.#claimed.get(id)) this.#unsaid.delete(id)
    else this.#unsaid.add(id)
  }

  /** Who has left for sure: whoever may be on a node that has still to come back is kept until that is known. */
  #believed(removed: readonly string[], keepMissing: boolean): readonly string[] {
    if (!keepMissing || removed.length === 0) return removed
    this.doubtful = true
    return []
  }

  /** Whoever is here has not left, whatever the ledger took this node for; whoever has another info has come anew. */
  #apply(removed: readonly string[], added: readonly Member[]): Difference {
    const come = added.filter(({ id, info }) => this.roster.get(id)?.info !== info)
    const present = new Set(added.map(({ id }) => id))
    const left = removed.filter((id) => !this.#users.has(id) && !present.has(id))
    const leaving = [...left, ...come.map(({ id }) => id)]
    const gone = leaving.filter((id) => this.roster.delete(id))
    for (const member of come) this.roster.set(member.id, member)
    return { removed: gone, added: come }
  }
}
