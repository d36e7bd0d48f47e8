import { events } from '../../protocol/events.ts'
import { memberAdded, memberRemoved } from '../../protocol/messages.ts'
import { type ChannelName, kindOf } from '../../protocol/names.ts'
import type { RegistryListener } from '../adapter.ts'
import type { App } from '../apps/app.ts'
import { Counts } from '../counts.ts'
import type { Lifecycle } from '../lifecycle.ts'
import type { Publish } from '../publish.ts'
import type { Unawaited } from '../unawaited.ts'
import type { Watchlists } from '../users/watchlists.ts'

interface ChangesParts {
  readonly publish: Publish
  readonly lifecycle: Lifecycle
  readonly watchlists: Watchlists
  readonly unawaited: Unawaited
}

/** Tells whoever is concerned on this node what the registry says; nothing else does. */
export interface Changes extends RegistryListener {
  /** Lets go of the timer of the counts. */
  stop(): void
}

/** Makes what tells subscribers of counts and members, listeners of transitions, and watchers of users. */
export function createChanges({ publish, lifecycle, watchlists, unawaited }: ChangesParts): Changes {
  const counts = new Counts(lifecycle, (app, channel, data) => {
    tell('count', app, channel, events.subscriptionCount, data)
  })

  return {
    get wantsTransitions() {
      return lifecycle.listening
    },
    memberAdded(app, channel, member) {
      tell('member', app, channel, events.memberAdded, memberAdded(member))
    },
    memberRemoved(app, channel, userId) {
      tell('member', app, channel, events.memberRemoved, memberRemoved(userId))
    },
    counted(app, channel, subscriptions, caused) {
      counts.changed(app, channel, subscriptions, caused)
    },
    transition(event) {
      if (kindOf(event.channel).access !== 'user') lifecycle.announce(event)
    },
    userChanged(app, userId, online) {
      watchlists.changed(app, userId, online)
    },
    isWatched(appId, userId) {
      return watchlists.isWatched(appId, userId)
    },
    watchedUsers() {
      return watchlists.watchedUsers()
    },
    stop() {
      counts.stop()
    },
  }

  /** What has happened has happened, even if nobody can be told. */
  function tell(kind: 'count' | 'member', app: App, channel: ChannelName, event: string, data: string): void {
    unawaited(publish({ kind, app, channel, event, data }), `Telling of ${event}`)
  }
}
