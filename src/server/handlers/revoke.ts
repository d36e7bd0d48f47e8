import { SubscriptionError } from '../../protocol/errors.ts'
import type { ChannelName } from '../../protocol/names.ts'
import type { Awaitable } from '../../support/awaitable.ts'
import type { App } from '../apps/app.ts'
import type { SignedInUsers } from '../users/signed-in-users.ts'
import type { Leave } from './leave.ts'
import { refuseSubscription } from './refuse-subscription.ts'

interface RevokeParts {
  readonly users: SignedInUsers
  readonly leave: Leave
}

/** Takes away from a signed-in user what it has; connections that only carry a presence `user_id` are not its own. */
export interface Revoke {
  /** Closes every signed-in connection of the user with 4009 (protocol.md 5.4). */
  disconnect(app: App, userId: string): Awaitable<void>
  /** Ends the user's subscriptions of the channel: each is told with `AuthError` 401, and whoever stays hears of it. */
  unsubscribe(app: App, userId: string, channel: ChannelName): Awaitable<void>
}

/** Makes the functions behind `disconnectUser()` and `unsubscribeUser()`. */
export function createRevoke({ users, leave }: RevokeParts): Revoke {
  return { disconnect, unsubscribe }

  function disconnect(app: App, userId: string): void {
    for (const connection of users.of(app, userId)) connection.close(4009, 'The user was disconnected')
  }

  async function unsubscribe(app: App, userId: string, channel: ChannelName): Promise<void> {
    const subscribed = users.of(app, userId).filter(({ subscriptions }) => subscriptions.has(channel))
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
