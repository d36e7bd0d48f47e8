import type { ClientMessage } from '../../protocol/decode.ts'
import { SubscriptionError } from '../../protocol/errors.ts'
import { cacheMiss, channelEvent, roster, subscriptionSucceeded } from '../../protocol/messages.ts'
import { type ChannelName, kindOf, parseChannelName } from '../../protocol/names.ts'
import { type Awaitable, andThen, isPromise, orElse } from '../../support/awaitable.ts'
import type { EventLog, Joined, KeptEvent, Registry } from '../adapter.ts'
import type { ChannelManager } from '../channels/channel-manager.ts'
import type { Subscription } from '../channels/subscription.ts'
import type { Connection } from '../connection.ts'
import type { Lifecycle } from '../lifecycle.ts'
import type { Metrics } from '../metrics.ts'
import type { Announce } from './announce.ts'
import { authorize } from './authorize.ts'
import type { Leave } from './leave.ts'

type SubscribeMessage = Extract<ClientMessage, { event: 'subscribe' }>

interface SubscribeParts {
  readonly channels: ChannelManager
  readonly registry: Registry
  readonly log: EventLog
  readonly announce: Announce
  readonly leave: Leave
  readonly lifecycle: Lifecycle
  readonly metrics: Metrics
}

/**
 * Handles `pusher:subscribe` in the order of protocol.md 2.4. The channel's events are held from the first step on, so
 * whatever must be waited for, nothing is lost; with an adapter that answers at once nothing waits.
 */
export function createSubscribe(parts: SubscribeParts) {
  const { channels, registry, log, announce, leave, lifecycle, metrics } = parts

  return function subscribe(connection: Connection, message: SubscribeMessage): Awaitable<void> {
    const { app, socketId } = connection
    const name = nameOf(connection, message.channel)
    const existing = connection.subscriptions.get(name)
    if (existing !== undefined) return answerAgain(existing)
    const member = authorize(connection, name, message)
    const { maxChannelsPerConnection: limit } = app
    if (limit > 0 && connection.subscriptions.size >= limit) {
      throw new SubscriptionError('tooMany', `This connection has ${limit} channels already`, name)
    }
    const subscription = channels.join(connection, name, member)
    const joined = orElse(
      () => andThen(registry.join(app, name, socketId, member), (answer) => admitted(subscription, answer)),
      () => undo(subscription),
    )
    return andThen(joined, (answer) => readLog(subscription, answer))
  }

  function undo(subscription: Subscription): void {
    if (subscription.state === 'joining') channels.leave(subscription)
  }

  /** The registry has counted it in: others hear of it, and the answer is made; what comes after it is held. */
  function admitted(subscription: Subscription, joined: Joined): string {
    const { connection, channel, member } = subscription
    if (joined.result === 'joined') {
      announce.joined(subscription, joined)
      return subscriptionSucceeded(channel.name, member && roster(joined.members))
    }
    const { presenceMaxMembers } = connection.app
    throw new SubscriptionError(
      'tooMany',
      `This channel has ${presenceMaxMembers} members already`,
      channel.name,
    )
  }

  function readLog(subscription: Subscription, answer: string): Awaitable<void> {
    const { app, name } = subscription.channel
    if (!kindOf(name).cached) return goLive(subscription, answer)
    return orElse(
      () => {
        const kept = log.last(app, name)
        const promised = isPromise(kept)
        return andThen(kept, (last) => goLive(subscription, answer, last ?? 'nothing', promised))
      },
      () => void leave.one(subscription.connection, name),
    )
  }

  /** One synchronous step: the answer, the cached event, what was held, live. */
  function goLive(
    subscription: Subscription,
    answer: string,
    kept?: KeptEvent | 'nothing',
    promised = false,
  ): void {
    const { connection, channel, held } = subscription
    if (!channel.goLive(subscription)) return
    metrics.subscriptionsAccepted++
    const { access } = kindOf(channel.name)
    if (access === 'private' || access === 'presence') connection.authorized = true
    for (let owed = subscription.answers; owed > 0; owed--) connection.send(answer)
    const position = kept === undefined ? 0 : sendKept(subscription, kept)
    for (const { frame, position: own } of held) if (own === 0 || own > position) connection.sendFrame(frame)
    held.length = 0
    if (promised && position > 0) channel.isAhead(connection, position)
  }

  /** Sends what the log has kept, or that it has nothing (protocol.md 2.8); returns up to which position. */
  function sendKept(
    { connection, channel: { app, name } }: Subscription,
    kept: KeptEvent | 'nothing',
  ): number {
    if (kept !== 'nothing') {
      connection.send(channelEvent(name, kept.event, kept.data))
      return kept.position
    }
    connection.send(cacheMiss(name))
    if (lifecycle.listening) lifecycle.announce({ name: 'cache_miss', app, channel: name })
    return 0
  }

  /** A second subscribe is answered like the first and changes nothing (protocol.md 2.4, point 3). */
  function answerAgain(subscription: Subscription): Awaitable<void> {
    const { connection, channel } = subscription
    const isPresence = kindOf(channel.name).access === 'presence'
    // A roster may be a thousand times what asking for it costs.
    if (isPresence && !connection.limiter.mistake(performance.now())) {
      metrics.answersSuppressed++
      return undefined
    }
    if (subscription.state === 'joining') {
      subscription.answers++
      return undefined
    }
    if (!isPresence) return connection.send(subscriptionSucceeded(channel.name))
    return andThen(registry.members(connection.app, channel.name), (members) => {
      if (subscription.state === 'live') connection.send(subscriptionSucceeded(channel.name, roster(members)))
    })
  }
}

function nameOf({ app }: Connection, given: string): ChannelName {
  const name = parseChannelName(given, app.maxChannelName)
  if (name !== undefined) return name
  throw new SubscriptionError(
    'invalidName',
    `A channel name has 1 to ${app.maxChannelName} letters, digits and _ - = @ , . ;`,
    given.slice(0, app.maxChannelName),
  )
}
