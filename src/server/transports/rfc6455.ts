import type { IncomingMessage } from 'node:http'
import { Socket as NetSocket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Grace } from '../grace.ts'
import type { Socket, SocketListener, Transport } from '../transport.ts'
import { FrameParser, type FrameSink } from './frame-parser.ts'
import { answerHandshake } from './handshake.ts'

/** Milliseconds that a peer has to close its side too. */
const closeTimeout = 5_000

/** Bytes that a reason may have: a control frame holds 125, two of them are the code. */
const maxReason = 123

/** Pongs that may wait while the peer does not take what was written before; `ws` allows as many. */
const maxUnreadPongs = 60

const carried = Symbol('the socket on a stream')

/** A stream with the socket that it carries: its listeners are shared by all, and find the socket here. */
interface Carrier extends Duplex {
  [carried]?: Rfc6455Socket
}

/** WebSocket by itself: RFC 6455 without extensions, server side only; one timer for all that close. */
export class Rfc6455Transport implements Transport {
  readonly #closing = new Grace<Rfc6455Socket>(closeTimeout)

  upgrade(
    request: IncomingMessage,
    stream: Duplex,
    head: Buffer,
    maxMessageSize: number,
    opened: (socket: Socket) => SocketListener,
  ): void {
    // An error is followed by 'close', which is what counts.
    stream.on('error', ignore)
    const { accepted, response } = answerHandshake(request)
    if (!accepted) {
      stream.once('finish', destroy).end(response, 'latin1')
      return
    }
    // The client has gone before its handshake was looked at.
    if (!stream.readable || !stream.writable) {
      stream.destroy()
      return
    }
    stream.cork()
    stream.write(response, 'latin1')
    // What is written while `opened` runs, as the greeting is, goes out in the same write.
    new Rfc6455Socket(stream, maxMessageSize, this.#closing, opened).begin(head)
    stream.uncork()
  }
}

/** One connection after its handshake, and what its parser reports to. */
class Rfc6455Socket implements Socket, FrameSink {
  readonly #stream: Duplex
  readonly #closing: Grace<Rfc6455Socket>
  readonly #parser: FrameParser
  readonly #listener: SocketListener
  /** Whether neither side has sent a close frame or ended. */
  #open = true
  /** Pongs that wait behind what the peer does not take. */
  #unreadPongs = 0

  constructor(
    stream: Duplex,
    maxMessageSize: number,
    closing: Grace<Rfc6455Socket>,
    opened: (socket: Socket) => SocketListener,
  ) {
    this.#stream = stream
    this.#closing = closing
    this.#parser = new FrameParser(this, maxMessageSize)
    this.#listener = opened(this)
  }

  /** Listens to the stream; `head` came in with the handshake. */
  begin(head: Buffer): void {
    const stream: Carrier = this.#stream
    stream[carried] = this
    if (stream instanceof NetSocket) stream.setTimeout(0).setNoDelay()
    stream.on('close', onClose).on('end', onEnd)
    if (head.length > 0) this.receive(head)
    stream.on('data', onData)
  }

  get open(): boolean {
    return this.#open && this.#stream.writable
  }

  get queued(): number {
    return this.#stream.writableLength
  }

  write(frames: Buffer): void {
    if (this.open) this.#stream.write(frames)
  }

  close(code: number, reason: string): void {
    if (!this.open) return
    this.#stream.write(closeFrame(code, reason))
    this.#shut()
  }

  terminate(): void {
    this.#parser.stop()
    this.#stream.destroy()
  }

  /** Everything that is written while these bytes are handled goes out in one write. */
  receive(bytes: Buffer): void {
    this.#stream.cork()
    this.#parser.take(bytes)
    this.#stream.uncork()
  }

  text(message: string): void {
    if (this.#open) this.#listener.text(message)
  }

  binary(): void {
    if (this.#open) this.#listener.binary()
  }

  /** Answers; who pings on and on without reading is destroyed, so that nothing piles up. */
  ping(payload: Buffer): void {
    if (!this.open) return
    this.#unreadPongs = this.#stream.writableNeedDrain ? this.#unreadPongs + 1 : 0
    if (this.#unreadPongs > maxUnreadPongs) {
      this.terminate()
      return
    }
    this.#stream.write(controlFrame(0x8a, payload))
    this.#listener.control()
  }

  pong(): void {
    if (this.#open) this.#listener.control()
  }

  closing(code: number | undefined): void {
    if (this.open) this.#stream.write(code === undefined ? controlFrame(0x88, nothing) : closeFrame(code, ''))
    this.end()
  }

  violation(code: 1002 | 1007 | 1009): void {
    this.close(code, '')
    this.end()
  }

  /** Nothing more goes out: either side has ended, or both have said so. */
  end(): void {
    this.#parser.stop()
    this.#shut()
    if (this.#stream.writable) this.#stream.end()
  }

  /** The stream is gone. */
  gone(): void {
    this.#open = false
    this.#parser.stop()
    this.#closing.cancel(this)
    this.#listener.closed()
  }

  #shut(): void {
    this.#open = false
    this.#closing.hold(this, () => this.terminate())
  }
}

const nothing = Buffer.alloc(0)

function closeFrame(code: number, reason: string): Buffer {
  // From the pool: it is gone with the connection.
  const frame = Buffer.allocUnsafe(4 + maxReason)
  // Writes whole characters only.
  const size = 2 + frame.write(reason, 4, maxReason)
  frame[0] = 0x88
  frame[1] = size
  frame.writeUInt16BE(code, 2)
  return frame.subarray(0, 2 + size)
}

function controlFrame(first: number, payload: Buffer): Buffer {
  const frame = Buffer.allocUnsafeSlow(2 + payload.length)
  frame[0] = first
  frame[1] = payload.length
  frame.set(payload, 2)
  return frame
}

function onData(this: Carrier, chunk: Buffer): void {
  this[carried]?.receive(chunk)
}

function onEnd(this: Carrier): void {
  this[carried]?.end()
}

function onClose(this: Carrier): void {
  this[carried]?.gone()
}

function destroy(this: Duplex): void {
  this.destroy()
}

function ignore(): void {}
