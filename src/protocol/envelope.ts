// What nodes send one another: a header, then a WebSocket frame that is encoded already, or JSON. All nodes of a cluster
// run the same version, or one that knows the same layout; others are told apart by the first byte after the position.
//
//   0  position, unsigned, network order; 0 unless the log keeps the event (the broker writes it)
//   8  layout, now 1
//   9  kind: 1 an event, 2 a control message
//  10  length of the sender's id, then the id
//   …  length of the excepted socket id, then the id
//   …  the frame, or the JSON

const layout = 1
const kinds = { event: 1, control: 2 } as const
const header = 11

/** A message between nodes; `body` is a frame, or the JSON of a control message. */
export interface Envelope {
  readonly kind: keyof typeof kinds
  /** Id of the node that sent it: 1 to 255 bytes. */
  readonly sender: string
  /** Id of the socket that does not get the event; empty when there is none. */
  readonly except: string
  readonly body: Buffer
}

/** Writes an envelope, its position 0. */
export function writeEnvelope({ kind, sender, except, body }: Envelope): Buffer {
  const senderSize = Buffer.byteLength(sender)
  const exceptSize = Buffer.byteLength(except)
  const bytes = Buffer.allocUnsafe(header + senderSize + 1 + exceptSize + body.length)
  bytes.fill(0, 0, 8)
  bytes[8] = layout
  bytes[9] = kinds[kind]
  bytes[10] = senderSize
  bytes.write(sender, header)
  bytes[header + senderSize] = exceptSize
  bytes.write(except, header + senderSize + 1)
  bytes.set(body, header + senderSize + 1 + exceptSize)
  return bytes
}

/** Reads an envelope; undefined when it is none. The body shares the memory of the bytes. */
export function readEnvelope(bytes: Buffer): (Envelope & { readonly position: number }) | undefined {
  const kind = bytes[9] === kinds.event ? 'event' : bytes[9] === kinds.control ? 'control' : undefined
  if (bytes[8] !== layout || kind === undefined) return undefined
  const senderEnd = header + (bytes[10] ?? 0)
  const exceptEnd = senderEnd + 1 + (bytes[senderEnd] ?? 0)
  if (senderEnd >= bytes.length || exceptEnd > bytes.length) return undefined
  return {
    kind,
    position: Number(bytes.readBigUInt64BE(0)),
    sender: bytes.toString('utf8', header, senderEnd),
    except: bytes.toString('utf8', senderEnd + 1, exceptEnd),
    body: bytes.subarray(exceptEnd),
  }
}
