import type { Member } from '../../protocol/messages.ts'
import type { KeptEvent } from '../adapter.ts'

// What joins nodes: a broker that all of them reach. Each driver is one Broker; everything that nodes do with it stands in
// this folder, once. Apps are named by their ids, nodes by the id of one life. A life goes on over the loss of a connection,
// though what it asked of an earlier one is refused; a node that was taken for dead gets another.
//
// Nobody is gone at once. Who leaves a node that drains is kept as nobody's (`keep`), so that no client sees a user flicker
// who moves. A departure can be taken back for a while (`settle`), so that webhooks and watchlists hear of no reload. And a
// node keeps an empty seat for a while, so that most who come back find everything as it was.

/** A channel of an app. */
export interface Place {
  /** Id of the app. */
  readonly appId: string
  /** Name on the wire. */
  readonly channel: string
}

/** What carries messages between nodes, and what they know in common. */
export interface Broker {
  /** Which driver it is: `redis`, `nats`, `cluster`. */
  readonly name: string
  /** Where it is, for people; never with a password. */
  readonly address: string
  /** Carries messages between nodes. */
  readonly roads: Roads
  /** Knows what the nodes hold. */
  readonly ledger: Ledger
  /** Keeps the last event of each cache channel. */
  readonly store: EventStore
  /**
   * Begins to connect, and goes on connecting after every failure until {@link close}; called once, before anything else.
   * Calls to the parts reject at once while there is no connection: nothing is queued for later.
   */
  open(listener: BrokerListener): void
  /** Throws the connections away and makes new ones: what was asked of the old ones rejects. */
  reset(): void
  /** Ends the connections that the driver has made; those that were given to it stay as they are. */
  close(): Promise<void>
}

/** What a broker reports; never before `open`, nor after `close`. */
export interface BrokerListener {
  /**
   * The parts can be used. Subscriptions and watches of the time before are gone; the ledger may be another one. Once the
   * node has renewed its life after this, the ledger does nothing any more that the life has asked of it before.
   */
  connected(): void
  /** They cannot be used until `connected`; called once for each loss, and when the first attempt fails. */
  disconnected(reason: string): void
  /** An attempt to come back has failed: what stands in the way now, for people. It goes on trying. */
  failed?(reason: string): void
  /** A message on a road that this node subscribed to, also one of its own; in the order in which each node sent them. */
  message(road: string, message: Buffer): void
  /** A place that this node watches has changed, whoever changed it; in the order of the versions. */
  changed(place: Place, notice: Notice): void
  /** Something came where only notices come, and was none. */
  refused?(): void
}

/** Messages to whoever listens now; at most once. Names of roads are any text of up to 300 characters. */
export interface Roads {
  /** Resolves when everything that is sent from now on arrives here. */
  subscribe(roads: readonly string[]): Promise<void>
  /** Resolves when the broker has been told. */
  unsubscribe(roads: readonly string[]): Promise<void>
  /** Resolves when the broker has taken it; sent one after the other, messages arrive in that order. */
  send(road: string, message: Buffer): Promise<void>
}

/** How a place has changed. A node that does not know `previous` has missed something, and asks for the state. */
export interface Notice {
  /** Greater than all before it, whatever became of the broker's memory in between. */
  readonly version: number
  /** The version before; 0 when there was none. */
  readonly previous: number
  /** In the whole cluster, now. */
  readonly subscriptions: number
  /** Users who were not there before, on any node. */
  readonly added: readonly Member[]
  /** Ids of users who were there, and are on no node any more. */
  readonly removed: readonly string[]
}

/** What a place is like. */
export interface PlaceState {
  /** 0 when nobody is there. */
  readonly version: number
  /** In the whole cluster. */
  readonly subscriptions: number
  /** Users of a presence channel, in the order in which they came. */
  readonly members: readonly Member[]
}

/** What one node has in a place from now on. Said twice, it changes nothing the second time. */
export interface Holding {
  /** Subscriptions that this node has there, in all; 0: none any more. */
  readonly subscriptions: number
  /** Users that this node has there from now on. One that others have too keeps the info that it came with. */
  readonly add: readonly Member[]
  /** Users that it has no longer; they leave before those of `add` come, so one who is in both comes anew. */
  readonly remove: readonly string[]
  /** Users that may be there; a new one beyond is refused, those before it are not. 0: no limit. */
  readonly limit: number
  /** Whether those who watch the place are told of a change of subscriptions, too; of users they are told anyway. */
  readonly counted: boolean
  /** Whether departures shall be settled: see {@link Ledger.settle}. */
  readonly settled: boolean
  /** Milliseconds that users of `remove` are kept for, as nobody's, unless some node adds them: 0 unless a node drains. */
  readonly keep: number
}

/** What came of a {@link Holding}. */
export interface Held {
  /** Of the place, now. */
  readonly version: number
  /** The version before; the same when nothing was changed. */
  readonly previous: number
  /** In the whole cluster, now. */
  readonly subscriptions: number
  /** Users who were not there before, on any node. */
  readonly added: readonly string[]
  /** Users who were there, and are on no node any more. */
  readonly removed: readonly string[]
  /** Users who found the place full. */
  readonly refused: readonly string[]
  /** Users who come back within the time in which their departure was not settled yet; a part of `added`. */
  readonly back: readonly string[]
  /** The place has its first subscription, and was not vacated a moment ago. */
  readonly occupied: boolean
  /** All members, in order, unless the node knew `previous` already. */
  readonly members: readonly Member[] | undefined
}

/** A departure whose time to be taken back is over; without `userId` the whole place was vacated. */
export interface Departure extends Place {
  /** Who has left; undefined when the whole place was vacated. */
  readonly userId: string | undefined
}

/** The answer to a node that is not alive in the eyes of the ledger: it must {@link Ledger.renew} under another id. */
export const stale = 'stale'

/** The same, for people. */
export const takenForDead = 'This node was silent for too long, so the others may have taken it for dead'

/** The answer to a renewal. */
export interface Renewed {
  /** Other nodes that have not renewed in time: to be {@link Ledger.reap}ed. */
  readonly expired: readonly string[]
  /** Nodes that are alive, this one included. */
  readonly alive: number
  /** Names the memory of the ledger: another one, once it has forgotten what it knew. Left out, that cannot be told. */
  readonly memory?: string
}

/**
 * What the nodes hold, in the whole cluster. Each node says what *it* has, in absolute numbers, so everything may be said
 * again; each call is atomic, and what it changes is told to those who watch in the same step. A rejected promise leaves open
 * whether it was done. Everything carries a time to live of at least a day, so that nothing stays for ever.
 */
export interface Ledger {
  /**
   * The node is alive for `ttl` milliseconds more, counted by the clock of the ledger. An id is new once: one that has
   * expired, even if nobody has reaped it, is answered {@link stale}, unless `fresh` says that it begins now.
   */
  renew(node: string, ttl: number, fresh: boolean): Promise<Renewed | typeof stale>
  /** Changes what the node has in a place; `known` is the version of which the node knows the members. */
  hold(node: string, place: Place, holding: Holding, known: number): Promise<Held | typeof stale>
  /** From now on `changed` is called for the place; resolves when that is sure. */
  watch(places: readonly Place[]): Promise<void>
  /** From now on it is not. */
  unwatch(places: readonly Place[]): Promise<void>
  /** What the place is like now. */
  state(place: Place): Promise<PlaceState>
  /** How many subscriptions and users each occupied channel of an app has whose name begins with the prefix. */
  occupied(
    appId: string,
    prefix: string,
  ): Promise<ReadonlyMap<string, { readonly subscriptions: number; readonly users: number }>>
  /**
   * The node wants to have so many connections of the app. Resolves to how many it has from now on: where that is more than
   * before, only as many as the limit (0: none) leaves free, never fewer than before.
   */
  connect(node: string, appId: string, connections: number, limit: number): Promise<number | typeof stale>
  /** Connections of the app on all nodes. */
  connections(appId: string): Promise<number>
  /**
   * The node has signed-in connections of the user, or no longer any. True when a user is online who was not: one whose
   * departure is not settled yet never left.
   */
  sign(node: string, appId: string, userId: string, signedIn: boolean): Promise<boolean | typeof stale>
  /** Those of the users who are online; a departure that is not settled yet counts as online. */
  online(appId: string, userIds: readonly string[]): Promise<ReadonlySet<string>>
  /** Takes away what an expired node had, as if it had said so itself, a part at a time; true when nothing is left of it. */
  reap(node: string): Promise<boolean>
  /**
   * Ends the time of those who were kept, and hands out departures that are older than `grace` milliseconds and were not
   * taken back: each one to one node only.
   */
  settle(node: string, grace: number): Promise<Settled | typeof stale>
  /** The node has left by itself: nothing of it remains. */
  forget(node: string): Promise<void>
}

/** What {@link Ledger.settle} hands out. */
export interface Settled {
  /** Those whose time to be taken back is over. */
  readonly departures: readonly Departure[]
  /** Users who are offline now. */
  readonly offline: readonly { readonly appId: string; readonly userId: string }[]
}

/** The last event of each cache channel. */
export interface EventStore {
  /**
   * Keeps the event for `ttl` seconds and, in the same step, sends the message on the road, its first 8 bytes replaced by
   * the position (an unsigned integer in network order): so it arrives everywhere in the order of the positions. Resolves
   * to the position. The road is that of the channel's events, and has its name in it.
   */
  keep(place: Place, event: NewEvent, road: string, message: Buffer): Promise<number>
  /** The event that was kept last, if it still is; the road is the one that it was sent on. */
  last(place: Place, road: string): Promise<KeptEvent | undefined>
}

/** An event to be kept. */
export interface NewEvent {
  /** Name of the event. */
  readonly event: string
  /** Its payload, as it was published. */
  readonly data: string
  /** Seconds. */
  readonly ttl: number
}
