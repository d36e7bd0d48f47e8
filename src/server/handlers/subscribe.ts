import type { ClientMessage } from '../../protocol/decode.ts'
import { SubscriptionError } from '../../protocol/errors.ts'
import { events } from '../../protocol/events.ts'
import { type Member, memberAdded, roster, subscriptionSucceeded } from '../../protocol/messages.ts'
import { type ChannelName, kindOf, parseChannelName } from '../../protocol/names.ts'
import { type Awaitable, isPromise } from '../../support/awaitable.ts'
import type { Joined, Registry } from '../adapter.ts'
import type { ChannelManager } from '../channels/channel-manager.ts'
import type { Subscription } from '../channels/subscription.ts'
import type { Connection } from '../connection.ts'
import type { Metrics } from '../metrics.ts'
import type { Publish } from '../publish.ts'
import { authorize } from './authorize.ts'

type SubscribeMessage = Extract<ClientMessage, { event: 'subscribe' }>

interface SubscribeParts {
  readonly channels: ChannelManager
  readonly registry: Registry
  readonly publish: Publish
  readonly metrics: Metrics
}

/** Handles `pusher:subscribe` in the order of protocol.md 2.4. With an adapter that answers at once nothing waits. */
export function createSubscribe({ channels, registry, publish, metrics }: SubscribeParts) {
  return function subscribe(connection: Connection, message: SubscribeMessage): Awaitable<unknown> {
    const { app } = connection
    const name = nameOf(connection, message.channel)
    const existing = connection.subscriptions.get(name)
    if (existing !== undefined) return answerAgain(existing)
    const member = authorize(connection, name, message)
    const { maxChannelsPerConnection: limit } = app
    if (limit > 0 && connection.subscriptions.size >= limit) {
      throw new SubscriptionError('tooMany', `This connection has ${limit} channels already`, name)
    }
    const subscription = channels.join(connection, name, member)
    return whenJoined(subscription, joinRegistry(subscription, name, member))
  }

  function joinRegistry(subscription: Subscription, name: ChannelName, member: Member | undefined) {
    const { app, socketId } = subscription.connection
    try {
      return registry.join(app, name, socketId, member)
    } catch (thrown) {
      undo(subscription)
      throw thrown
    }
  }

  function whenJoined(subscription: Subscription, joined: Awaitable<Joined>): Awaitable<unknown> {
    return isPromise(joined) ? waitForJoin(subscription, joined) : complete(subscription, joined)
  }

  async function waitForJoin(subscription: Subscription, joining: PromiseLike<Joined>): Promise<unknown> {
    try {
      return await complete(subscription, await joining)
    } catch (thrown) {
      undo(subscription)
      throw thrown
    }
  }

  function undo(subscription: Subscription): void {
    if (subscription.state === 'joining') channels.leave(subscription)
  }

  /** One synchronous step: answer, what was held, live. Others hear of a new member afterwards. */
  function complete(subscription: Subscription, joined: Joined): Awaitable<unknown> {
    const { connection, channel, member } = subscription
    if (joined.result === 'full') {
      undo(subscription)
      throw new SubscriptionError(
        'tooMany',
        `This channel has ${connection.app.presenceMaxMembers} members already`,
        channel.name,
      )
    }
    if (channel.goLive(subscription)) {
      metrics.subscriptionsAccepted++
      const answer = subscriptionSucceeded(channel.name, member && roster(joined.members))
      for (let owed = subscription.answers; owed > 0; owed--) connection.send(answer)
      for (const frame of subscription.held) connection.sendFrame(frame)
      subscription.held.length = 0
    }
    return member && joined.added ? announce(subscription, member) : undefined
  }

  function announce({ connection, channel }: Subscription, member: Member): Awaitable<unknown> {
    return publish({
      app: connection.app,
      channel: channel.name,
      event: events.memberAdded,
      data: memberAdded(member),
      except: connection.socketId,
    })
  }

  /** A second subscribe is answered like the first and changes nothing (protocol.md 2.4, point 3). */
  function answerAgain(subscription: Subscription): Awaitable<unknown> {
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
    if (!isPresence) {
      connection.send(subscriptionSucceeded(channel.name))
      return undefined
    }
    const members = registry.members(connection.app, channel.name)
    return isPromise(members) ? answerLater(subscription, members) : answerWith(subscription, members)
  }

  async function answerLater(subscription: Subscription, members: PromiseLike<readonly Member[]>) {
    answerWith(subscription, await members)
  }

  function answerWith({ connection, channel, state }: Subscription, members: readonly Member[]): void {
    if (state === 'live') connection.send(subscriptionSucceeded(channel.name, roster(members)))
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
