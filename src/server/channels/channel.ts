import type { ChannelName } from '../../protocol/names.ts'
import type { Awaitable } from '../../support/awaitable.ts'
import type { Connection } from '../connection.ts'
import type { HeldFrame, Subscription } from './subscription.ts'

/** A channel of one app on this node: who receives its events, and who is about to. */
export class Channel {
  readonly appId: string
  readonly name: ChannelName
  /** Resolves when events that other nodes publish arrive here. */
  readonly followed: Awaitable<void>
  /** Connections that receive the channel's events; read by `deliver`. */
  readonly live = new Set<Connection>()
  /** Subscriptions for which the channel's events are held back. */
  readonly joining = new Set<Subscription>()
  /** Connections that have got, out of the log, what may still be on its way here: up to which position. */
  ahead: Map<Connection, number> | null = null

  constructor(appId: string, name: ChannelName, followed: Awaitable<void>) {
    this.appId = appId
    this.name = name
    this.followed = followed
  }

  get empty(): boolean {
    return this.live.size === 0 && this.joining.size === 0
  }

  /** Holds the channel's events for the subscription until {@link goLive}. */
  join(subscription: Subscription): void {
    this.joining.add(subscription)
  }

  /** From here on the subscription receives the channel's events; returns those that were held, unless it has left. */
  goLive(subscription: Subscription): readonly HeldFrame[] | undefined {
    if (!this.joining.delete(subscription)) return undefined
    subscription.state = 'live'
    this.live.add(subscription.connection)
    return subscription.release()
  }

  /** The connection has got everything up to the position. */
  isAhead(connection: Connection, position: number): void {
    this.ahead ??= new Map()
    this.ahead.set(connection, position)
  }

  /** Everything up to the position has arrived here. */
  reached(position: number): void {
    for (const [connection, had] of this.ahead ?? []) if (had <= position) this.ahead?.delete(connection)
    if (this.ahead?.size === 0) this.ahead = null
  }

  /** From here on the subscription receives nothing of the channel. */
  leave(subscription: Subscription): void {
    if (subscription.state === 'live') {
      this.live.delete(subscription.connection)
      this.ahead?.delete(subscription.connection)
    }
    this.joining.delete(subscription)
    subscription.state = 'left'
    subscription.release()
  }
}
