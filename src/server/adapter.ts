import type { Member } from '../protocol/messages.ts'
import type { ChannelName, SocketId } from '../protocol/names.ts'
import type { Awaitable } from '../support/awaitable.ts'
import type { App } from './apps/app.ts'

/** What the registry answers to a join. */
export type Joined =
  | {
      readonly result: 'joined'
      /** Nobody was subscribed before. */
      readonly occupied: boolean
      /** The user was not in the channel before. */
      readonly added: boolean
      /** Everybody in it now, the newcomer included. */
      readonly members: readonly Member[]
      /** Subscriptions now. */
      readonly subscriptions: number
    }
  /** A new user found the channel full; nothing was changed. */
  | { readonly result: 'full' }

/** What the registry answers to a leave. */
export interface Left {
  /** Nobody is subscribed any more. */
  readonly vacated: boolean
  /** The user is not in the channel any more. */
  readonly removed: boolean
  /** Subscriptions now. */
  readonly subscriptions: number
}

/** How many subscriptions and, in a presence channel, how many users a channel has. */
export interface Occupancy {
  readonly subscriptions: number
  readonly users: number
}

/**
 * Who is where, in the whole cluster: the one source of member lists, counts and quotas.
 *
 * Each call is atomic. Calls of one node for one channel, and for one user, take effect and are answered in the order in
 * which they were made, as are those for one socket: what is told of an answer must not overtake what was told of the one
 * before. A rejected promise means that nothing was changed.
 */
export interface Registry {
  /** Counts a connection in, unless the app has its `maxConnections` already; called once per connection. */
  connect(app: App, socketId: SocketId): Awaitable<boolean>
  /** Counts it out again. */
  disconnect(app: App, socketId: SocketId): Awaitable<void>
  /** Connections of the app. */
  connections(app: App): Awaitable<number>
  /** Adds a subscription; with a member when the channel is a presence channel. */
  join(app: App, channel: ChannelName, socketId: SocketId, member: Member | undefined): Awaitable<Joined>
  /** Removes it; without it, nothing is vacated or removed. */
  leave(app: App, channel: ChannelName, socketId: SocketId, member: Member | undefined): Awaitable<Left>
  /** The users of a presence channel, in the order in which they joined. */
  members(app: App, channel: ChannelName): Awaitable<readonly Member[]>
  /** The occupancy of one channel; zeros when nobody is in it. */
  occupancy(app: App, channel: ChannelName): Awaitable<Occupancy>
  /** Every occupied channel of the app whose name begins with the prefix. */
  channels(app: App, prefix: string): Awaitable<ReadonlyMap<ChannelName, Occupancy>>
  /** Marks the connection as one of a user; true when it is the user's first. Called once per connection. */
  signIn(app: App, socketId: SocketId, userId: string): Awaitable<boolean>
  /** Takes the mark away; true when it was the user's last. */
  signOut(app: App, socketId: SocketId, userId: string): Awaitable<boolean>
  /** Those of the users who have a signed-in connection. */
  online(app: App, userIds: readonly string[]): Awaitable<ReadonlySet<string>>
}

/** An event that a cache channel keeps. */
export interface KeptEvent {
  readonly event: string
  readonly data: string
  /** Later events of the channel have greater ones. */
  readonly position: number
  /** Seconds that it is still kept. */
  readonly ttl: number
}

/**
 * The last event of each cache channel, in the whole cluster, kept for the app's `cacheTtl` whether or not anybody is
 * subscribed. Calls for one channel take effect, and are answered, in the order in which they were made. What is known
 * at once, without a promise, has been delivered on this node; what is promised may still be on its way to it.
 */
export interface EventLog {
  /** Keeps an event in the place of the one before; resolves to its position. Rejects when it was not kept. */
  keep(app: App, channel: ChannelName, event: string, data: string): Awaitable<number>
  /** The event that is kept, if there is one. */
  last(app: App, channel: ChannelName): Awaitable<KeptEvent | undefined>
}
