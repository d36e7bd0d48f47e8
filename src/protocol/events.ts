/** Event names of the protocol itself (protocol.md 1.4); nobody may publish names that begin like these. */
export const events = {
  connectionEstablished: 'pusher:connection_established',
  error: 'pusher:error',
  ping: 'pusher:ping',
  pong: 'pusher:pong',
  subscribe: 'pusher:subscribe',
  unsubscribe: 'pusher:unsubscribe',
  signin: 'pusher:signin',
  signinSuccess: 'pusher:signin_success',
  cacheMiss: 'pusher:cache_miss',
  subscriptionError: 'pusher:subscription_error',
  subscriptionSucceeded: 'pusher_internal:subscription_succeeded',
  internalSubscriptionError: 'pusher_internal:subscription_error',
  memberAdded: 'pusher_internal:member_added',
  memberRemoved: 'pusher_internal:member_removed',
  subscriptionCount: 'pusher_internal:subscription_count',
  watchlistEvents: 'pusher_internal:watchlist_events',
  resume: 'reverb:resume',
} as const

/** Whether a name belongs to the protocol, so that nobody may publish it. */
export function isReservedEvent(name: string): boolean {
  return name.startsWith('pusher:') || name.startsWith('pusher_internal:')
}

/** Whether a name is one a client may send to a channel: `client-…`, anchored (protocol.md 3). */
export function isClientEvent(name: string): boolean {
  return name.startsWith('client-')
}
