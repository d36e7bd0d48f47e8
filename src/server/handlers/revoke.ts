import { SubscriptionError } from '../../protocol/errors.ts'
import type { ChannelName } from '../../protocol/names.ts'
import { type Awaitable, andThen } from '../../support/awaitable.ts'
import type { Order, Relay, RelayListener } from '../adapter.ts'
import type { App } from '../apps/app.ts'
import { UnreachableError } from '../errors.ts'
import type { Unawaited } from '../unawaited.ts'
import type { SignedInUsers } from '../users/signed-in-users.ts'
import type { Leave } from './leave.ts'
import { refuseSubscription } from './refuse-subscription.ts'

interface RevokeParts {
  readonly users: SignedInUsers
  readonly leave: Leave
  readonly relay: Relay
  readonly unawaited: Unawaited
}

/**
 * Takes away from a signed-in user what it has, on every node; connections that only carry a presence `user_id` are not its
 * own. Rejects with an {@link UnreachableError} when only this node could be told.
 */
export interface Revoke {
  /** Closes every signed-in connection of the user with 4009 (protocol.md 5.4). */
  disconnect(app: App, userId: string): Awaitable<void>
  /** Ends the user's subscriptions of the channel: each is told with `AuthError` 401, and whoever stays hears of it. */
  unsubscribe(app: App, userId: string, channel: ChannelName): Awaitable<void>
}

/** Makes the functions behind `disconnectUser()` and `unsubscribeUser()`, and what obeys the orders of other nodes. */
export function createRevoke({ users, leave, relay, unawaited }: RevokeParts): {
  readonly revoke: Revoke
  readonly ordered: RelayListener['ordered']
} {
  return {
    revoke: {
      disconnect: ({ id: appId }, userId) => everywhere({ name: 'disconnect', appId, userId }),
      unsubscribe: ({ id: appId }, userId, channel) =>
        everywhere({ name: 'unsubscribe', appId, userId, channel }),
    },
    ordered: (order) => unawaited(obey(order), `Obeying the order to ${order.name} a user`),
  }

  function everywhere(order: Order): Awaitable<void> {
    const told = relay.order(order)
    return andThen(obey(order), () => andThen(told, mustHaveReached))
  }

  function obey(order: Order): Awaitable<void> {
    const connections = users.of({ id: order.appId }, order.userId)
    if (order.name === 'unsubscribe') return unsubscribe(connections, order.channel)
    for (const connection of connections) connection.close(4009, 'The user was disconnected')
  }

  async function unsubscribe(
    connections: ReturnType<SignedInUsers['of']>,
    channel: ChannelName,
  ): Promise<void> {
    const subscribed = connections.filter(({ subscriptions }) => subscriptions.has(channel))
    await Promise.all(
      // One that fails must not keep the others from ending.
      subscribed.map(async (connection) => {
        const left = leave.one(connection, channel)
        refuseSubscription(connection, new SubscriptionError('unauthorized', 'Access was withdrawn', channel))
        await left
      }),
    )
  }
}

function mustHaveReached(reached: boolean): void {
  if (!reached) throw new UnreachableError('Only the connections of this node were reached')
}
