import { AssertionError } from 'node:assert'
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { events } from '../protocol/events.ts'
import { kindOf } from '../protocol/names.ts'
import { type Credentials, signChannel, signUser } from '../protocol/signature.ts'
import { Inbox } from './inbox.ts'
import { parseServerMessage, type ServerMessage, socketIdOf } from './server-message.ts'

/** What a subscribe carries beside the channel; anything may be given, so that a server can be told nonsense. */
export interface SubscribeFields {
  /** Sent as `auth`. */
  readonly auth?: unknown
  /** Sent as `channel_data`. */
  readonly channelData?: unknown
}

/** How a connection ended. */
export interface Closed {
  /** Code of the close frame; 1006 without one. */
  readonly code: number
  /** Its text. */
  readonly reason: string
}

/** How a {@link ProtocolClient} connects and how patient it is. */
export interface ProtocolClientOptions {
  /**
   * Key and secret of the app: needed by `signed`, and by `join` on channels that ask for a signature.
   * @default none
   */
  credentials?: Credentials
  /** Headers of the handshake, such as `origin`. @default none */
  headers?: Record<string, string>
  /** Whether WebSocket pings of the server are answered. @default true */
  answerPings?: boolean
  /** Certificate in PEM of the authority that is trusted, for `wss`. @default those that Node trusts */
  ca?: string
  /** Seconds after which whatever is awaited counts as missing. @default 2 */
  timeout?: number
}

/**
 * A client that says exactly what a test tells it to and hands out, in order, everything the server says.
 * Nothing is skipped: a message that a test does not take is in the way of the next one.
 */
export class ProtocolClient {
  /** Resolves when the connection has ended, however it did. */
  readonly closed: Promise<Closed>
  readonly #socket: WebSocket
  readonly #inbox: Inbox<ServerMessage>
  readonly #credentials: Credentials | undefined
  readonly #timeout: number
  #socketId: string | undefined

  private constructor(url: string, options: ProtocolClientOptions) {
    const { credentials, headers, answerPings = true, ca, timeout = 2 } = options
    this.#credentials = credentials
    this.#timeout = timeout * 1000
    this.#inbox = new Inbox(this.#timeout)
    this.#socket = new WebSocket(url, { headers, autoPong: answerPings, ...(ca !== undefined && { ca }) })
    this.#socket.on('message', (bytes) => this.#receive(String(bytes)))
    this.#socket.on('error', (error) => this.#inbox.end(error))
    this.closed = new Promise((resolve) => {
      this.#socket.on('close', (code, bytes) => {
        const reason = String(bytes)
        this.#inbox.end(new AssertionError({ message: `The connection was closed with ${code} (${reason})` }))
        resolve({ code, reason })
      })
    })
  }

  /** Resolves after the handshake, with no message taken; rejects when the handshake is refused. */
  static async open(url: string, options: ProtocolClientOptions = {}): Promise<ProtocolClient> {
    const client = new ProtocolClient(url, options)
    await once(client.#socket, 'open')
    return client
  }

  /** Resolves when the server has established the connection; rejects with whatever it says instead. */
  static async connect(url: string, options: ProtocolClientOptions = {}): Promise<ProtocolClient> {
    const client = await ProtocolClient.open(url, options)
    await client.next(events.connectionEstablished)
    return client
  }

  /** The id that the server gave to this connection; throws before it did. */
  get socketId(): string {
    if (this.#socketId !== undefined) return this.#socketId
    throw new AssertionError({ message: 'The server has not established the connection' })
  }

  /** Sends an object as JSON, a string as a text message just as it stands, bytes as a binary message. */
  send(message: string | object | Uint8Array): void {
    const raw = typeof message === 'string' || message instanceof Uint8Array
    this.#socket.send(raw ? message : JSON.stringify(message))
  }

  /** Takes the next message; rejects when it is another event, when none comes in time, and after the close. */
  async next(event?: string): Promise<ServerMessage> {
    const message = await this.#inbox.take()
    if (event === undefined || message.event === event) return message
    const said = `Expected ${event}, but the server said ${JSON.stringify(message)}`
    throw new AssertionError({ message: said, actual: message.event, expected: event })
  }

  /** Takes everything up to the answer to a ping, without waiting for time to pass. */
  async rest(): Promise<ServerMessage[]> {
    this.send({ event: events.ping })
    const messages: ServerMessage[] = []
    for (;;) {
      const message = await this.next()
      if (message.event === events.pong) return messages
      messages.push(message)
    }
  }

  /**
   * Rejects when anything but the answer to a ping arrives. It proves that nothing follows from what this client
   * has sent; for what another client has sent, await the silence of that one first.
   */
  async silence(): Promise<void> {
    const messages = await this.rest()
    if (messages.length === 0) return
    const said = `Expected silence, but the server said ${JSON.stringify(messages)}`
    throw new AssertionError({ message: said, actual: messages, expected: [] })
  }

  /** Sends a subscribe with exactly these fields and takes the next message, whatever it is. */
  subscribe(channel: string, { auth, channelData }: SubscribeFields = {}): Promise<ServerMessage> {
    this.send({ event: events.subscribe, data: { auth, channel_data: channelData, channel } })
    return this.next()
  }

  /** Sends an unsubscribe, which the server does not answer. */
  unsubscribe(channel: string): void {
    this.send({ event: events.unsubscribe, data: { channel } })
  }

  /** The fields of a subscribe as an auth endpoint would sign them; a string as `member` is signed as it stands. */
  signed(channel: string, member?: unknown): { auth: string; channelData?: string } {
    if (this.#credentials === undefined) throw new TypeError('signed() needs the option "credentials"')
    if (member === undefined) return { auth: signChannel(this.#credentials, this.socketId, channel) }
    const channelData = typeof member === 'string' ? member : JSON.stringify(member)
    return { auth: signChannel(this.#credentials, this.socketId, channel, channelData), channelData }
  }

  /** Subscribes with whatever the channel asks for and takes the confirmation; rejects when there is none. */
  async join(channel: string, member?: unknown): Promise<ServerMessage> {
    const isPublic = kindOf(channel).access === 'public'
    const answer = await this.subscribe(channel, isPublic ? {} : this.signed(channel, member))
    if (answer.event === events.subscriptionSucceeded && answer.channel === channel) return answer
    const said = `Expected to join ${channel}, but the server said ${JSON.stringify(answer)}`
    throw new AssertionError({ message: said, actual: answer.event, expected: events.subscriptionSucceeded })
  }

  /**
   * Signs in as a user, signed as an auth endpoint would, and takes the next message, whatever it is; a string as `user`
   * is sent as it stands, and so is anything given as `auth`.
   */
  signin(user: unknown, auth?: unknown): Promise<ServerMessage> {
    if (this.#credentials === undefined) throw new TypeError('signin() needs the option "credentials"')
    const userData = typeof user === 'string' ? user : JSON.stringify(user)
    const proof = auth === undefined ? signUser(this.#credentials, this.socketId, userData) : auth
    this.send({ event: events.signin, data: { auth: proof, user_data: userData } })
    return this.next()
  }

  /** Sends a WebSocket ping and resolves with its pong. */
  async ping(): Promise<void> {
    this.#socket.ping()
    await this.#heard('pong')
  }

  /** Resolves with the next WebSocket ping of the server. */
  pinged(): Promise<void> {
    return this.#heard('ping')
  }

  /** Stops reading from the socket, so that the server cannot get rid of what it sends. */
  pause(): void {
    this.#socket.pause()
  }

  /** Reads on after `pause`. */
  resume(): void {
    this.#socket.resume()
  }

  /** Closes the connection and resolves when the server has agreed. */
  close(): Promise<Closed> {
    this.#socket.close()
    return this.closed
  }

  /** Drops the connection without a goodbye. */
  terminate(): void {
    this.#socket.terminate()
  }

  async #heard(frame: 'ping' | 'pong'): Promise<void> {
    const timeout = AbortSignal.timeout(this.#timeout)
    try {
      await once(this.#socket, frame, { signal: timeout })
    } catch (error) {
      if (!timeout.aborted) throw error
      throw new AssertionError({ message: `The server sent no ${frame} within ${this.#timeout} ms` })
    }
  }

  #receive(text: string): void {
    const message = parseServerMessage(text)
    if (message === undefined) {
      const said = `The server said something that is no message with a string "event": ${text}`
      this.#inbox.end(new AssertionError({ message: said }))
      return
    }
    if (message.event === events.connectionEstablished) this.#socketId = socketIdOf(message)
    this.#inbox.put(message)
  }
}
