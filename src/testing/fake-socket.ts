import type { Socket } from '../server/transport.ts'
import type { Closed } from './protocol-client.ts'
import { parseServerMessage, type ServerMessage } from './server-message.ts'

/** A socket without a network: keeps what is written to it, and is as open and as full as a test says. */
export class FakeSocket implements Socket {
  /** Whether it takes what is written; false from `close` or `terminate` on. */
  open = true
  /** Bytes that the kernel has not taken, as the test says. */
  queued = 0
  /** The very bytes of each write, in order. */
  readonly writes: Buffer[] = []
  /** With what it was closed, by the server. */
  closed: Closed | undefined
  /** Whether it was destroyed. */
  terminated = false
  #taken = 0

  /** Keeps the bytes while it is open. */
  write(frames: Buffer): void {
    if (this.open) this.writes.push(frames)
  }

  /** Keeps with what it was closed, the first time. */
  close(code: number, reason: string): void {
    if (!this.open) return
    this.open = false
    this.closed = { code, reason }
  }

  /** Is destroyed at once. */
  terminate(): void {
    this.open = false
    this.terminated = true
  }

  /** Takes the messages that were written since the last time; pings are none. */
  take(): ServerMessage[] {
    const messages = this.writes.slice(this.#taken).flatMap((bytes) => [...messagesIn(bytes)])
    this.#taken = this.writes.length
    return messages
  }
}

/** The text messages among whole, unmasked frames (RFC 6455, 5.2). */
function* messagesIn(bytes: Buffer): Iterable<ServerMessage> {
  for (let start = 0; start < bytes.length; ) {
    const [payload, size] = payloadAt(bytes, start)
    const end = payload + size
    const isText = bytes.readUInt8(start) === 0x81
    const message = isText ? parseServerMessage(bytes.toString('utf8', payload, end)) : undefined
    if (message !== undefined) yield message
    start = end
  }
}

/** Where the payload of the whole, unmasked frame at `start` begins, and its size. */
export function payloadAt(bytes: Buffer, start: number): [payload: number, size: number] {
  const length = bytes.readUInt8(start + 1)
  if (length < 126) return [start + 2, length]
  if (length === 126) return [start + 4, bytes.readUInt16BE(start + 2)]
  return [start + 10, Number(bytes.readBigUInt64BE(start + 2))]
}
