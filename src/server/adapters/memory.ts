import type { Member } from '../../protocol/messages.ts'
import type { ChannelName, SocketId } from '../../protocol/names.ts'
import type { Joined, Left, Occupancy, Registry } from '../adapter.ts'
import type { App } from '../apps/app.ts'

interface Presence {
  /** What the user's first connection said; it holds until the user has left completely (protocol.md 2.5). */
  readonly member: Member
  connections: number
}

interface Entry {
  subscriptions: number
  readonly users: Map<string, Presence>
}

interface AppEntry {
  connections: number
  readonly channels: Map<ChannelName, Entry>
  /** Signed-in connections by user. */
  readonly users: Map<string, number>
}

const nobodyLeft: Left = { vacated: false, removed: false, subscriptions: 0 }

/** The registry of a server that stands alone: everything is known at once. */
export class MemoryRegistry implements Registry {
  readonly #apps = new Map<string, AppEntry>()

  connect(app: App, _socketId: SocketId): boolean {
    const entry = this.#entryOf(app)
    if (app.maxConnections > 0 && entry.connections >= app.maxConnections) return false
    entry.connections++
    return true
  }

  disconnect(app: App, _socketId: SocketId): void {
    this.#entryOf(app).connections--
  }

  connections({ id }: App): number {
    return this.#apps.get(id)?.connections ?? 0
  }

  join(app: App, channel: ChannelName, _socketId: SocketId, member: Member | undefined): Joined {
    const { channels } = this.#entryOf(app)
    const entry = channels.get(channel) ?? { subscriptions: 0, users: new Map() }
    const present = member && entry.users.get(member.id)
    const added = member !== undefined && present === undefined
    if (added && app.presenceMaxMembers > 0 && entry.users.size >= app.presenceMaxMembers) {
      return { result: 'full' }
    }
    if (present) present.connections++
    else if (member) entry.users.set(member.id, { member, connections: 1 })
    const subscriptions = ++entry.subscriptions
    if (subscriptions === 1) channels.set(channel, entry)
    return {
      result: 'joined',
      occupied: subscriptions === 1,
      added,
      members: [...membersOf(entry)],
      subscriptions,
    }
  }

  leave(app: App, channel: ChannelName, _socketId: SocketId, member: Member | undefined): Left {
    const { channels } = this.#entryOf(app)
    const entry = channels.get(channel)
    if (entry === undefined) return nobodyLeft
    const subscriptions = --entry.subscriptions
    const vacated = subscriptions === 0
    if (vacated) channels.delete(channel)
    const present = member && entry.users.get(member.id)
    const removed = present !== undefined && --present.connections === 0
    if (removed) entry.users.delete(present.member.id)
    return { vacated, removed, subscriptions }
  }

  members(app: App, channel: ChannelName): readonly Member[] {
    const entry = this.#apps.get(app.id)?.channels.get(channel)
    return entry === undefined ? [] : [...membersOf(entry)]
  }

  occupancy(app: App, channel: ChannelName): Occupancy {
    return occupancyOf(this.#apps.get(app.id)?.channels.get(channel))
  }

  channels(app: App, prefix: string): ReadonlyMap<ChannelName, Occupancy> {
    const found = new Map<ChannelName, Occupancy>()
    for (const [name, entry] of this.#apps.get(app.id)?.channels ?? []) {
      if (name.startsWith(prefix)) found.set(name, occupancyOf(entry))
    }
    return found
  }

  signIn(app: App, _socketId: SocketId, userId: string): boolean {
    const { users } = this.#entryOf(app)
    const before = users.get(userId) ?? 0
    users.set(userId, before + 1)
    return before === 0
  }

  signOut(app: App, _socketId: SocketId, userId: string): boolean {
    const { users } = this.#entryOf(app)
    const left = (users.get(userId) ?? 0) - 1
    if (left > 0) users.set(userId, left)
    return left <= 0 && users.delete(userId)
  }

  online({ id }: App, userIds: readonly string[]): ReadonlySet<string> {
    const users = this.#apps.get(id)?.users
    return new Set(userIds.filter((userId) => users?.has(userId)))
  }

  #entryOf({ id }: App): AppEntry {
    let entry = this.#apps.get(id)
    if (entry === undefined) {
      entry = { connections: 0, channels: new Map(), users: new Map() }
      this.#apps.set(id, entry)
    }
    return entry
  }
}

function* membersOf({ users }: Entry): Iterable<Member> {
  for (const { member } of users.values()) yield member
}

function occupancyOf(entry: Entry | undefined): Occupancy {
  return { subscriptions: entry?.subscriptions ?? 0, users: entry?.users.size ?? 0 }
}
