import { asObject, type JsonObject, parseObject } from '../support/json.ts'
import { PusherError } from './errors.ts'
import { events, isClientEvent } from './events.ts'

/** One of the seven things a client can say; channel names are not vouched for yet. */
export type ClientMessage =
  | {
      readonly event: 'subscribe'
      readonly channel: string
      readonly auth: unknown
      readonly channelData: unknown
    }
  | { readonly event: 'unsubscribe'; readonly channel: string }
  | { readonly event: 'client-event'; readonly name: string; readonly channel: string; readonly data: string }
  | { readonly event: 'signin'; readonly auth: unknown; readonly userData: unknown }
  | { readonly event: 'ping' }
  | { readonly event: 'pong' }
  | { readonly event: 'resume' }

const ping: ClientMessage = { event: 'ping' }
const pong: ClientMessage = { event: 'pong' }
const resume: ClientMessage = { event: 'resume' }

/** Decodes one text message (protocol.md 1.4, 2.3, 3). Throws a {@link PusherError} with code null for anything else. */
export function decode(text: string): ClientMessage {
  const message = parseObject(text)
  if (message === undefined) throw new PusherError(null, 'Message is not a JSON object')
  const { event, data, channel } = message
  if (typeof event !== 'string') throw new PusherError(null, 'Message has no string "event"')
  switch (event) {
    case events.subscribe: {
      const fields = fieldsOf(event, data)
      return {
        event: 'subscribe',
        channel: channelOf(event, fields['channel']),
        auth: fields['auth'],
        channelData: fields['channel_data'] ?? undefined,
      }
    }
    case events.unsubscribe:
      return { event: 'unsubscribe', channel: channelOf(event, fieldsOf(event, data)['channel']) }
    case events.signin: {
      const fields = fieldsOf(event, data)
      return { event: 'signin', auth: fields['auth'], userData: fields['user_data'] }
    }
    case events.ping:
      return ping
    case events.pong:
      return pong
    case events.resume:
      return resume
  }
  if (!isClientEvent(event)) throw new PusherError(null, `Unknown event "${clip(event)}"`)
  return { event: 'client-event', name: event, channel: channelOf(event, channel), data: textOf(data) }
}

/** The fields of a `pusher:` event: an object, or a string that holds one. */
function fieldsOf(event: string, data: unknown): JsonObject {
  const fields = typeof data === 'string' ? parseObject(data) : asObject(data)
  if (fields === undefined) throw new PusherError(null, `"data" of ${event} is not an object`)
  return fields
}

function channelOf(event: string, channel: unknown): string {
  if (typeof channel === 'string') return channel
  throw new PusherError(null, `${clip(event)} names no channel`)
}

/** `data` of a client event as it is passed on: a string as it stands, else its JSON, absent as `null` (protocol.md 3). */
function textOf(data: unknown): string {
  if (typeof data === 'string') return data
  try {
    return JSON.stringify(data ?? null)
  } catch {
    // What JSON.parse accepted can still be nested too deeply for JSON.stringify.
    throw new PusherError(null, '"data" is nested too deeply')
  }
}

/** Text of a client's own, short enough to be sent back. */
function clip(text: string): string {
  return text.length <= 64 ? text : `${text.slice(0, 64)}…`
}
