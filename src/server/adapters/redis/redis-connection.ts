import type { RedisAddress } from './redis-options.ts'

/**
 * One connection to one Redis process. It is opened once, ends once and never comes back: whoever needs another makes it.
 * Nothing is queued while it is not open.
 */
export interface RedisConnection {
  /** Resolves when it can be used, rejects when that will never be. */
  readonly opened: Promise<void>
  /** Commands are sent in the order of the calls; texts come back as texts. */
  command(words: readonly (string | Buffer)[]): Promise<unknown>
  /** Resolves when Redis has confirmed all; each channel is told by one call only until it is unsubscribed. */
  subscribe(channels: readonly string[]): Promise<void>
  unsubscribe(channels: readonly string[]): Promise<void>
  /**
   * Ends it, also while it opens: what is not answered rejects in the same step, and its listener hears nothing any more. The
   * reason is for those who wait for it to open.
   */
  destroy(reason?: string): void
}

/** Who hears of a connection. */
export interface ConnectionListener {
  message(channel: string, message: Buffer): void
  /** It has ended by itself, or can no longer be relied on. */
  ended(reason: string): void
}

/** How to reach one process. */
export interface ConnectionTarget {
  /** Left out: where the options of the connector say. */
  readonly address?: RedisAddress | undefined
  /** Whether channels are those of a shard. */
  readonly sharded: boolean
  /** A sentinel has a password of its own, and no databases. */
  readonly sentinel?: boolean
}

/** Makes connections; there is one for each library. */
export type Connect = (target: ConnectionTarget, listener: ConnectionListener) => RedisConnection

/** What a connection is made with; where, is up to the target. */
export interface ConnectionSettings {
  readonly address?: RedisAddress | undefined
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly sentinelPassword?: string | undefined
  readonly db?: number | undefined
  readonly tls: boolean
}

/** Milliseconds in which a connection is made, or is not. */
export const connectTimeout = 5_000

/** Milliseconds of silence after which the system asks the other end whether it is still there. */
export const keepAlive = 5_000
