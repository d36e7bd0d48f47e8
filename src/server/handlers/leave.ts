import { events } from '../../protocol/events.ts'
import { memberRemoved } from '../../protocol/messages.ts'
import { type Awaitable, isPromise } from '../../support/awaitable.ts'
import type { Registry } from '../adapter.ts'
import type { ChannelManager } from '../channels/channel-manager.ts'
import type { Subscription } from '../channels/subscription.ts'
import type { Connection } from '../connection.ts'
import type { Publish } from '../publish.ts'

interface LeaveParts {
  readonly channels: ChannelManager
  readonly registry: Registry
  readonly publish: Publish
}

/** Ends subscriptions, one of them or all of a connection; whoever stays hears of a member that is gone. */
export interface Leave {
  /** Ends the connection's subscription of that channel; without one nothing happens. */
  one(connection: Connection, channel: string): Awaitable<unknown>
  /** Ends all of them: costs what the connection joined, not what the app holds. */
  all(connection: Connection): Awaitable<unknown>
}

/** Makes the functions that end subscriptions, whatever the cause. */
export function createLeave({ channels, registry, publish }: LeaveParts): Leave {
  return { one, all }

  function one(connection: Connection, channel: string): Awaitable<unknown> {
    const subscription = connection.subscriptions.get(channel)
    return subscription && end(subscription)
  }

  async function all(connection: Connection): Promise<unknown> {
    // One that fails must not keep the others from ending.
    return Promise.all([...connection.subscriptions.values()].map(async (subscription) => end(subscription)))
  }

  function end(subscription: Subscription): Awaitable<unknown> {
    const { connection, channel, member } = subscription
    channels.leave(subscription)
    const removed = registry.leave(connection.app, channel.name, connection.socketId, member)
    return isPromise(removed) ? announceLater(subscription, removed) : announce(subscription, removed)
  }

  async function announceLater(subscription: Subscription, removed: PromiseLike<boolean>): Promise<unknown> {
    return announce(subscription, await removed)
  }

  function announce({ connection, channel, member }: Subscription, removed: boolean): Awaitable<unknown> {
    if (!removed || member === undefined) return undefined
    return publish({
      app: connection.app,
      channel: channel.name,
      event: events.memberRemoved,
      data: memberRemoved(member.id),
      except: connection.socketId,
    })
  }
}
