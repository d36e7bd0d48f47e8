import { SubscriptionError } from '../../protocol/errors.ts'
import type { Member } from '../../protocol/messages.ts'
import { type ChannelName, isWritable, kindOf, userChannel } from '../../protocol/names.ts'
import { channelString, secretsOf, verifyAuth } from '../../protocol/signature.ts'
import type { Connection } from '../connection.ts'

/** What a client brings to join a channel. */
export interface Proof {
  readonly auth: unknown
  readonly channelData: unknown
}

/**
 * Whether the connection may join the channel (protocol.md 2.4, 4.2), and as which member of a presence channel.
 * Throws a {@link SubscriptionError} that never tells what would have been right.
 */
export function authorize(connection: Connection, channel: ChannelName, proof: Proof): Member | undefined {
  const { access } = kindOf(channel)
  if (access === 'public') return undefined
  const { user } = connection
  if (access === 'user') {
    if (user !== undefined && channel === userChannel(user.id)) return undefined
    throw unauthorized(channel, 'Only the signed-in user may listen to its own channel')
  }
  const data = verify(connection, channel, proof)
  if (access === 'private') return undefined
  if (data !== undefined) return memberOf(connection, channel, data)
  if (user !== undefined) return checkMember(connection, channel, user)
  throw unauthorized(channel, 'A presence channel needs channel_data with a user_id, or a signed-in user')
}

/** Checks the signature, and that the data it covers is JSON on private channels too: see protocol.md 4.2, point 3. */
function verify({ app, socketId }: Connection, channel: ChannelName, { auth, channelData }: Proof): unknown {
  if (channelData !== undefined && typeof channelData !== 'string') {
    throw unauthorized(channel, 'channel_data must be a string')
  }
  if (typeof auth !== 'string' || auth === '')
    throw unauthorized(channel, 'This channel needs an auth string')
  if (!verifyAuth(auth, app.key, secretsOf(app), channelString(socketId, channel, channelData))) {
    throw unauthorized(channel, 'The auth string is not valid for this channel and socket')
  }
  if (channelData === undefined) return undefined
  try {
    return JSON.parse(channelData)
  } catch {
    throw unauthorized(channel, 'channel_data is not JSON')
  }
}

function memberOf(connection: Connection, channel: ChannelName, data: unknown): Member {
  if (typeof data !== 'object' || data === null || !('user_id' in data)) {
    throw unauthorized(channel, 'channel_data has no user_id')
  }
  const id = Number.isSafeInteger(data.user_id) ? String(data.user_id) : data.user_id
  if (typeof id !== 'string' || id === '' || !isWritable(id)) {
    throw unauthorized(channel, 'user_id must be a text that is not empty, or a whole number below 2^53')
  }
  return checkMember(connection, channel, {
    id,
    info: infoOf(channel, 'user_info' in data ? data.user_info : undefined),
  })
}

function checkMember({ app }: Connection, channel: ChannelName, { id, info }: Member): Member {
  if (id.length > app.presenceMaxUserId) {
    throw new SubscriptionError(
      'tooLarge',
      `user_id has more than ${app.presenceMaxUserId} characters`,
      channel,
    )
  }
  if (Buffer.byteLength(info) > app.presenceMaxInfo) {
    throw new SubscriptionError('tooLarge', `user_info has more than ${app.presenceMaxInfo} bytes`, channel)
  }
  return { id, info }
}

function infoOf(channel: ChannelName, info: unknown): string {
  try {
    return JSON.stringify(info ?? {})
  } catch {
    // JSON.parse accepts deeper nesting than JSON.stringify.
    throw new SubscriptionError('tooLarge', 'user_info is nested too deeply', channel)
  }
}

function unauthorized(channel: string, message: string): SubscriptionError {
  return new SubscriptionError('unauthorized', message, channel)
}
