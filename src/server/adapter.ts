import type { Member } from '../protocol/messages.ts'
import type { ChannelName, SocketId } from '../protocol/names.ts'
import type { Awaitable } from '../support/awaitable.ts'
import type { App } from './apps/app.ts'

/** What the registry answers to a join. */
export type Joined =
  /** `added`: the user was not in the channel before; `members`: everybody in it now, the newcomer included. */
  | { readonly result: 'joined'; readonly added: boolean; readonly members: Iterable<Member> }
  /** A new user found the channel full; nothing was changed. */
  | { readonly result: 'full' }

/** How many subscriptions and, in a presence channel, how many users a channel has. */
export interface Occupancy {
  readonly subscriptions: number
  readonly users: number
}

/**
 * Who is where, in the whole cluster: the one source of member lists, counts and quotas.
 *
 * Each call is atomic, and calls for one socket take effect in the order in which they were made, also those that have
 * not been answered yet. A rejected promise means that nothing was changed.
 */
export interface Registry {
  /** Counts a connection in, unless the app has its `maxConnections` already; called once per connection. */
  connect(app: App, socketId: SocketId): Awaitable<boolean>
  /** Counts it out again. */
  disconnect(app: App, socketId: SocketId): Awaitable<void>
  /** Adds a subscription; with a member when the channel is a presence channel. */
  join(app: App, channel: ChannelName, socketId: SocketId, member: Member | undefined): Awaitable<Joined>
  /** Removes it, if it is there; true when the member's last subscription of the channel is gone. */
  leave(app: App, channel: ChannelName, socketId: SocketId, member: Member | undefined): Awaitable<boolean>
  /** The users of a presence channel, in the order in which they joined. */
  members(app: App, channel: ChannelName): Awaitable<readonly Member[]>
  /** The occupancy of one channel; zeros when nobody is in it. */
  occupancy(app: App, channel: ChannelName): Awaitable<Occupancy>
  /** Every occupied channel of the app whose name begins with the prefix. */
  channels(app: App, prefix: string): Awaitable<ReadonlyMap<ChannelName, Occupancy>>
}
