import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/** The raw socket of one client, made by a {@link Transport}. Nothing it does throws. */
export interface Socket {
  /** Whether bytes may still be written: false from the first close frame or end of either side on. */
  readonly open: boolean
  /** Bytes that were written and that the kernel has not taken yet. */
  readonly queued: number
  /** Writes whole WebSocket frames; after the end they vanish. The bytes are shared: the transport never changes them. */
  write(frames: Buffer): void
  /** Sends a close frame behind what was written; destroys the socket when the peer does not answer in 5 s. */
  close(code: number, reason: string): void
  /** Destroys the socket at once. */
  terminate(): void
}

/** What a {@link Transport} reports about a socket. Called in the order things arrive, never after `closed`. */
export interface SocketListener {
  text(message: string): void
  /** A binary message; its content is of no interest. */
  binary(): void
  /** A ping or pong arrived; the transport has answered the ping by itself. */
  control(): void
  /** Called exactly once, whatever the cause. */
  closed(): void
}

/** Makes sockets out of upgrade requests. */
export interface Transport {
  /**
   * Completes the handshake, then calls `opened`, which returns who listens; answers a malformed handshake with 400
   * by itself and calls nothing. `maxMessageSize` in bytes; a larger message closes the socket with 1009.
   */
  upgrade(
    request: IncomingMessage,
    stream: Duplex,
    head: Buffer,
    maxMessageSize: number,
    opened: (socket: Socket) => SocketListener,
  ): void
}
