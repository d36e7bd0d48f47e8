import { type ChannelName, kindOf } from '../../protocol/names.ts'
import { type Attribute, parseInfo } from '../../protocol/rest.ts'
import type { Occupancy, Registry } from '../adapter.ts'
import { RefusedError } from '../errors.ts'
import { checkChannel } from '../publishable.ts'
import type { Answer, ApiRequest } from './request.ts'

/** Answers the questions about channels (protocol.md 6.4 to 6.6). */
export function createChannels(registry: Registry) {
  return { list, channel, users }

  async function list({ app, query }: ApiRequest): Promise<Answer> {
    const prefix = query.get('filter_by_prefix') ?? ''
    const info = parseInfo(query.get('info'))
    if (info.has('user_count') && !prefix.startsWith('presence-')) {
      throw new RefusedError(400, 'user_count needs a filter_by_prefix that begins with presence-')
    }
    const found = [...(await registry.channels(app, prefix))].filter(
      ([name]) => kindOf(name).access !== 'user',
    )
    return {
      channels: Object.fromEntries(found.map(([name, counts]) => [name, attributesOf(name, counts, info)])),
    }
  }

  async function channel({ app, query, params }: ApiRequest): Promise<Answer> {
    const name = checkChannel(app, params['channel'] ?? '')
    const info = parseInfo(query.get('info'))
    if (info.has('user_count') && kindOf(name).access !== 'presence') {
      throw new RefusedError(400, 'user_count is only known of presence channels')
    }
    const wantsCache = query.get('info')?.split(',').includes('cache') === true
    if (wantsCache && !kindOf(name).cached) {
      throw new RefusedError(400, 'cache is only known of cache channels')
    }
    const occupancy = await registry.occupancy(app, name)
    const counts = attributesOf(name, occupancy, info)
    // Nothing is cached yet, and an empty cache is null (protocol.md 6.5).
    return { occupied: occupancy.subscriptions > 0, ...counts, ...(wantsCache && { cache: null }) }
  }

  async function users({ app, params }: ApiRequest): Promise<Answer> {
    const name = checkChannel(app, params['channel'] ?? '')
    if (kindOf(name).access !== 'presence') {
      throw new RefusedError(400, 'Users are only known of presence channels')
    }
    const members = await registry.members(app, name)
    return { users: members.map(({ id }) => ({ id })) }
  }
}

/** The asked attributes that apply to a channel. */
export function attributesOf(
  channel: ChannelName,
  { subscriptions, users }: Occupancy,
  info: ReadonlySet<Attribute>,
): Record<string, number> {
  const answer: Record<string, number> = {}
  if (info.has('user_count') && kindOf(channel).access === 'presence') answer['user_count'] = users
  if (info.has('subscription_count')) answer['subscription_count'] = subscriptions
  return answer
}
