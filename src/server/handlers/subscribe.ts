import type { ClientMessage } from '../../protocol/decode.ts'
import { SubscriptionError } from '../../protocol/errors.ts'
import { cacheMiss, channelEvent, roster, subscriptionSucceeded } from '../../protocol/messages.ts'
import { type ChannelName, kindOf, parseChannelName } from '../../protocol/names.ts'
import { type Awaitable, andThen, isPromise, orUndo } from '../../support/awaitable.ts'
import type { EventLog, Joined, KeptEvent, Registry } from '../adapter.ts'
import type { ChannelManager } from '../channels/channel-manager.ts'
import type { Subscription } from '../channels/subscription.ts'
import type { Connection } from '../connection.ts'
import type { Lifecycle } from '../lifecycle.ts'
import type { Metrics } from '../metrics.ts'
import { authorize } from './authorize.ts'
import type { Leave } from './leave.ts'

type SubscribeMessage = Extract<ClientMessage, { event: 'subscribe' }>

interface SubscribeParts {
  readonly channels: ChannelManager
  readonly registry: Registry
  readonly log: EventLog
  readonly leave: Leave
  readonly lifecycle: Lifecycle
  readonly metrics: Metrics
}

/** What the log of a cache channel has said. */
interface LogAnswer {
  readonly kept: KeptEvent | undefined
  /** Whether the event may still be on its way to this node. */
  readonly onItsWay: boolean
}

/**
 * Handles `pusher:subscribe` in the order of protocol.md 2.4. The channel's events are held from the first step on, so
 * whatever must be waited for, nothing is lost; with an adapter that answers at once nothing waits.
 */
export function createSubscribe(parts: SubscribeParts) {
  const { channels, registry, log, leave, lifecycle, metrics } = parts

  return function subscribe(connection: Connection, message: SubscribeMessage): Awaitable<void> {
    const { app, socketId } = connection
    const name = nameOf(connection, message.channel)
    const existing = connection.subscriptions.get(name)
    if (existing !== undefined) return answerAgain(existing)
    const member = authorize(connection, name, message)
    refuseTooMany(connection, name)
    // Now, not when the registry has answered: it was said in time.
    if (kindOf(name).access !== 'public') connection.authorized = true
    const subscription = channels.join(connection, name, member)
    const admitted = orUndo(
      () => andThen(registry.join(app, name, socketId, member), (joined) => mustBeIn(subscription, joined)),
      () => channels.leave(subscription),
    )
    return andThen(
      andThen(admitted, () => subscription.channel.followed),
      () => readLog(subscription),
    )
  }

  function mustBeIn({ connection, channel, state }: Subscription, joined: Joined): void {
    // Whoever has left meanwhile, and perhaps asked again, is not told of it.
    if (joined === 'joined' || state === 'left') return
    const { presenceMaxMembers } = connection.app
    throw new SubscriptionError(
      'tooMany',
      `This channel has ${presenceMaxMembers} members already`,
      channel.name,
    )
  }

  function readLog(subscription: Subscription): Awaitable<void> {
    const { connection, channel } = subscription
    if (!kindOf(channel.name).cached) return goLive(subscription)
    return orUndo(
      () => {
        const last = log.last(connection.app, channel.name)
        const onItsWay = isPromise(last)
        return andThen(last, (kept) => goLive(subscription, { kept, onItsWay }))
      },
      () => leave.end(subscription),
    )
  }

  /** One synchronous step: the answer, the cached event, what was held, live. */
  function goLive(subscription: Subscription, cache?: LogAnswer): void {
    const { connection, channel } = subscription
    const held = channel.goLive(subscription)
    if (held === undefined) return
    metrics.subscriptionsAccepted++
    const success = successOf(subscription)
    for (let owed = subscription.answers; owed > 0; owed--) connection.send(success)
    if (cache !== undefined) sendKept(connection, channel.name, cache.kept)
    const reached = cache?.kept?.position ?? 0
    for (const { frame, position } of held) {
      if (position === 0 || position > reached) connection.sendFrame(frame)
    }
    if (cache?.onItsWay && reached > 0) channel.isAhead(connection, reached)
  }

  /** Sends what the log has kept, or that it has nothing (protocol.md 2.8). */
  function sendKept(connection: Connection, channel: ChannelName, kept: KeptEvent | undefined): void {
    if (kept !== undefined) {
      connection.send(channelEvent(channel, kept.event, kept.data))
      return
    }
    connection.send(cacheMiss(channel))
    if (lifecycle.listening) lifecycle.announce({ name: 'cache_miss', app: connection.app, channel })
  }

  /** A second subscribe is answered like the first and changes nothing (protocol.md 2.4, point 3). */
  function answerAgain(subscription: Subscription): void {
    const { connection, member } = subscription
    // A roster may be a thousand times what asking for it costs.
    if (member !== undefined && !connection.limiter.mistake(performance.now())) metrics.answersSuppressed++
    else if (subscription.state === 'joining') subscription.answers++
    else connection.send(successOf(subscription))
  }

  /** With the roster of this moment: whoever is live hears of every change to it. */
  function successOf({ connection, channel: { name }, member }: Subscription): string {
    return subscriptionSucceeded(name, member && roster(registry.roster(connection.app, name)))
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

/** As many channels as the app allows, and not joined and left all the time: others hear of it each time. */
function refuseTooMany({ app, subscriptions, limiter }: Connection, channel: ChannelName): void {
  const { maxChannelsPerConnection: limit } = app
  if (limit > 0 && subscriptions.size >= limit) {
    throw new SubscriptionError('tooMany', `This connection has ${limit} channels already`, channel)
  }
  if (!limiter.subscription(performance.now())) {
    throw new SubscriptionError('tooMany', 'This connection joins channels too fast', channel)
  }
}
