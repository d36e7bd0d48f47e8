import type { Member } from '../../protocol/messages.ts'
import type { ChannelName } from '../../protocol/names.ts'
import type { Relay } from '../adapter.ts'
import type { App } from '../apps/app.ts'
import type { Connection } from '../connection.ts'
import { Channel } from './channel.ts'
import { Subscription } from './subscription.ts'

/** The channels of this node that somebody is in, and that it therefore follows; an empty one is gone at once. */
export class ChannelManager {
  readonly #apps = new Map<string, Map<string, Channel>>()
  readonly #relay: Pick<Relay, 'follow' | 'unfollow'>

  constructor(relay: Pick<Relay, 'follow' | 'unfollow'>) {
    this.#relay = relay
  }

  /** The live channel of that name, if anybody here is in it. */
  find(app: { readonly id: string }, name: string): Channel | undefined {
    return this.#apps.get(app.id)?.get(name)
  }

  /** Begins a subscription; it is joining until its channel says that it is live. */
  join(connection: Connection, name: ChannelName, member: Member | undefined): Subscription {
    const channel = this.#findOrMake(connection.app, name)
    const subscription = new Subscription(connection, channel, member)
    channel.join(subscription)
    connection.subscriptions.set(name, subscription)
    return subscription
  }

  /** Ends a subscription, and with the last one the channel; one that has left is left alone. */
  leave(subscription: Subscription): void {
    if (subscription.state === 'left') return
    const { channel, connection } = subscription
    connection.subscriptions.delete(channel.name)
    channel.leave(subscription)
    if (channel.empty) this.#remove(connection.app, channel)
  }

  #findOrMake(app: App, name: ChannelName): Channel {
    let channels = this.#apps.get(app.id)
    if (channels === undefined) {
      channels = new Map()
      this.#apps.set(app.id, channels)
    }
    let channel = channels.get(name)
    if (channel === undefined) {
      channel = new Channel(app.id, name, this.#relay.follow(app, name))
      channels.set(name, channel)
    }
    return channel
  }

  #remove(app: App, { appId, name }: Channel): void {
    const channels = this.#apps.get(appId)
    channels?.delete(name)
    this.#relay.unfollow(app, name)
    if (channels?.size === 0) this.#apps.delete(appId)
  }
}
