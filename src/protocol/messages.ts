import { type PusherCode, type SubscriptionFailure, subscriptionErrors } from './codes.ts'
import { events } from './events.ts'
import type { SocketId } from './names.ts'

// `data` is a JSON string in every message but pusher:error, where Swift and .NET require an object (protocol.md 1.4).

/** A user in a presence channel. */
export interface Member {
  /** The `user_id`. */
  readonly id: string
  /** JSON text of the `user_info`. */
  readonly info: string
}

/** The first message of a connection (protocol.md 1.5); `activityTimeout` in whole seconds. */
export function connectionEstablished(socketId: SocketId, activityTimeout: number): string {
  // Digits and a dot need no escape, and a server that comes back greets everybody at once.
  return `{"event":"${events.connectionEstablished}","data":"{\\"socket_id\\":\\"${socketId}\\",\\"activity_timeout\\":${activityTimeout}}"}`
}

/** `pusher:error`; carries `channel` only when it is about one (protocol.md 1.7). */
export function error(code: PusherCode | null, message: string, channel?: string): string {
  return JSON.stringify({ event: events.error, data: { message, code }, channel })
}

/** The answer to `pusher:ping`. */
export const pong = JSON.stringify({ event: events.pong, data: '{}' })

/** The positive answer to a subscribe; `data` is `{}` or what {@link roster} makes (protocol.md 2.4). */
export function subscriptionSucceeded(channel: string, data = '{}'): string {
  return JSON.stringify({ event: events.subscriptionSucceeded, channel, data })
}

/** The members of a presence channel as the data of {@link subscriptionSucceeded}; any user id is safe, `__proto__` too. */
export function roster(members: Iterable<Member>): string {
  const ids: string[] = []
  const hash: string[] = []
  for (const { id, info } of members) {
    const key = JSON.stringify(id)
    ids.push(key)
    hash.push(`${key}:${info}`)
  }
  return `{"presence":{"count":${ids.length},"ids":[${ids.join()}],"hash":{${hash.join()}}}}`
}

/** The negative answer to a subscribe (protocol.md 2.6); `internal` makes the variant that only .NET listens to. */
export function subscriptionError(
  channel: string,
  failure: SubscriptionFailure,
  message: string,
  internal = false,
): string {
  const { type, status } = subscriptionErrors[failure]
  const event = internal ? events.internalSubscriptionError : events.subscriptionError
  return JSON.stringify({ event, channel, data: JSON.stringify({ type, error: message, status }) })
}

/** The data of `member_added`. */
export function memberAdded({ id, info }: Member): string {
  return `{"user_id":${JSON.stringify(id)},"user_info":${info}}`
}

/** The data of `member_removed`. */
export function memberRemoved(id: string): string {
  return JSON.stringify({ user_id: id })
}

/** The answer to a subscribe of a cache channel that keeps nothing (protocol.md 2.8). */
export function cacheMiss(channel: string): string {
  return JSON.stringify({ event: events.cacheMiss, channel, data: '{}' })
}

/** The data of `subscription_count`. */
export function subscriptionCount(count: number): string {
  return `{"subscription_count":${count}}`
}

/** The positive answer to a sign-in: the string it brought, byte for byte (protocol.md 5.1). */
export function signinSuccess(userData: string): string {
  return JSON.stringify({ event: events.signinSuccess, data: JSON.stringify({ user_data: userData }) })
}

/** What became of watched users; a list that is empty is left out (protocol.md 5.3). */
export function watchlistEvents(online: readonly string[], offline: readonly string[]): string {
  const entries = [
    { name: 'online', user_ids: online },
    { name: 'offline', user_ids: offline },
  ]
  const data = JSON.stringify({ events: entries.filter(({ user_ids }) => user_ids.length > 0) })
  return JSON.stringify({ event: events.watchlistEvents, data })
}

/** A channel event as subscribers receive it; `userId` only for client events on presence channels (protocol.md 2.11, 3). */
export function channelEvent(channel: string, event: string, data: string, userId?: string): string {
  return JSON.stringify({ event, channel, data, user_id: userId })
}
