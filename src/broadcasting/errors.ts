import { BroadcastingError, messageOf } from '../support/errors.ts'

/** A channel name that the protocol does not allow, or that does not fit the class it was given to. */
export class ChannelNameError extends BroadcastingError {
  constructor(message: string) {
    super('ERR_BROADCAST_CHANNEL_NAME', message)
  }
}

/** A pattern of a channel rule that cannot match as it is written. */
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

/** The driver `reverb` in a process that carries no server: says what to do. */
export class NoServerError extends BroadcastingError {
  constructor(message: string) {
    super('ERR_BROADCAST_NO_SERVER', message)
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
