import type { SocketId } from '../protocol/names.ts'
import type { Awaitable } from '../support/awaitable.ts'
import type { Logger } from '../support/logger.ts'
import type { ConnectionConfig } from './config.ts'
import type { ResolvedEvent } from './resolve-event.ts'

/** What a driver is given to send. */
export interface OutgoingEvent extends ResolvedEvent {
  /** The connection that does not get it. */
  readonly socketId: SocketId | undefined
}

/** Sends events from application code: what `Broadcast.extend()` makes, one per configured connection. */
export interface Broadcaster {
  /**
   * Called once per broadcast, with at least one channel. Resolves when the event is on its way, without waiting for any
   * subscriber; to the number of recipients per channel where that is known. Rejects when it was not sent.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: a driver that knows no recipients may return nothing
  broadcast(event: OutgoingEvent): Awaitable<ReadonlyMap<string, number> | void>
  /** Called once, when the application shuts down. */
  close?(): Awaitable<void>
}

/** Makes the broadcaster of a connection, when it is first used. */
export type BroadcasterFactory = (connection: ConnectionConfig, parts: BroadcasterParts) => Broadcaster

/** What every driver may use. */
export interface BroadcasterParts {
  readonly logger: Logger
}
