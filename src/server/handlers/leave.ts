import { type Awaitable, doAll } from '../../support/awaitable.ts'
import type { Registry } from '../adapter.ts'
import type { ChannelManager } from '../channels/channel-manager.ts'
import type { Subscription } from '../channels/subscription.ts'
import type { Connection } from '../connection.ts'

interface LeaveParts {
  readonly channels: ChannelManager
  readonly registry: Registry
}

/** Ends subscriptions, whatever the cause; whoever stays hears of it. */
export interface Leave {
  /** Ends the connection's subscription of that channel; without one nothing happens. */
  one(connection: Connection, channel: string): Awaitable<void>
  /** Ends all of them: costs what the connection joined, not what the app holds. */
  all(connection: Connection): Awaitable<void>
  /** Ends this very subscription; one that has left is left alone. */
  end(subscription: Subscription): Awaitable<void>
}

/** Makes the functions that end subscriptions. */
export function createLeave({ channels, registry }: LeaveParts): Leave {
  return { one, all, end }

  function one(connection: Connection, channel: string): Awaitable<void> {
    const subscription = connection.subscriptions.get(channel)
    return subscription && end(subscription)
  }

  function all(connection: Connection): Awaitable<void> {
    return doAll(Array.from(connection.subscriptions.values(), (subscription) => () => end(subscription)))
  }

  function end(subscription: Subscription): Awaitable<void> {
    if (subscription.state === 'left') return undefined
    const { connection, channel, member } = subscription
    channels.leave(subscription)
    return registry.leave(connection.app, channel.name, connection.socketId, member)
  }
}
