import type { ChannelName } from '../../protocol/names.ts'
import type { App } from '../apps/app.ts'
import type { Connection } from '../connection.ts'
import type { Subscription } from './subscription.ts'

/** A channel of one app on this node: who receives its events, and who is about to. */
export class Channel {
  readonly app: App
  readonly name: ChannelName
  /** Connections that receive the channel's events; read by `deliver`. */
  readonly live = new Set<Connection>()
  /** Subscriptions for which the channel's events are held back. */
  readonly joining = new Set<Subscription>()

  constructor(app: App, name: ChannelName) {
    this.app = app
    this.name = name
  }

  get empty(): boolean {
    return this.live.size === 0 && this.joining.size === 0
  }

  /** Holds the channel's events for the subscription until {@link goLive}. */
  join(subscription: Subscription): void {
    this.joining.add(subscription)
  }

  /** From here on the subscription receives the channel's events; false when it has left meanwhile. */
  goLive(subscription: Subscription): boolean {
    if (!this.joining.delete(subscription)) return false
    subscription.state = 'live'
    this.live.add(subscription.connection)
    return true
  }

  /** From here on the subscription receives nothing of the channel. */
  leave(subscription: Subscription): void {
    if (subscription.state === 'live') this.live.delete(subscription.connection)
    else this.joining.delete(subscription)
    subscription.state = 'left'
    subscription.held.length = 0
  }
}
