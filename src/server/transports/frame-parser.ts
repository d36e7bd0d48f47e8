import { isUtf8 } from 'node:buffer'

/** What a {@link FrameParser} finds in the bytes of a client, reported in their order. */
export interface FrameSink {
  text(message: string): void
  /** A binary message; its bytes are not kept. */
  binary(): void
  /** The payload is a view into bytes that may change afterwards. */
  ping(payload: Buffer): void
  pong(): void
  /** A close frame, with its code if it has one. Nothing follows. */
  closing(code: number | undefined): void
  /** The client has broken the protocol or the size limit: what to close with. Nothing follows. */
  violation(code: 1002 | 1007 | 1009): void
}

const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 }
const nothing = Buffer.alloc(0)

/** Bytes of the first buffer for a message that does not arrive in one piece. */
const firstRoom = 512

/**
 * Takes the bytes of one client, cut anywhere, and finds the messages in them (RFC 6455, 5 to 8). Masks are undone in the
 * bytes themselves. An unfinished message takes at most twice as many bytes as have arrived of it, and 512 at first.
 */
export class FrameParser {
  readonly #sink: FrameSink
  readonly #maxMessageSize: number
  #done = false
  /** An unfinished header or control frame, at most 130 bytes. */
  #rest = nothing
  /** The data frame under way: bytes that it still lacks, its mask as turned for the next of them, and its FIN. */
  #missing = 0
  #mask = 0
  #final = false
  /** The message under way: its opcode, 0 while there is none, its size so far and, of a text, its bytes. */
  #opcode = opcodes.continuation
  #size = 0
  #message = nothing

  /** `maxMessageSize` in bytes, over all fragments. */
  constructor(sink: FrameSink, maxMessageSize: number) {
    this.#sink = sink
    this.#maxMessageSize = maxMessageSize
  }

  /** Takes the next bytes and changes them; ignores them after a close frame or a violation. */
  take(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    this.#rest = nothing
    for (let at = 0; at < bytes.length && !this.#done; ) {
      at = this.#missing > 0 ? this.#continue(bytes, at) : this.#begin(bytes, at)
    }
  }

  /** Takes nothing more: the connection is over. */
  stop(): void {
    this.#done = true
    this.#message = nothing
  }

  /** Reads the frame that begins at `at`, as far as it is there; returns where to go on. */
  #begin(bytes: Buffer, at: number): number {
    const there = bytes.length - at
    if (there < 2) return this.#wait(bytes, at)
    const first = bytes.readUInt8(at)
    const second = bytes.readUInt8(at + 1)
    if (!this.#isValid(first, second)) return this.#violate(1002)
    const length = second & 0x7f
    const header = length < 126 ? 6 : length === 126 ? 8 : 14
    if (there < header) return this.#wait(bytes, at)
    const size = length < 126 ? length : sizeAt(bytes, at, length)
    const start = at + header
    const mask = bytes.readUInt32BE(start - 4)
    if (isControl(first)) {
      if (there < header + size) return this.#wait(bytes, at)
      unmask(bytes, start, start + size, mask)
      this.#control(first & 0x0f, bytes.subarray(start, start + size))
      return start + size
    }
    if (this.#size + size > this.#maxMessageSize) return this.#violate(1009)
    const opcode = first & 0x0f
    if (opcode !== opcodes.continuation) this.#opcode = opcode
    this.#final = first >= 0x80
    this.#mask = mask
    this.#missing = size
    return this.#continue(bytes, start)
  }

  /** Whether a frame may begin so here: no reserved bit or opcode, masked, in a sequence that makes sense. */
  #isValid(first: number, second: number): boolean {
    const opcode = first & 0x0f
    if ((first & 0x70) !== 0 || second < 0x80) return false
    if (isControl(first)) return opcode <= opcodes.pong && first >= 0x80 && (second & 0x7f) < 126
    if (opcode === opcodes.continuation) return this.#opcode !== opcodes.continuation
    return opcode <= opcodes.binary && this.#opcode === opcodes.continuation
  }

  /** Takes what is there of a data frame's payload. */
  #continue(bytes: Buffer, start: number): number {
    const end = Math.min(bytes.length, start + this.#missing)
    this.#missing -= end - start
    const whole = this.#missing === 0 && this.#final
    if (this.#opcode === opcodes.binary) {
      this.#size += end - start
      if (whole) this.#finish(nothing, 0, 0)
      return end
    }
    unmask(bytes, start, end, this.#mask)
    if (whole && this.#size === 0) {
      this.#finish(bytes, start, end)
      return end
    }
    this.#mask = turned(this.#mask, end - start)
    this.#keep(bytes, start, end)
    if (whole) this.#finish(this.#message, 0, this.#size)
    return end
  }

  /** Appends to the message under way, whose buffer doubles as it fills. */
  #keep(bytes: Buffer, start: number, end: number): void {
    const size = this.#size + end - start
    if (size > this.#message.length) {
      const room = Math.min(Math.max(2 * size, firstRoom), this.#maxMessageSize)
      const message = Buffer.allocUnsafeSlow(room)
      this.#message.copy(message, 0, 0, this.#size)
      this.#message = message
    }
    bytes.copy(this.#message, this.#size, start, end)
    this.#size = size
  }

  #finish(bytes: Buffer, start: number, end: number): void {
    const opcode = this.#opcode
    this.#opcode = opcodes.continuation
    this.#size = 0
    this.#message = nothing
    if (opcode === opcodes.binary) {
      this.#sink.binary()
      return
    }
    const text = bytes.toString('utf8', start, end)
    // What is not UTF-8 is decoded to U+FFFD, so only a text that has one needs to be looked at.
    if (text.includes('\ufffd') && !isUtf8(bytes.subarray(start, end))) this.#violate(1007)
    else this.#sink.text(text)
  }

  #control(opcode: number, payload: Buffer): void {
    if (opcode === opcodes.ping) this.#sink.ping(payload)
    else if (opcode === opcodes.pong) this.#sink.pong()
    else this.#close(payload)
  }

  #close(payload: Buffer): void {
    const code = payload.length < 2 ? undefined : payload.readUInt16BE(0)
    if (payload.length === 1 || (code !== undefined && !isCloseCode(code))) this.#violate(1002)
    else if (!isUtf8(payload.subarray(2))) this.#violate(1007)
    else {
      this.stop()
      this.#sink.closing(code)
    }
  }

  /** Keeps a copy of what is there: as a view it would hold all bytes that came with it. */
  #wait(bytes: Buffer, at: number): number {
    this.#rest = Buffer.allocUnsafeSlow(bytes.length - at)
    bytes.copy(this.#rest, 0, at)
    return bytes.length
  }

  #violate(code: 1002 | 1007 | 1009): number {
    this.stop()
    this.#sink.violation(code)
    return Number.POSITIVE_INFINITY
  }
}

function isControl(first: number): boolean {
  return (first & 0x08) !== 0
}

/** The length that stands behind the first two bytes; one above 2^53 is no exact number, and above every limit. */
function sizeAt(bytes: Buffer, at: number, length: number): number {
  if (length === 126) return bytes.readUInt16BE(at + 2)
  return bytes.readUInt32BE(at + 2) * 0x1_0000_0000 + bytes.readUInt32BE(at + 6)
}

/** Codes that may stand in a close frame (RFC 6455, 7.4, and the registry it makes). */
function isCloseCode(code: number): boolean {
  if (code >= 3000) return code < 5000
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006
}

/** Four bytes a round: half the time of one. */
function unmask(bytes: Buffer, start: number, end: number, mask: number): void {
  const first = mask >>> 24
  const second = mask >>> 16
  const third = mask >>> 8
  let at = start
  for (; at + 3 < end; at += 4) {
    bytes[at] = (bytes[at] ?? 0) ^ first
    bytes[at + 1] = (bytes[at + 1] ?? 0) ^ second
    bytes[at + 2] = (bytes[at + 2] ?? 0) ^ third
    bytes[at + 3] = (bytes[at + 3] ?? 0) ^ mask
  }
  for (let shift = 24; at < end; at++, shift -= 8) bytes[at] = (bytes[at] ?? 0) ^ (mask >>> shift)
}

/** The mask as it stands after so many bytes. */
function turned(mask: number, bytes: number): number {
  const bits = (bytes % 4) * 8
  return (mask << bits) | (mask >>> (32 - bits))
}
