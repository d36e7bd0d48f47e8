import { type ClientMessage, decode } from '../protocol/decode.ts'
import { PusherError, SubscriptionError } from '../protocol/errors.ts'
import { error, pong } from '../protocol/messages.ts'
import { kindOf } from '../protocol/names.ts'
import { type Awaitable, isPromise } from '../support/awaitable.ts'
import { messageOf } from '../support/errors.ts'
import type { Logger } from '../support/logger.ts'
import type { Connection } from './connection.ts'
import { encodeFrame } from './frame.ts'
import type { createClientEvent } from './handlers/client-event.ts'
import type { Leave } from './handlers/leave.ts'
import { refuseSubscription } from './handlers/refuse-subscription.ts'
import type { Signin } from './handlers/signin.ts'
import type { createSubscribe } from './handlers/subscribe.ts'
import type { Metrics } from './metrics.ts'
import type { Trace } from './trace.ts'

const pongFrame = encodeFrame(pong)

interface ReceiveParts {
  readonly subscribe: ReturnType<typeof createSubscribe>
  readonly leave: Leave
  readonly signin: Signin
  readonly clientEvent: ReturnType<typeof createClientEvent>
  /** Bytes that may wait for one connection. */
  readonly sendBuffer: number
  readonly metrics: Metrics
  readonly logger: Logger
  readonly trace: Trace | undefined
}

/** Takes one message of a client: a text, or `null` for a binary one. Never throws, never rejects. */
export type Receive = (connection: Connection, text: string | null) => void

/** The door in: limit → decode → handler; whatever goes wrong becomes one message to that client, here. */
export function createReceive({
  subscribe,
  leave,
  signin,
  clientEvent,
  sendBuffer,
  metrics,
  logger,
  trace,
}: ReceiveParts): Receive {
  return function receive(connection, text) {
    if (!connection.open) return
    connection.lastSeen = performance.now()
    metrics.messagesReceived++
    let message: ClientMessage | undefined
    try {
      if (!admit(connection)) return
      if (text === null) throw new PusherError(null, 'Binary messages are not supported')
      trace?.('in', connection.socketId, text)
      message = decode(text)
      const pending = handle(connection, message, text.length)
      if (isPromise(pending)) void settle(connection, message, pending)
    } catch (thrown) {
      refuse(connection, message, thrown)
    }
  }

  function admit(connection: Connection): boolean {
    const verdict = connection.limiter.message(connection.lastSeen)
    if (verdict === 'take') return true
    const { messageRate } = connection.app
    if (verdict === 'drop') throw new PusherError(4301, `At most ${messageRate} messages per second`)
    metrics.messagesRefused++
    connection.close(4100, 'Too many messages for ten seconds')
    return false
  }

  function handle(connection: Connection, message: ClientMessage, size: number): Awaitable<unknown> {
    switch (message.event) {
      case 'subscribe':
        return inOrder(connection, message.channel, size, () => subscribe(connection, message))
      case 'unsubscribe':
        return inOrder(connection, message.channel, size, () => leave.one(connection, message.channel))
      case 'client-event':
        return clientEvent(connection, message)
      case 'signin':
        return signin.handle(connection, message)
      case 'ping':
        connection.sendFrame(pongFrame)
        return undefined
      case 'pong':
      case 'resume':
        return undefined
    }
  }

  /**
   * Who has signed in matters to its own channel and to presence channels: whatever is said of these waits for a sign-in
   * that is under way, so that none of it overtakes the rest.
   */
  function inOrder(
    connection: Connection,
    channel: string,
    size: number,
    run: () => Awaitable<void>,
  ): Awaitable<void> {
    const signingIn = signin.underWay(connection)
    if (signingIn === undefined) return run()
    const { access } = kindOf(channel)
    return access === 'user' || access === 'presence' ? runAfter(signingIn, connection, size, run) : run()
  }

  /** What waits is bounded like what is held for the client. */
  async function runAfter(
    signingIn: Promise<void>,
    connection: Connection,
    size: number,
    run: () => Awaitable<void>,
  ): Promise<void> {
    connection.heldBytes += size
    if (connection.heldBytes > sendBuffer) {
      metrics.messagesRefused++
      connection.close(4100, 'Too much waits for the sign-in')
    }
    await signingIn
    connection.heldBytes -= size
    if (connection.open) await run()
  }

  async function settle(connection: Connection, message: ClientMessage, pending: PromiseLike<unknown>) {
    try {
      await pending
    } catch (thrown) {
      refuse(connection, message, thrown)
    }
  }

  function refuse(connection: Connection, message: ClientMessage | undefined, thrown: unknown): void {
    metrics.messagesRefused++
    if (thrown instanceof PusherError) sendError(connection, thrown)
    else if (thrown instanceof SubscriptionError) sendSubscriptionError(connection, thrown)
    else fail(connection, message, thrown)
  }

  function fail(connection: Connection, message: ClientMessage | undefined, thrown: unknown): void {
    metrics.handlerFailures++
    logger.error(`Handling ${message?.event ?? 'a message'} failed: ${messageOf(thrown)}`)
    if (message?.event === 'subscribe') {
      // The client may have left meanwhile and joined again.
      if (connection.subscriptions.has(message.channel)) return
      const failed = new SubscriptionError('internal', 'Subscribing failed on the server', message.channel)
      sendSubscriptionError(connection, failed)
    } else if (message?.event === 'signin') {
      sendError(connection, new PusherError(4009, 'Signing in failed on the server'))
    }
  }

  function sendError(connection: Connection, { pusherCode, message, channel }: PusherError): void {
    if (!connection.limiter.mistake(performance.now())) {
      metrics.answersSuppressed++
      return
    }
    // The channel is the client's own text, which may be as long as a message.
    connection.send(error(pusherCode, message, channel?.slice(0, connection.app.maxChannelName)))
  }

  function sendSubscriptionError(connection: Connection, refusal: SubscriptionError): void {
    metrics.subscriptionsRefused++
    refuseSubscription(connection, refusal)
  }
}
