import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { connect, type Socket as NetSocket } from 'node:net'
import type { Socket, SocketListener, Transport } from '../server/transport.ts'
import { Inbox } from './inbox.ts'

/** How a {@link Wire} is opened. */
export interface WireOptions {
  /** Headers of the handshake that differ from a good one; one that is undefined is left out. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  /** @default 'GET' */
  readonly method?: string
  /** Bytes that leave in one packet with the handshake. */
  readonly behind?: Buffer
  /** In bytes. @default 1000 */
  readonly maxMessageSize?: number
  /** What is done with the socket before anything else. */
  readonly opened?: (socket: Socket) => void
}

/** A frame as the server has sent it: its first byte (FIN, reserved bits, opcode) and its payload. */
export interface WireFrame {
  readonly first: number
  readonly payload: Buffer
}

/** Milliseconds after which what does not come will not come. */
const patience = 10_000

const goodHeaders = {
  host: '127.0.0.1',
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version': '13',
}

/** Both ends of one upgrade: a peer that says bytes, and what the transport makes of them. */
export class Wire {
  readonly peer: NetSocket
  /** The response to the handshake, without a body. */
  response = ''
  /** Resolves when the server has ended its side, in whatever way. */
  readonly ended: Promise<void>
  readonly #http: Server
  readonly #frames = new Inbox<WireFrame>(patience)
  readonly #heard: string[] = []
  readonly #events = new EventEmitter()
  #bytes = Buffer.alloc(0)
  #socket: Socket | undefined

  /** Starts a server with the transport, connects to it and resolves when the handshake is answered. */
  static async open(transport: Transport, options: WireOptions = {}): Promise<Wire> {
    const http = createServer().listen(0, '127.0.0.1')
    await once(http, 'listening')
    const address = http.address()
    assert(address !== null && typeof address === 'object')
    const wire = new Wire(http, connect({ port: address.port, host: '127.0.0.1', allowHalfOpen: true }))
    const { method = 'GET', headers = {}, behind = Buffer.alloc(0), maxMessageSize = 1000 } = options
    http.on('upgrade', (request, stream, head) => {
      transport.upgrade(request, stream, head, maxMessageSize, (socket) => {
        wire.#socket = socket
        options.opened?.(socket)
        return wire.#listener()
      })
    })
    const fields = Object.entries({ ...goodHeaders, ...headers }).filter(([, value]) => value !== undefined)
    const lines = [`${method} / HTTP/1.1`, ...fields.map(([name, value]) => `${name}: ${value}`), '\r\n']
    wire.peer.write(Buffer.concat([Buffer.from(lines.join('\r\n')), behind]))
    await Promise.race([wire.#happened('answered'), wire.ended])
    return wire
  }

  private constructor(http: Server, peer: NetSocket) {
    this.#http = http
    this.peer = peer
    this.ended = new Promise((resolve) => {
      peer.on('error', () => {})
      peer.once('end', resolve).once('close', () => resolve())
    })
    void this.ended.then(() => this.#frames.end(new Error('The server has ended')))
    peer.on('data', (chunk) => this.#take(chunk))
  }

  /** Whether the transport has opened a socket. */
  get opened(): boolean {
    return this.#socket !== undefined
  }

  /** The server's end. */
  get socket(): Socket {
    assert(this.#socket, 'The transport has opened no socket')
    return this.#socket
  }

  /** What the listener has heard: `text …`, `binary`, `control`, `closed`. */
  get heard(): readonly string[] {
    return this.#heard
  }

  /** Writes bytes as the peer. */
  say(...parts: Buffer[]): void {
    this.peer.write(Buffer.concat(parts))
  }

  /** The next frame of the server; rejects when there is none before its end. */
  frame(): Promise<WireFrame> {
    return this.#frames.take()
  }

  /** Rejects unless the next frame of the server is a close frame with this code, or with none; resolves to its reason. */
  async closeFrame(code?: number): Promise<string> {
    const { first, payload } = await this.frame()
    assert.equal(first, 0x88)
    assert.equal(payload.length === 0 ? undefined : payload.readUInt16BE(0), code)
    return payload.toString('utf8', 2)
  }

  /** Rejects unless the listener has heard exactly this, since the beginning and until it has heard as much. */
  async hears(...expected: string[]): Promise<void> {
    while (this.#heard.length < expected.length) await this.#happened('heard')
    assert.deepEqual(this.#heard, expected)
  }

  /** Resolves when the listener has heard of the end; rejects when that was not the last it heard. */
  async closed(): Promise<void> {
    while (!this.#heard.includes('closed')) await this.#happened('heard')
    await new Promise(setImmediate)
    assert.equal(this.#heard.indexOf('closed'), this.#heard.length - 1)
  }

  /** Ends both sides. */
  close(): void {
    this.peer.destroy()
    this.#http.close()
    this.#http.closeAllConnections()
  }

  #listener(): SocketListener {
    const hear = (what: string) => {
      this.#heard.push(what)
      this.#events.emit('heard')
    }
    return {
      text: (message) => hear(`text ${message}`),
      binary: () => hear('binary'),
      control: () => hear('control'),
      closed: () => hear('closed'),
    }
  }

  async #happened(event: 'answered' | 'heard'): Promise<void> {
    await once(this.#events, event, { signal: AbortSignal.timeout(patience) })
  }

  #take(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk])
    if (this.response === '') this.#takeResponse()
    if (!this.response.startsWith('HTTP/1.1 101 ')) return
    for (let size = frameSize(this.#bytes); size <= this.#bytes.length; size = frameSize(this.#bytes)) {
      this.#frames.put({
        first: this.#bytes.readUInt8(0),
        payload: this.#bytes.subarray(headerSize(this.#bytes), size),
      })
      this.#bytes = this.#bytes.subarray(size)
    }
  }

  #takeResponse(): void {
    const end = this.#bytes.indexOf('\r\n\r\n')
    if (end < 0) return
    this.response = this.#bytes.toString('latin1', 0, end + 4)
    this.#bytes = this.#bytes.subarray(end + 4)
    this.#events.emit('answered')
  }
}

/** The size of the unmasked frame that begins these bytes; infinite while that is unknown. */
function frameSize(bytes: Buffer): number {
  if (bytes.length < 2 || bytes.length < headerSize(bytes)) return Number.POSITIVE_INFINITY
  const length = bytes.readUInt8(1)
  if (length < 126) return 2 + length
  return length === 126 ? 4 + bytes.readUInt16BE(2) : 10 + Number(bytes.readBigUInt64BE(2))
}

function headerSize(bytes: Buffer): number {
  const length = bytes.readUInt8(1)
  return length < 126 ? 2 : length === 126 ? 4 : 10
}
