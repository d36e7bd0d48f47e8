import { events } from '../../protocol/events.ts'
import { memberAdded, memberRemoved } from '../../protocol/messages.ts'
import { type ChannelName, kindOf, type SocketId } from '../../protocol/names.ts'
import { isPromise } from '../../support/awaitable.ts'
import { messageOf } from '../../support/errors.ts'
import type { Logger } from '../../support/logger.ts'
import type { Joined, Left } from '../adapter.ts'
import type { App } from '../apps/app.ts'
import type { Subscription } from '../channels/subscription.ts'
import { Counts } from '../counts.ts'
import type { Lifecycle } from '../lifecycle.ts'
import type { Metrics } from '../metrics.ts'
import type { Publish } from '../publish.ts'
import type { Transitions } from '../transitions.ts'

interface AnnounceParts {
  readonly publish: Publish
  readonly lifecycle: Lifecycle
  readonly transitions: Transitions
  readonly metrics: Metrics
  readonly logger: Logger
}

/** Tells whoever is concerned what the registry has said of a channel; nothing else does. Never throws. */
export interface Announce {
  joined(subscription: Subscription, joined: Extract<Joined, { result: 'joined' }>): void
  left(subscription: Subscription, left: Left): void
  /** Lets go of the timer of the counts. */
  stop(): void
}

/** Makes what tells subscribers and listeners of counts, members and occupancy; channels of users tell nobody. */
export function createAnnounce({
  publish,
  lifecycle,
  transitions,
  metrics,
  logger,
}: AnnounceParts): Announce {
  const counts = new Counts(lifecycle, (app, channel, data) => {
    tell(app, channel, events.subscriptionCount, data)
  })
  return { joined, left, stop: () => counts.stop() }

  function joined(
    { connection, channel, member }: Subscription,
    answer: Extract<Joined, { result: 'joined' }>,
  ) {
    const { app, name } = channel
    if (kindOf(name).access === 'user') return
    if (answer.occupied) transitions.occupied(app, name)
    counts.changed(app, name, answer.subscriptions)
    if (member === undefined || !answer.added) return
    tell(app, name, events.memberAdded, memberAdded(member), connection.socketId)
    transitions.memberAdded(app, name, member.id)
  }

  function left({ connection, channel, member }: Subscription, answer: Left): void {
    const { app, name } = channel
    if (kindOf(name).access === 'user') return
    if (member !== undefined && answer.removed) {
      tell(app, name, events.memberRemoved, memberRemoved(member.id), connection.socketId)
      transitions.memberRemoved(app, name, member.id)
    }
    counts.changed(app, name, answer.subscriptions)
    if (answer.vacated) transitions.vacated(app, name)
  }

  function tell(app: App, channel: ChannelName, event: string, data: string, except?: SocketId): void {
    const told = publish({ kind: 'internal', app, channel, event, data, except })
    if (isPromise(told)) void watch(told, event)
  }

  /** Whoever joined or left has done so, even if the others could not be told. */
  async function watch(told: PromiseLike<unknown>, event: string): Promise<void> {
    try {
      await told
    } catch (thrown) {
      metrics.handlerFailures++
      logger.error(`Telling subscribers of ${event} failed: ${messageOf(thrown)}`)
    }
  }
}
