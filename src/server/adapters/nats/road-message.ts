import type { NewEvent } from '../../cluster/broker.ts'
import type { NatsMessage } from './connection.ts'
import type { Numbered } from './in-order.ts'
import type { StoredMessage } from './jetstream.ts'

/** Positions are revisions, counted from the base of the stream at the time. */
type Fields = Pick<StoredMessage['headers'], 'get'>

/** A message that is kept: the event stands behind it. */
export function keptMessage(message: Buffer, event: NewEvent, base: number) {
  return {
    data: Buffer.concat([message, Buffer.from(JSON.stringify(event))]),
    fields: { Base: String(base), Length: String(message.length) },
  }
}

/** The event that stands behind a message. */
export function eventOf({ data, headers }: StoredMessage): NewEvent {
  // Written above.
  return JSON.parse(Buffer.from(data.subarray(lengthOf(headers))).toString()) as NewEvent
}

/** The position of a message that is kept under this revision. */
export function positionOf(headers: Fields, revision: number): number {
  return Number(headers.get('Base')) + revision
}

/** What a message on a road says: one that is kept has its position in it, and no event behind it. */
export function contentOf(message: NatsMessage): Buffer {
  const { data, headers } = message
  const content = Buffer.from(data.buffer, data.byteOffset, data.length)
  const at = numberOf(message)
  if (headers === undefined || at === undefined) return content
  const own = content.subarray(0, lengthOf(headers))
  own.writeBigUInt64BE(BigInt(at.number))
  return own
}

/** The position of a message on a road that is kept, and of the one that was kept before it. */
export function numberOf({ headers }: NatsMessage): Numbered | undefined {
  const revision = Number(headers?.get('Nats-Sequence') ?? 0)
  if (headers === undefined || revision === 0) return undefined
  const previous = Number(headers.get('Nats-Last-Sequence'))
  return {
    number: positionOf(headers, revision),
    previous: previous === 0 ? 0 : positionOf(headers, previous),
  }
}

function lengthOf(headers: Fields): number {
  return Number(headers.get('Length'))
}
