import type { SubscriptionError } from '../../protocol/errors.ts'
import { subscriptionError } from '../../protocol/messages.ts'
import type { Connection } from '../connection.ts'

/** The library that listens for a failed subscription under another name only (protocol.md 2.6). */
const dotnetClient = 'pusher-dotnet-client'

/** Tells a client that it is not, or no longer, subscribed to a channel. */
export function refuseSubscription(
  connection: Connection,
  { channel, failure, message }: SubscriptionError,
): void {
  connection.send(subscriptionError(channel, failure, message))
  if (connection.client === dotnetClient) {
    connection.send(subscriptionError(channel, failure, message, true))
  }
}
