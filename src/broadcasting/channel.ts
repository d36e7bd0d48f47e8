import { defaultMaxChannelName, kindOf, parseChannelName } from '../protocol/names.ts'
import { ChannelNameError } from './errors.ts'

/** Where an event goes: a channel, or its whole name on the wire as a string (`private-orders.1`). */
export type ChannelLike = Channel | string

/**
 * A public channel: anyone may subscribe. Of every class, names that begin with `cache-` are channels whose last event
 * is kept for newcomers: `new PrivateChannel('cache-prices')` is `private-cache-prices`.
 * Throws a {@link ChannelNameError} for a name that is not allowed, and for one that carries a prefix already.
 */
export class Channel {
  /** What stands before the given name on the wire. */
  static readonly prefix: string = ''
  /** The name on the wire, prefix included. */
  readonly name: string

  constructor(name: string) {
    const { prefix } = new.target
    if (typeof name !== 'string' || name === '') {
      throw new ChannelNameError(
        `new ${new.target.name}(${JSON.stringify(name)}): the name must be a text that is not empty`,
      )
    }
    // `private-private-x` is never meant, and `new Channel('private-x')` would not be the public channel it claims to be;
    // nor would `new PrivateChannel('encrypted-x')` be a channel that the server can read.
    if (kindOf(name).access !== 'public' || kindOf(prefix + name).encrypted !== kindOf(prefix).encrypted) {
      throw new ChannelNameError(
        `new ${new.target.name}("${name}"): expected a name without prefix, the class makes it; ` +
          'where a whole name is at hand, give it as a string instead of a channel',
      )
    }
    this.name = checkChannelName(prefix + name)
  }

  /** The name on the wire. */
  toString(): string {
    return this.name
  }
}

/** A channel for those whom a rule admits; the name is given without `private-`. */
export class PrivateChannel extends Channel {
  static override readonly prefix = 'private-'
}

/**
 * A channel for those whom a rule admits, and whose events nobody else can read, the server included; the name is given
 * without `private-encrypted-`. Sending there takes `REVERB_ENCRYPTION_MASTER_KEY`.
 */
export class EncryptedPrivateChannel extends Channel {
  static override readonly prefix = 'private-encrypted-'
}

/** A channel for those whom a rule admits and who see one another; the name is given without `presence-`. */
export class PresenceChannel extends Channel {
  static override readonly prefix = 'presence-'
}

/** The name on the wire. Throws a {@link ChannelNameError} for one that the protocol does not allow. */
export function channelName(channel: ChannelLike): string {
  return checkChannelName(typeof channel === 'string' ? channel : channel.name)
}

/** The name, when the protocol allows it. Throws a {@link ChannelNameError} that says what is allowed. */
export function checkChannelName(name: string): string {
  if (parseChannelName(name) !== undefined) return name
  const shown = name.length > 60 ? `${name.slice(0, 60)}…` : name
  throw new ChannelNameError(
    `"${shown}" is not a channel name; allowed are 1 to ${defaultMaxChannelName} characters ` +
      'out of letters, digits and _ - = @ , . ;',
  )
}
