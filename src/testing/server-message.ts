/** A message of the server as it stood on the wire; {@link payloadOf} decodes its `data`. */
export interface ServerMessage {
  /** Name of the event. */
  readonly event: string
  /** Of channel events. */
  readonly channel?: string
  /** A text that holds JSON, in all messages but `pusher:error`. */
  readonly data?: unknown
  /** The member who sent it; of client events on presence channels. */
  readonly user_id?: string
}

/** The message that a text holds, or `undefined` when it is no JSON object with a string `event`. */
export function parseServerMessage(text: string): ServerMessage | undefined {
  const message = parse(text)
  const valid = typeof message === 'object' && message !== null && 'event' in message
  // The decode boundary: the event has been checked, what else there is is for tests to assert.
  return valid && typeof message.event === 'string' ? (message as ServerMessage) : undefined
}

/** What a message carries: its `data`, decoded where it is a string that holds JSON. */
export function payloadOf({ data }: ServerMessage): unknown {
  if (typeof data !== 'string') return data
  const payload = parse(data)
  return payload === undefined ? data : payload
}

/** The socket id that `pusher:connection_established` carries. */
export function socketIdOf(message: ServerMessage): string | undefined {
  const payload = payloadOf(message)
  const known = typeof payload === 'object' && payload !== null && 'socket_id' in payload
  return known ? String(payload.socket_id) : undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
