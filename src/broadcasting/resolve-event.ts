import { isReservedEvent } from '../protocol/events.ts'
import { maxEventName } from '../protocol/names.ts'
import { ignoreRejection, isPromise } from '../support/awaitable.ts'
import type { BroadcastEvent } from './broadcast-event.ts'
import { type ChannelLike, checkChannelName } from './channel.ts'
import { EventError } from './errors.ts'
import { encodePayload } from './payload.ts'

/** An event that has been asked everything: checked, and encoded once for all of its channels. */
export interface ResolvedEvent {
  /** Names on the wire, each once; none when nothing is to be sent. */
  readonly channels: readonly string[]
  /** Name of the event on the wire. */
  readonly event: string
  /** The payload as compact JSON. */
  readonly data: string
}

/** Asks each method of the event once. Throws a named error before anything is sent. */
export function resolveEvent(event: BroadcastEvent): ResolvedEvent {
  const owner = event?.constructor?.name || 'An event without a class name'
  if (typeof event === 'function') {
    const { name } = event as { readonly name: string }
    throw new EventError(name, `broadcast() takes an event, and this is its class: broadcast(new ${name}(…))`)
  }
  if (typeof event?.broadcastOn !== 'function') {
    throw new EventError(owner, 'has no method broadcastOn(); broadcast() takes a BroadcastEvent')
  }
  const wanted = ask(owner, event, 'broadcastWhen')
  const name = checkEventName(owner, ask(owner, event, 'broadcastAs'))
  const channels = wanted ? channelNames(owner, ask(owner, event, 'broadcastOn')) : []
  const data = channels.length > 0 ? encodePayload(name, ask(owner, event, 'broadcastWith')) : ''
  return { channels, event: name, data }
}

type Method = 'broadcastOn' | 'broadcastAs' | 'broadcastWith' | 'broadcastWhen'

function ask<M extends Method>(
  owner: string,
  event: BroadcastEvent,
  method: M,
): ReturnType<BroadcastEvent[M]> {
  if (typeof event?.[method] !== 'function') {
    throw new EventError(owner, `has no method ${method}(); broadcast() takes a BroadcastEvent`)
  }
  // Calling a method of the union gives the union of their results.
  const answer = event[method]() as ReturnType<BroadcastEvent[M]>
  if (!isPromise<unknown>(answer)) return answer
  ignoreRejection(answer)
  throw new EventError(
    owner,
    `${method}() returned a promise; it must be synchronous: wait before broadcast()`,
  )
}

function checkEventName(owner: string, name: unknown): string {
  if (typeof name !== 'string' || name === '' || name.length > maxEventName) {
    throw new EventError(
      owner,
      `the event name must be a string of 1 to ${maxEventName} characters; ` +
        'give the class a name, a static eventName, or a broadcastAs()',
    )
  }
  if (isReservedEvent(name)) throw new EventError(owner, `the event name "${name}" belongs to the protocol`)
  return name
}

function channelNames(owner: string, given: ChannelLike | readonly ChannelLike[]): string[] {
  const channels: readonly ChannelLike[] = Array.isArray(given) ? given : [given]
  return [...new Set(channels.map((channel) => channelName(owner, channel)))]
}

function channelName(owner: string, channel: ChannelLike): string {
  const name: unknown = typeof channel === 'string' ? channel : channel?.name
  if (typeof name !== 'string') {
    throw new EventError(owner, `broadcastOn() must return channels or names, not ${String(channel)}`)
  }
  return checkChannelName(name)
}
