import { events } from '../../protocol/events.ts'
import { memberAdded, memberRemoved } from '../../protocol/messages.ts'
import { type ChannelName, kindOf, type SocketId } from '../../protocol/names.ts'
import type { Joined, Left } from '../adapter.ts'
import type { App } from '../apps/app.ts'
import type { Subscription } from '../channels/subscription.ts'
import { Counts } from '../counts.ts'
import type { Lifecycle } from '../lifecycle.ts'
import type { Publish } from '../publish.ts'
import type { Transitions } from '../transitions.ts'
import type { Unawaited } from '../unawaited.ts'

interface ChangesParts {
  readonly publish: Publish
  readonly lifecycle: Lifecycle
  readonly transitions: Transitions
  readonly unawaited: Unawaited
}

/** Tells whoever is concerned what the registry has said of a channel; nothing else does. Never throws. */
export interface Changes {
  joined(subscription: Subscription, answer: Extract<Joined, { result: 'joined' }>): void
  left(subscription: Subscription, answer: Left): void
  /** Lets go of the timer of the counts. */
  stop(): void
}

/** Makes what publishes counts and members and announces occupancy; channels of users concern nobody. */
export function createChanges({ publish, lifecycle, transitions, unawaited }: ChangesParts): Changes {
  const counts = new Counts(lifecycle, (app, channel, data) => {
    publishNotice(app, channel, events.subscriptionCount, data)
  })
  return { joined, left, stop: () => counts.stop() }

  function joined(
    { connection, channel: { name }, member }: Subscription,
    answer: Extract<Joined, { result: 'joined' }>,
  ): void {
    const { app, socketId } = connection
    if (kindOf(name).access === 'user') return
    if (answer.occupied) transitions.occupied(app, name)
    counts.changed(app, name, answer.subscriptions)
    if (member === undefined || !answer.added) return
    publishNotice(app, name, events.memberAdded, memberAdded(member), socketId)
    transitions.memberAdded(app, name, member.id)
  }

  function left({ connection, channel: { name }, member }: Subscription, answer: Left): void {
    const { app, socketId } = connection
    if (kindOf(name).access === 'user') return
    if (member !== undefined && answer.removed) {
      publishNotice(app, name, events.memberRemoved, memberRemoved(member.id), socketId)
      transitions.memberRemoved(app, name, member.id)
    }
    counts.changed(app, name, answer.subscriptions)
    if (answer.vacated) transitions.vacated(app, name)
  }

  /** Whoever joined or left has done so, even if the others cannot be told. */
  function publishNotice(app: App, channel: ChannelName, event: string, data: string, except?: SocketId) {
    unawaited(publish({ kind: 'internal', app, channel, event, data, except }), `Publishing ${event}`)
  }
}
