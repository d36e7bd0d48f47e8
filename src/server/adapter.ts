import type { Member } from '../protocol/messages.ts'
import type { ChannelName, SocketId } from '../protocol/names.ts'
import type { Awaitable } from '../support/awaitable.ts'
import type { App } from './apps/app.ts'
import type { Frame } from './frame.ts'
import type { LifecycleEvent } from './lifecycle.ts'

/** Milliseconds in which whoever left may be back as if nothing had been (protocol.md 5.3, 7). */
export const settleTime = 3_000

/** What nodes share. */
export interface Adapter {
  readonly relay: Relay
  readonly registry: Registry
  readonly log: EventLog
  /** Begins to work; called once, after both have their listeners. */
  start(): void
  /** Why the node cannot reach the others, for people; undefined while it can. */
  readonly trouble: string | undefined
  /** Forgets what has expired; called every few seconds, `now` in milliseconds on the monotonic clock. */
  sweep(now: number): void
  /** Called when the server begins to drain: from now on members are kept for their users to appear on another node. */
  drain(): Awaitable<void>
  /** Resolves when nothing of this node remains; called after everybody has left. Never rejects. */
  close(): Promise<void>
}

/**
 * Carries events and orders between nodes: to each node that follows the channel, at most once, those of one node in the
 * order in which it sent them.
 */
export interface Relay {
  /** Whether there are no other nodes, nor ever will be. */
  readonly alone: boolean
  listen(listener: RelayListener): void
  /**
   * This node has subscribers of the channel. Resolves when events that others send from now on arrive, or when the others
   * are known to be out of reach; never rejects.
   */
  follow(app: App, channel: ChannelName): Awaitable<void>
  /** It has none any more; events may arrive for some seconds more. */
  unfollow(app: App, channel: ChannelName): void
  /** Hands a frame to the other nodes; false when they could not be reached. Never rejects. */
  send(app: App, channel: ChannelName, frame: Frame, except: SocketId | undefined): Awaitable<boolean>
  /** Hands an order to the other nodes; false when they could not be reached. Never rejects. */
  order(order: Order): Awaitable<boolean>
}

/** Takes what other nodes have sent. */
export interface RelayListener {
  /** A frame for this node's subscribers of a channel; `position` is 0 unless the log keeps it. */
  arrived(
    appId: string,
    channel: ChannelName,
    frame: Frame,
    except: SocketId | undefined,
    position: number,
  ): void
  ordered(order: Order): void
}

/** What every node has to do for the connections of a signed-in user. */
export type Order = { readonly appId: string; readonly userId: string } & (
  | { readonly name: 'disconnect' }
  | { readonly name: 'unsubscribe'; readonly channel: ChannelName }
)

/** What the registry answers to a join; when the channel was full for a new user, nothing was changed. */
export type Joined = 'joined' | 'full'

/** How many subscriptions and, in a presence channel, how many users a channel has. */
export interface Occupancy {
  readonly subscriptions: number
  readonly users: number
}

/**
 * Who is where, in the whole cluster: the one source of member lists, counts and quotas. What changes is told to the
 * {@link RegistryListener}, before the call that changed it is answered.
 *
 * Each call is atomic. Calls of one node for one channel, and for one user, take effect and are answered in the order in
 * which they were made, as are those for one socket. A rejected promise means that nothing was changed.
 */
export interface Registry {
  listen(listener: RegistryListener): void
  /** Counts a connection in, unless the app has its `maxConnections` already; called once per connection. */
  connect(app: App, socketId: SocketId): Awaitable<boolean>
  /** Counts it out again. */
  disconnect(app: App, socketId: SocketId): Awaitable<void>
  /** Connections of the app. */
  connections(app: App): Awaitable<number>
  /** Adds a subscription; with a member when the channel is a presence channel. */
  join(app: App, channel: ChannelName, socketId: SocketId, member: Member | undefined): Awaitable<Joined>
  /** Removes it; one whose join is still under way may turn out to have been refused, and then nothing happens. */
  leave(app: App, channel: ChannelName, socketId: SocketId, member: Member | undefined): Awaitable<void>
  /** The members of a presence channel as this node's subscribers have been told, at once; for who has joined here. */
  roster(app: App, channel: ChannelName): Iterable<Member>
  /** The users of a presence channel, in the order in which they joined. */
  members(app: App, channel: ChannelName): Awaitable<readonly Member[]>
  /** The occupancy of one channel; zeros when nobody is in it. */
  occupancy(app: App, channel: ChannelName): Awaitable<Occupancy>
  /** Every occupied channel of the app whose name begins with the prefix. */
  channels(app: App, prefix: string): Awaitable<ReadonlyMap<ChannelName, Occupancy>>
  /** Marks the connection as one of a user; called once per connection. */
  signIn(app: App, socketId: SocketId, userId: string): Awaitable<void>
  /** Takes the mark away. */
  signOut(app: App, socketId: SocketId, userId: string): Awaitable<void>
  /** Those of the users who have a signed-in connection, or had one a moment ago. */
  online(app: App, userIds: readonly string[]): Awaitable<ReadonlySet<string>>
}

/** Takes what has changed in the cluster, in its order; nothing it does throws. */
export interface RegistryListener {
  /** Whether anybody wants to hear of transitions. */
  readonly wantsTransitions: boolean
  /** A user has come to a presence channel in which this node has subscribers, or has left it. Both alternate. */
  memberAdded(app: App, channel: ChannelName, member: Member): void
  memberRemoved(app: App, channel: ChannelName, userId: string): void
  /** A channel in which this node has subscribers has so many now; `caused`: by a subscriber of this node. */
  counted(app: App, channel: ChannelName, subscriptions: number, caused: boolean): void
  /** Told to one node only; who is back within the {@link settleTime} has never left. */
  transition(event: LifecycleEvent): void
  /** Whether a user is online, now that it may have changed; departures are told after the {@link settleTime}. */
  userChanged(app: { readonly id: string }, userId: string, online: boolean): void
  /** Whether anybody on this node wants to hear of the user. */
  isWatched(appId: string, userId: string): boolean
  /** Whom anybody on this node wants to hear of, by app. */
  watchedUsers(): Iterable<readonly [appId: string, userIds: readonly string[]]>
}

/** An event that a cache channel keeps. */
export interface KeptEvent {
  /** Name of the event. */
  readonly event: string
  /** Its payload, as it was published. */
  readonly data: string
  /** Later events of the channel have greater ones. */
  readonly position: number
  /** Seconds that it is still kept. */
  readonly ttl: number
}

/** What became of an event that a cache channel was to keep. */
export interface Kept {
  /** 0 when it could not be kept. */
  readonly position: number
  /** Whether it comes to every node that follows the channel, this one too, through the relay. */
  readonly arrives: boolean
}

/**
 * The last event of each cache channel, in the whole cluster, kept for the app's `cacheTtl` whether or not anybody is
 * subscribed. Calls for one channel take effect, and are answered, in the order in which they were made. What is known
 * at once, without a promise, has been delivered on this node; what is promised may still be on its way to it.
 */
export interface EventLog {
  /** Keeps an event in the place of the one before; rejects, or answers with position 0, when it was not kept. */
  keep(app: App, channel: ChannelName, event: LoggedEvent): Awaitable<Kept>
  /** The event that is kept, if there is one. */
  last(app: App, channel: ChannelName): Awaitable<KeptEvent | undefined>
}

/** An event on its way into the log. */
export interface LoggedEvent {
  readonly event: string
  readonly data: string
  readonly frame: Frame
  readonly except: SocketId | undefined
}
