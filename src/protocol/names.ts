/** A channel name whose characters and length have been checked (protocol.md 2.1). */
export type ChannelName = string & { readonly brand: 'ChannelName' }

/** A socket id whose shape has been checked: digits, a dot, digits. */
export type SocketId = string & { readonly brand: 'SocketId' }

/** What a channel's name says about it (protocol.md 2.2). */
export interface ChannelKind {
  /** Who may join: everybody, whoever brings a signature, whoever brings one and is listed, or the signed-in user. */
  readonly access: 'public' | 'private' | 'presence' | 'user'
  readonly encrypted: boolean
  readonly cached: boolean
}

/** Longest event name, in characters (protocol.md 0.4). */
export const maxEventName = 200

/** Longest channel name unless configured otherwise, in characters (protocol.md 2.1). */
export const defaultMaxChannelName = 200

/** Most channels of one event as a server takes it unless configured otherwise (protocol.md 0.4). */
export const maxChannels = 100

const userPrefix = '#server-to-user-'

/** Longest id of a signed-in user, in characters (protocol.md 5.2). */
export const maxUserId = 128

/** Whether a user id stays what it is when it is written as UTF-8: half a character would become the same as every other half. */
export function isWritable(userId: string): boolean {
  return !/\p{Surrogate}/u.test(userId)
}

/** The channel of one signed-in user (protocol.md 2.10). */
export function userChannel(userId: string): string {
  return userPrefix + userId
}

// The order matters: the first prefix that fits decides.
const prefixes: readonly (readonly [prefix: string, kind: ChannelKind])[] = [
  ['private-encrypted-cache-', { access: 'private', encrypted: true, cached: true }],
  ['private-encrypted-', { access: 'private', encrypted: true, cached: false }],
  ['private-cache-', { access: 'private', encrypted: false, cached: true }],
  ['private-', { access: 'private', encrypted: false, cached: false }],
  ['presence-cache-', { access: 'presence', encrypted: false, cached: true }],
  ['presence-', { access: 'presence', encrypted: false, cached: false }],
  ['cache-', { access: 'public', encrypted: false, cached: true }],
  [userPrefix, { access: 'user', encrypted: false, cached: false }],
]

const publicKind: ChannelKind = { access: 'public', encrypted: false, cached: false }

/** The kind of a channel, decided by its prefix alone; the dash belongs to the prefix, so `privateer` is public. */
export function kindOf(channel: string): ChannelKind {
  for (const [prefix, kind] of prefixes) if (channel.startsWith(prefix)) return kind
  return publicKind
}

/** The name without the prefix that makes its kind: `private-encrypted-orders.1` gives `orders.1`. */
export function withoutPrefix(channel: string): string {
  for (const [prefix] of prefixes) if (channel.startsWith(prefix)) return channel.slice(prefix.length)
  return channel
}

const channelPattern = /^[A-Za-z0-9_\-=@,.;]+$/
const userPattern = /^.{1,128}$/su

/** The name, vouched for, or `undefined` when its characters or length are not allowed (protocol.md 2.1, 2.10). */
export function parseChannelName(name: string, maxLength = defaultMaxChannelName): ChannelName | undefined {
  const valid = name.startsWith(userPrefix)
    ? userPattern.test(name.slice(userPrefix.length))
    : name.length <= maxLength && channelPattern.test(name)
  return valid ? (name as ChannelName) : undefined
}

const socketIdPattern = /^\d+\.\d+$/

/** The socket id, vouched for, or `undefined` when it is not digits, a dot, digits. */
export function parseSocketId(id: string): SocketId | undefined {
  return socketIdPattern.test(id) && id.length <= 64 ? (id as SocketId) : undefined
}
