import { WebSocket } from 'ws'
import { signChannel } from '../../src/protocol/signature.ts'
import { parseServerMessage, socketIdOf } from '../../src/testing/server-message.ts'
import { nodeCredentials } from './cluster-process.ts'
import { changeIn } from './observer.ts'

/** A client that does on a close what pusher-js does (protocol.md 1.8), and joins its channel again each time. */
export class ReturningClient {
  /** `disconnected` is final: pusher-js would not come back by itself. */
  state: 'connecting' | 'connected' | 'disconnected' = 'connecting'
  /** When its connections were closed, in milliseconds on the monotonic clock. */
  readonly closed: number[] = []
  /** What it has heard of members: `+7`, `-7`. */
  readonly members: string[] = []
  readonly #url: string
  readonly #channel: string
  readonly #userId: string | undefined
  #socket: WebSocket | undefined
  #timer: NodeJS.Timeout | undefined
  #ended = false

  constructor(port: number, channel: string, userId?: string) {
    this.#url = `ws://127.0.0.1:${port}/app/local?protocol=7&client=js`
    this.#channel = channel
    this.#userId = userId
    this.#connect()
  }

  end(): void {
    this.#ended = true
    clearTimeout(this.#timer)
    this.#socket?.terminate()
  }

  #connect(): void {
    const socket = new WebSocket(this.#url)
    this.#socket = socket
    socket.on('message', (bytes) => this.#heard(socket, String(bytes)))
    socket.on('error', () => {})
    socket.on('close', (code) => this.#closed(code))
  }

  #heard(socket: WebSocket, text: string): void {
    const message = parseServerMessage(text)
    if (message === undefined) return
    const socketId = message.event === 'pusher:connection_established' ? socketIdOf(message) : undefined
    if (socketId !== undefined) {
      const channel_data = this.#userId === undefined ? undefined : JSON.stringify({ user_id: this.#userId })
      const auth = signChannel(nodeCredentials, socketId, this.#channel, channel_data)
      socket.send(
        JSON.stringify({ event: 'pusher:subscribe', data: { channel: this.#channel, auth, channel_data } }),
      )
    }
    if (message.event === 'pusher_internal:subscription_succeeded') this.state = 'connected'
    const change = changeIn(message)
    if (change !== undefined) this.members.push(change)
  }

  #closed(code: number): void {
    if (this.#ended) return
    this.closed.push(performance.now())
    const isFinal = (code >= 4000 && code < 4100) || code >= 4300
    this.state = isFinal ? 'disconnected' : 'connecting'
    if (isFinal) return
    const delay = code >= 4200 ? 0 : 1000
    this.#timer = setTimeout(() => this.#connect(), delay)
  }
}
