import { BroadcastingError } from '../support/errors.ts'

// Their names are spelled out, since what runs in a browser has usually been through a minifier.

/** A channel that was not joined: says which one, and what the server or the auth endpoint answered. */
export class SubscriptionFailed extends BroadcastingError {
  /** Its name on the wire. */
  readonly channel: string
  /** Status of the auth endpoint's answer, or the number the server gave; absent when neither did. */
  readonly status: number | undefined

  constructor(channel: string, reason: string, status?: number, options?: ErrorOptions) {
    super('ERR_BROADCAST_SUBSCRIPTION', `Channel ${channel} could not be subscribed: ${reason}`, options)
    this.name = 'SubscriptionFailed'
    this.channel = channel
    this.status = status
  }
}

/** What the server said with `pusher:error`: a refused connection when it ends there, else a refused message. */
export class ConnectionError extends BroadcastingError {
  /** The number that the server gave; `null` when it gave none. */
  readonly pusherCode: number | null

  constructor(pusherCode: number | null, reason: string) {
    const code = pusherCode === null ? '' : ` (${pusherCode})`
    super('ERR_BROADCAST_CONNECTION', `The broadcasting server answered: ${reason}${code}`)
    this.name = 'ConnectionError'
    this.pusherCode = pusherCode
  }
}
