import { type CloseCode, codes } from '../protocol/codes.ts'
import { error, type Member } from '../protocol/messages.ts'
import type { SocketId } from '../protocol/names.ts'
import type { App } from './apps/app.ts'
import type { Subscription } from './channels/subscription.ts'
import { encodeFrame, type Frame } from './frame.ts'
import type { Batch, Outbox, Recipient } from './outbox.ts'
import { RateLimiter, type RateLimits } from './rate-limiter.ts'
import type { Trace } from './trace.ts'
import type { Socket } from './transport.ts'

/** What a new connection is made of. */
export interface ConnectionParts {
  readonly socket: Socket
  readonly app: App
  readonly socketId: SocketId
  /** The `client` of its query: which library it is. */
  readonly client: string
  readonly shared: ConnectionShared
}

/** What all connections of a server have in common. */
export interface ConnectionShared {
  readonly outbox: Outbox
  readonly trace: Trace | undefined
  /** Called once per connection, when it is over for us: it must leave everything it joined. */
  readonly ended: (connection: Connection) => void
}

/** A user as the app's backend has signed it; `info` is the JSON text of `user_info`. */
export type SignedInUser = Member

/** A client on this node: one socket, one app, its subscriptions. */
export class Connection implements Recipient {
  readonly socket: Socket
  readonly socketId: SocketId
  readonly client: string
  /** Who signed in; set only by the sign-in handler. */
  user: SignedInUser | undefined
  /** Whether it has proved that it may sign in or join a private or presence channel (protocol.md 5.5). */
  authorized = false
  /** Bytes that are held until subscriptions are live, and characters of messages that wait for a sign-in. */
  heldBytes = 0
  /** Milliseconds on the monotonic clock. */
  readonly since: number
  /** What it has joined or is joining; changed only by the channel manager. */
  readonly subscriptions = new Map<string, Subscription>()
  /** Milliseconds on the monotonic clock: the last inbound frame, and the last ping. */
  lastSeen: number
  pingedAt = 0
  waiting: Batch | null = null
  first = false
  writtenTurn = 0
  writtenBytes = 0
  readonly #shared: ConnectionShared
  #app: App
  #limiter: RateLimiter
  #open = true

  constructor({ socket, app, socketId, client, shared }: ConnectionParts) {
    const now = performance.now()
    this.socket = socket
    this.socketId = socketId
    this.client = client
    this.since = now
    this.lastSeen = now
    this.#shared = shared
    this.#app = app
    this.#limiter = new RateLimiter(limitsOf(app))
  }

  get app(): App {
    return this.#app
  }

  get limiter(): RateLimiter {
    return this.#limiter
  }

  /** The app has changed: its secrets and limits count from now on; what the handshake has settled stays. */
  adopt(app: App): void {
    this.#app = app
    this.#limiter = new RateLimiter(limitsOf(app))
  }

  /** False from the moment either side ended it; nothing that arrives afterwards is handled. */
  get open(): boolean {
    return this.#open
  }

  /** Sends one message, behind everything it already waits for. */
  send(text: string): void {
    this.#shared.trace?.('out', this.socketId, text)
    this.sendFrame(encodeFrame(text))
  }

  /** Sends one frame, behind everything it already waits for. */
  sendFrame(frame: Frame): void {
    this.#shared.outbox.add(this, frame, true)
  }

  /** Writes what waits, says why (protocol.md 1.7) and closes; idempotent. */
  close(code: CloseCode, message: string = codes[code].text): void {
    if (!this.#open) return
    this.#open = false
    this.send(error(code, message))
    this.#shared.outbox.flush(this)
    this.socket.close(code, message)
    this.#shared.ended(this)
  }

  /** Closes with 4100; what waits is dropped, since the client did not even take what came before. */
  tooSlow(): void {
    if (!this.#open) return
    this.#open = false
    const message = 'Too slow: more waits for this connection than REVERB_SEND_BUFFER allows'
    this.socket.write(encodeFrame(error(4100, message)))
    this.socket.close(4100, message)
    // Later, because this happens in the middle of a delivery, and leaving tells others.
    queueMicrotask(() => this.#shared.ended(this))
  }

  /** The socket is gone; idempotent. */
  end(): void {
    if (!this.#open) return
    this.#open = false
    this.#shared.ended(this)
  }
}

const limitsOfApps = new WeakMap<App, RateLimits>()

/** The limits of the app's connections: one object for all of them. */
function limitsOf(app: App): RateLimits {
  let limits = limitsOfApps.get(app)
  if (limits === undefined) {
    const { messageRate, clientEventRate, maxChannelsPerConnection } = app
    // Clients subscribe to everything at once after a reconnect.
    const subscriptionBurst = 2 * (maxChannelsPerConnection || 200)
    const messageBurst = Math.max(messageRate, subscriptionBurst)
    const subscriptionRate = messageRate / 10
    limits = { messageRate, messageBurst, clientEventRate, subscriptionRate, subscriptionBurst }
    limitsOfApps.set(app, limits)
  }
  return limits
}
