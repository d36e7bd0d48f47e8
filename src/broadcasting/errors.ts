import { maxUserId } from '../protocol/names.ts'
import { BroadcastingError, messageOf } from '../support/errors.ts'
import type { BroadcastReceipt } from './receipt.ts'

/** A channel name that the protocol does not allow, or that does not fit the class it was given to. */
export class ChannelNameError extends BroadcastingError {
  constructor(message: string) {
    super('ERR_BROADCAST_CHANNEL_NAME', message)
  }
}

/** A channel rule that cannot be meant as it is written: its pattern, its options, or what stands for the rule. */
export class ChannelPatternError extends BroadcastingError {
  constructor(pattern: string, message: string) {
    super('ERR_BROADCAST_CHANNEL_PATTERN', `Channel rule "${pattern}": ${message}`)
  }
}

/** A rule or a `user` function answered with something that can neither grant nor refuse. */
export class RuleResultError extends BroadcastingError {
  constructor(message: string) {
    super('ERR_BROADCAST_RULE_RESULT', message)
  }
}

/** An event whose methods return what cannot be broadcast: names the event's class and the method. */
export class EventError extends BroadcastingError {
  constructor(event: string, message: string) {
    super('ERR_BROADCAST_EVENT', `${event}: ${message}`)
  }
}

/** A payload that is not JSON: names the event and the path of the field. */
export class PayloadError extends BroadcastingError {
  /** Where in the payload the value stands; empty for the payload itself. */
  readonly path: string

  constructor(event: string, path: string, message: string, options?: ErrorOptions) {
    const subject = path === '' ? 'the payload' : `"${path}"`
    super('ERR_BROADCAST_PAYLOAD', `${event}: ${subject} ${message}`, options)
    this.path = path
  }
}

/** A connection or driver that nobody has configured or registered: lists the known ones. */
export class UnknownDriverError extends BroadcastingError {
  constructor(driver: string | undefined, connection: string, known: readonly string[]) {
    const source = driver === connection ? '' : ` of the connection "${connection}"`
    const problem =
      driver === undefined
        ? `The connection "${connection}" has no driver`
        : `Unknown broadcast driver "${driver}"${source}`
    super(
      'ERR_BROADCAST_UNKNOWN_DRIVER',
      `${problem}. Known: ${known.join(', ')}. Others are registered with Broadcast.extend(driver, factory)`,
    )
  }
}

/** A factory of a driver made something that cannot broadcast. */
export class BrokenDriverError extends BroadcastingError {
  constructor(driver: string) {
    super(
      'ERR_BROADCAST_DRIVER',
      `The factory of the driver "${driver}" returned something without a method broadcast(event)`,
    )
  }
}

/** A channel rule that threw: names the rule, the channel and the user; the `cause` is what it threw. */
export class RuleFailedError extends BroadcastingError {
  constructor(pattern: string, channel: string, userId: string | number | undefined, cause: unknown) {
    const user = userId === undefined ? 'a guest' : `user ${userId}`
    super(
      'ERR_BROADCAST_RULE_FAILED',
      `Channel rule "${pattern}" failed for ${channel} (${user}): ${messageOf(cause)}`,
      { cause },
    )
  }
}

/** A rule or the `user` function has not answered in time: names which one, and the channel. */
export class RuleTimeoutError extends BroadcastingError {
  constructor(asked: string, seconds: number) {
    super('ERR_BROADCAST_RULE_TIMEOUT', `${asked} has not answered within ${seconds} seconds`)
  }
}

/** The `user` function of the configuration threw; the `cause` is what it threw. */
export class UserFailedError extends BroadcastingError {
  constructor(cause: unknown) {
    super('ERR_BROADCAST_USER_FAILED', `The user function of the configuration failed: ${messageOf(cause)}`, {
      cause,
    })
  }
}

/** A broadcast that came after its application was shut down, or its manager closed. */
export class ShutDownError extends BroadcastingError {
  constructor() {
    super(
      'ERR_BROADCAST_SHUT_DOWN',
      'Not broadcast: the application has been shut down, or the manager closed. ' +
        'Broadcast before that, or boot another application',
    )
  }
}

/** An encrypted channel, and no key for it: says how to get one. */
export class EncryptionKeyError extends BroadcastingError {
  constructor(channel: string) {
    super(
      'ERR_BROADCAST_ENCRYPTION_KEY',
      `"${channel}" is an encrypted channel, and there is no key for it: run "npx reverb keys" and put its ` +
        'REVERB_ENCRYPTION_MASTER_KEY into the environment of every process that sends there or authorizes',
    )
  }
}

/** An id that no user can have on the wire. */
export class UserIdError extends BroadcastingError {
  constructor(id: unknown) {
    const shown =
      typeof id === 'string' ? JSON.stringify(id.length > 60 ? `${id.slice(0, 60)}…` : id) : String(id)
    super(
      'ERR_BROADCAST_USER_ID',
      `${shown} is not the id of a user; expected a number or a text of 1 to ${maxUserId} characters`,
    )
  }
}

/** A driver was asked for something that it cannot do. */
export class UnsupportedError extends BroadcastingError {
  constructor(driver: string, what: string) {
    super('ERR_BROADCAST_UNSUPPORTED', `The driver "${driver}" cannot ${what}`)
  }
}

/**
 * A broadcast that reached some of its channels before it failed: `sent` says which, the `cause` is what the driver threw.
 * Sending all of it again would reach those twice.
 */
export class PartlySentError extends BroadcastingError {
  /** Receipts of what was sent, in its order. */
  readonly sent: readonly BroadcastReceipt[]

  constructor(sent: readonly BroadcastReceipt[], cause: unknown) {
    const names = sent.map(
      ({ event, channels }) => `${event} to ${channels.map(({ name }) => name).join(', ')}`,
    )
    super('ERR_BROADCAST_PARTLY_SENT', `Sent ${names.join('; ')}; then failed: ${messageOf(cause)}`, {
      cause,
    })
    this.sent = sent
  }
}

/** A pending broadcast was changed after it had been sent. */
export class AlreadySentError extends BroadcastingError {
  constructor(method: string) {
    super(
      'ERR_BROADCAST_ALREADY_SENT',
      `${method} came too late, the broadcast has been sent; chain it directly: broadcast(event).${method}`,
    )
  }
}

/** What is known of a request to a server elsewhere that failed. */
export interface BroadcastFailure extends ErrorOptions {
  /** The status of the answer, where there was one. */
  readonly answered?: number | undefined
  /** Whether the same may be sent again later without arriving twice, and may then succeed. */
  readonly retryable: boolean
}

/** A server elsewhere was not reached, refused, or did not answer: says which, with what, and what to do. */
export class BroadcastError extends BroadcastingError {
  /** The driver that sent. */
  readonly driver: string
  /**
   * The status with which the server answered; `undefined` when it did not. Not `status`, which web frameworks take for that
   * of their own reply.
   */
  readonly answered: number | undefined
  /** Whether the same may be sent again later without arriving twice, and may then succeed. */
  readonly retryable: boolean

  constructor(driver: string, message: string, { answered, retryable, cause }: BroadcastFailure) {
    super('ERR_BROADCAST_FAILED', `Driver "${driver}": ${message}`, cause === undefined ? {} : { cause })
    this.driver = driver
    this.answered = answered
    this.retryable = retryable
  }
}
