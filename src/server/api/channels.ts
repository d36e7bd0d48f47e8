import { type ChannelName, kindOf } from '../../protocol/names.ts'
import { type Attribute, parseInfo } from '../../protocol/rest.ts'
import type { EventLog, Occupancy, Registry } from '../adapter.ts'
import type { App } from '../apps/app.ts'
import { RefusedError } from '../errors.ts'
import { checkChannel } from '../publishable.ts'
import type { Answer, ApiRequest } from './request.ts'

interface ChannelParts {
  readonly registry: Registry
  readonly log: EventLog
}

/** Answers the questions about channels and connections (protocol.md 6.4 to 6.6, 6.8). */
export function createChannels({ registry, log }: ChannelParts) {
  return { list, channel, users, connections }

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
    const wantsCache = asksForCache(query.get('info'))
    if (wantsCache && !kindOf(name).cached) {
      throw new RefusedError(400, 'cache is only known of cache channels')
    }
    const occupancy = await registry.occupancy(app, name)
    return {
      occupied: occupancy.subscriptions > 0,
      ...attributesOf(name, occupancy, info),
      ...(wantsCache && { cache: await cacheOf(app, name) }),
    }
  }

  /** What is kept and for how many seconds, or null. */
  async function cacheOf(app: App, name: ChannelName): Promise<Answer | null> {
    const kept = await log.last(app, name)
    return kept === undefined ? null : { data: kept.data, ttl: Math.ceil(kept.ttl) }
  }

  async function users({ app, params }: ApiRequest): Promise<Answer> {
    const name = checkChannel(app, params['channel'] ?? '')
    if (kindOf(name).access !== 'presence') {
      throw new RefusedError(400, 'Users are only known of presence channels')
    }
    const members = await registry.members(app, name)
    return { users: members.map(({ id }) => ({ id })) }
  }

  async function connections({ app }: ApiRequest): Promise<Answer> {
    return { connections: await registry.connections(app) }
  }
}

function asksForCache(info = ''): boolean {
  return info.split(',').some((part) => part.trim() === 'cache')
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
