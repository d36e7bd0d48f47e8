import type { AnonymousEvent } from './anonymous-event.ts'
import type { BroadcastEvent } from './broadcast-event.ts'
import type { BroadcasterFactory } from './broadcaster.ts'
import type { ChannelLike } from './channel.ts'
import type { ChannelRule } from './channel-authorizer.ts'
import { currentManager, register } from './current-manager.ts'
import type { PendingBatch, PendingBroadcast } from './pending-broadcast.ts'
import type { ReportedPromise } from './reported-promise.ts'
import type { RuleOptions } from './rule-options.ts'

/**
 * Broadcasts an event through the current application, on the next microtask, awaited or not.
 * Awaited it gives a receipt or throws; otherwise a failure goes to the logger.
 */
export function broadcast(event: BroadcastEvent): PendingBroadcast {
  return currentManager().broadcast(event)
}

/** The broadcasting of the current application; what is registered before any boots, every later one has too. */
export const Broadcast = {
  /** Broadcasts an event, as {@link broadcast} does. */
  event: broadcast,

  /** Begins an event without a class: `Broadcast.on('orders.1').as('OrderShipped').with({ … }).send()`. */
  on(...channels: readonly ChannelLike[]): AnonymousEvent {
    return currentManager().on(...channels)
  },

  /** Begins an event for one signed-in user: `Broadcast.user(7).as('InvoicePaid').with({ … }).send()`. */
  user(id: string | number): AnonymousEvent {
    return currentManager().user(id)
  },

  /** Broadcasts several events in their order, on the next microtask; awaited it gives a receipt for each. */
  batch(events: readonly BroadcastEvent[]): PendingBatch {
    return currentManager().batch(events)
  },

  /** Ends every signed-in connection of a user; clients do not come back by themselves. */
  disconnectUser(id: string | number, options?: { readonly via?: string }): ReportedPromise<void> {
    return currentManager().disconnectUser(id, options)
  },

  /** Withdraws a channel from a user, on all of the user's signed-in connections. */
  unsubscribeUser(
    id: string | number,
    channel: ChannelLike,
    options?: { readonly via?: string },
  ): ReportedPromise<void> {
    return currentManager().unsubscribeUser(id, channel, options)
  },

  /**
   * Registers who may join the private and presence channels of a pattern, written without prefix:
   * `Broadcast.channel('orders.{orderId}', ({ user, params }) => …)`. The first rule that matches decides.
   */
  channel<const Pattern extends string, Guest extends boolean = false>(
    pattern: Pattern,
    rule: ChannelRule<Pattern, Guest>,
    options?: RuleOptions<Guest>,
  ): void {
    register((target) => target.channel(pattern, rule, options))
  },

  /** Makes a driver known to the configuration's `driver`. */
  extend(driver: string, factory: BroadcasterFactory): void {
    register((target) => target.extend(driver, factory))
  },
} as const
