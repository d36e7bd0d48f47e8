import { isReservedEvent } from '../protocol/events.ts'
import {
  type ChannelName,
  maxEventName,
  parseChannelName,
  parseSocketId,
  type SocketId,
} from '../protocol/names.ts'
import { listed } from '../support/listed.ts'
import type { App } from './apps/app.ts'
import { RefusedError } from './errors.ts'

/** Vouches for the channels (each once), the name and the size of what a backend publishes; throws a {@link RefusedError}. */
export function checkPublishable(
  app: App,
  name: string,
  given: readonly string[],
  data: string,
): readonly ChannelName[] {
  const channels = [...new Set(given)]
  if (name === '' || name.length > maxEventName) {
    throw new RefusedError(400, `An event name has 1 to ${maxEventName} characters`)
  }
  if (isReservedEvent(name)) {
    throw new RefusedError(
      400,
      `Event names that begin with pusher: or pusher_internal: are reserved: "${name}"`,
    )
  }
  if (channels.length === 0 || channels.length > app.maxChannelsPerEvent) {
    throw new RefusedError(
      400,
      `An event goes to 1 to ${app.maxChannelsPerEvent} channels, not ${channels.length}`,
    )
  }
  const names = channels.map((channel) => checkChannel(app, channel))
  if (typeof data !== 'string') throw new RefusedError(400, 'The data of an event is a text, JSON as a rule')
  const size = Buffer.byteLength(data)
  if (size > app.maxEventSize) {
    throw new RefusedError(
      413,
      `The data of an event has at most ${app.maxEventSize} bytes (REVERB_MAX_EVENT_SIZE, or maxEventSize of the app); ` +
        `"${name}" on ${listed(names)} has ${size}`,
    )
  }
  return names
}

/** Vouches for a channel name; throws a {@link RefusedError} with status 400. */
export function checkChannel(app: App, channel: string): ChannelName {
  const name = parseChannelName(channel, app.maxChannelName)
  if (name !== undefined) return name
  throw new RefusedError(400, `"${channel.slice(0, app.maxChannelName)}" is not a channel name`)
}

/** Vouches for a socket id; throws a {@link RefusedError} with status 400. */
export function checkSocketId(id: string): SocketId {
  const socketId = parseSocketId(id)
  if (socketId !== undefined) return socketId
  throw new RefusedError(400, `"${id.slice(0, 64)}" is not a socket id: digits, a dot, digits`)
}
