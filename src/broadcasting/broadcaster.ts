import type { SocketId } from '../protocol/names.ts'
import type { Awaitable } from '../support/awaitable.ts'
import type { Logger } from '../support/logger.ts'
import type { ConnectionConfig } from './connection-config.ts'
import type { ResolvedEvent } from './resolve-event.ts'

/** What a driver is given to send. */
export interface OutgoingEvent extends ResolvedEvent {
  /** The connection that does not get it. */
  readonly socketId: SocketId | undefined
}

/** What a driver knows of a channel that it has sent to. */
export interface Reach {
  /** Connections that the event was handed to. */
  readonly recipients?: number
  /** Subscriptions of the channel, in the whole cluster. */
  readonly subscriptions?: number
  /** Users in the channel, in the whole cluster; only of presence channels. */
  readonly users?: number
  /** The other nodes of the server could not be reached: only subscribers of this node have it. */
  readonly degraded?: true
}

/** What a driver knows of the channels of one broadcast, by name. */
export type Reached = ReadonlyMap<string, Reach>

/** Sends events from application code: what `Broadcast.extend()` makes, one per configured connection. */
export interface Broadcaster {
  /**
   * Called once per broadcast, with at least one channel; with exactly one where it is an encrypted one. Resolves when the
   * event is on its way, without waiting for any subscriber. Rejects when it was not sent.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: a driver that knows nothing may return nothing
  broadcast(event: OutgoingEvent): Awaitable<Reached | void>
  /** Sends several events in their order, with as few requests as possible; without it each is broadcast by itself. */
  broadcastBatch?(events: readonly OutgoingEvent[]): Awaitable<readonly Reached[]>
  /** Ends every signed-in connection of a user. Without it `disconnectUser()` is an error. */
  disconnectUser?(userId: string): Awaitable<void>
  /** Ends the user's subscription of a channel, on every signed-in connection. Without it `unsubscribeUser()` is an error. */
  unsubscribeUser?(userId: string, channel: string): Awaitable<void>
  /** Called once, when the application shuts down. */
  close?(): Awaitable<void>
}

/** Makes the broadcaster of a connection, when it is first used. */
export type BroadcasterFactory = (connection: ConnectionConfig, parts: BroadcasterParts) => Broadcaster

/** What every driver may use. */
export interface BroadcasterParts {
  /** The one of the manager. */
  readonly logger: Logger
}
