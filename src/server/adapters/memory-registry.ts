import type { Member } from '../../protocol/messages.ts'
import type { ChannelName, SocketId } from '../../protocol/names.ts'
import { type Joined, type Occupancy, type Registry, type RegistryListener, settleTime } from '../adapter.ts'
import type { App } from '../apps/app.ts'
import { Grace } from '../grace.ts'
import type { LifecycleEvent } from '../lifecycle.ts'

interface Presence {
  /** What the user's first connection said; it holds until the user has left completely (protocol.md 2.5). */
  readonly member: Member
  connections: number
}

interface Entry {
  subscriptions: number
  readonly users: Map<string, Presence>
}

/** Somebody's first coming or last going. */
type ChannelTransition = Extract<
  LifecycleEvent,
  { name: 'channel_occupied' | 'channel_vacated' | 'member_added' | 'member_removed' }
>

interface AppEntry {
  connections: number
  readonly channels: Map<ChannelName, Entry>
  /** Signed-in connections by user. */
  readonly users: Map<string, number>
}

/** The registry of a server that stands alone: everything is known at once. */
export class MemoryRegistry implements Registry {
  readonly #apps = new Map<string, AppEntry>()
  readonly #departures = new Grace(settleTime)
  #listener: RegistryListener = deaf

  listen(listener: RegistryListener): void {
    this.#listener = listener
  }

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
    const isNew = member !== undefined && present === undefined
    if (isNew && app.presenceMaxMembers > 0 && entry.users.size >= app.presenceMaxMembers) return 'full'
    const subscriptions = ++entry.subscriptions
    if (subscriptions === 1) {
      channels.set(channel, entry)
      this.#arrived({ name: 'channel_occupied', app, channel })
    }
    if (present) present.connections++
    if (isNew) {
      entry.users.set(member.id, { member, connections: 1 })
      this.#listener.memberAdded(app, channel, member)
      this.#arrived({ name: 'member_added', app, channel, userId: member.id })
    }
    this.#listener.counted(app, channel, subscriptions, true)
    return 'joined'
  }

  leave(app: App, channel: ChannelName, _socketId: SocketId, member: Member | undefined): void {
    const { channels } = this.#entryOf(app)
    const entry = channels.get(channel)
    if (entry === undefined) return
    const subscriptions = --entry.subscriptions
    const present = member && entry.users.get(member.id)
    if (present !== undefined && --present.connections === 0) {
      const userId = present.member.id
      entry.users.delete(userId)
      this.#listener.memberRemoved(app, channel, userId)
      this.#departed({ name: 'member_removed', app, channel, userId })
    }
    this.#listener.counted(app, channel, subscriptions, true)
    if (subscriptions > 0) return
    channels.delete(channel)
    this.#departed({ name: 'channel_vacated', app, channel })
  }

  roster(app: App, channel: ChannelName): readonly Member[] {
    return this.members(app, channel)
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

  signIn(app: App, _socketId: SocketId, userId: string): void {
    const { users } = this.#entryOf(app)
    const before = users.get(userId) ?? 0
    users.set(userId, before + 1)
    if (before > 0 || this.#departures.cancel(userKey(app, userId))) return
    this.#listener.userChanged(app, userId, true)
  }

  signOut(app: App, _socketId: SocketId, userId: string): void {
    const { users } = this.#entryOf(app)
    const left = (users.get(userId) ?? 0) - 1
    if (left > 0) users.set(userId, left)
    else if (users.delete(userId)) {
      this.#departures.hold(userKey(app, userId), () => this.#listener.userChanged(app, userId, false))
    }
  }

  online(app: App, userIds: readonly string[]): ReadonlySet<string> {
    const users = this.#apps.get(app.id)?.users
    const isOnline = (userId: string) => users?.has(userId) || this.#departures.holds(userKey(app, userId))
    return new Set(userIds.filter(isOnline))
  }

  /** Tells of the departures that are still held back, as nobody will be back. */
  close(): void {
    this.#departures.flush()
  }

  #arrived(event: ChannelTransition): void {
    if (!this.#listener.wantsTransitions || this.#departures.cancel(keyOf(event))) return
    this.#listener.transition(event)
  }

  #departed(event: ChannelTransition): void {
    if (!this.#listener.wantsTransitions) return
    this.#departures.hold(keyOf(event), () => this.#listener.transition(event))
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

/** The same for the coming and the going of one user, or of everybody. */
function keyOf(event: ChannelTransition): string {
  return JSON.stringify([event.app.id, event.channel, 'userId' in event ? event.userId : null])
}

function userKey({ id }: App, userId: string): string {
  return JSON.stringify([id, userId])
}

const deaf: RegistryListener = {
  wantsTransitions: false,
  memberAdded() {},
  memberRemoved() {},
  counted() {},
  transition() {},
  userChanged() {},
  isWatched: () => false,
  watchedUsers: () => [],
}
