import { BroadcastingError } from '../support/errors.ts'
import type { PusherCode, SubscriptionFailure } from './codes.ts'

/** A refusal that reaches the client as `pusher:error`; `code: null` means that nothing else follows from it. */
export class PusherError extends BroadcastingError {
  readonly pusherCode: PusherCode | null
  readonly channel: string | undefined

  constructor(pusherCode: PusherCode | null, message: string, channel?: string) {
    super('ERR_BROADCAST_PROTOCOL', message)
    this.pusherCode = pusherCode
    this.channel = channel
  }
}

/** A refusal that reaches the client as `pusher:subscription_error`; the connection goes on (protocol.md 2.6). */
export class SubscriptionError extends BroadcastingError {
  readonly failure: SubscriptionFailure
  readonly channel: string

  constructor(failure: SubscriptionFailure, message: string, channel: string) {
    super('ERR_BROADCAST_SUBSCRIPTION', message)
    this.failure = failure
    this.channel = channel
  }
}
