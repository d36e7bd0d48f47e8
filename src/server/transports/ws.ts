import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Socket, SocketListener, Transport } from '../transport.ts'

/** Milliseconds that a peer has to answer a close frame. */
const closeTimeout = 5_000

/** Handshake and inbound frames by `ws`; outbound frames are written past it, straight to the stream. */
export class WsTransport implements Transport {
  // ws takes the size limit per server, so there is one for each limit in use.
  readonly #servers = new Map<number, WebSocketServer>()

  upgrade(
    request: IncomingMessage,
    stream: Duplex,
    head: Buffer,
    maxMessageSize: number,
    opened: (socket: Socket) => SocketListener,
  ): void {
    this.#serverFor(maxMessageSize).handleUpgrade(request, stream, head, (ws) => {
      listen(ws, opened(new WsSocket(ws, stream)))
    })
  }

  #serverFor(maxPayload: number): WebSocketServer {
    let server = this.#servers.get(maxPayload)
    if (server === undefined) {
      const options = { noServer: true, perMessageDeflate: false, clientTracking: false, closeTimeout }
      server = new WebSocketServer({ ...options, maxPayload })
      this.#servers.set(maxPayload, server)
    }
    return server
  }
}

function listen(ws: WebSocket, listener: SocketListener): void {
  ws.on('message', (data, isBinary) => {
    if (isBinary) listener.binary()
    else listener.text(String(data))
  })
  ws.on('ping', () => listener.control())
  ws.on('pong', () => listener.control())
  // ws closes by itself what breaks the protocol or a limit (1002, 1007, 1009); 'close' follows.
  ws.on('error', () => {})
  ws.on('close', () => listener.closed())
}

class WsSocket implements Socket {
  readonly #ws: WebSocket
  readonly #stream: Duplex

  constructor(ws: WebSocket, stream: Duplex) {
    this.#ws = ws
    this.#stream = stream
  }

  get open(): boolean {
    return this.#ws.readyState === this.#ws.OPEN && this.#stream.writable
  }

  get queued(): number {
    return this.#stream.writableLength
  }

  write(frames: Buffer): void {
    if (this.open) this.#stream.write(frames)
  }

  close(code: number, reason: string): void {
    this.#ws.close(code, reason)
  }

  terminate(): void {
    this.#ws.terminate()
  }
}
