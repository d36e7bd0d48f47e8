import type { ChannelName } from '../protocol/names.ts'
import type { App } from './apps/app.ts'
import type { Grace } from './grace.ts'
import type { Lifecycle } from './lifecycle.ts'

/** Decides which comings and goings are told: whoever is back within the grace period never left (protocol.md 7). */
export class Transitions {
  readonly #lifecycle: Lifecycle
  readonly #grace: Grace

  constructor(lifecycle: Lifecycle, grace: Grace) {
    this.#lifecycle = lifecycle
    this.#grace = grace
  }

  /** A channel has its first subscription in the cluster. */
  occupied(app: App, channel: ChannelName): void {
    if (!this.#lifecycle.listening || this.#grace.cancel(keyOf(app, channel))) return
    this.#lifecycle.announce({ name: 'channel_occupied', app, channel })
  }

  /** A channel has none any more. */
  vacated(app: App, channel: ChannelName): void {
    if (!this.#lifecycle.listening) return
    this.#grace.hold(keyOf(app, channel), () =>
      this.#lifecycle.announce({ name: 'channel_vacated', app, channel }),
    )
  }

  /** A user has the first connection in a presence channel. */
  memberAdded(app: App, channel: ChannelName, userId: string): void {
    if (!this.#lifecycle.listening || this.#grace.cancel(keyOf(app, channel, userId))) return
    this.#lifecycle.announce({ name: 'member_added', app, channel, userId })
  }

  /** A user has none any more. */
  memberRemoved(app: App, channel: ChannelName, userId: string): void {
    if (!this.#lifecycle.listening) return
    this.#grace.hold(keyOf(app, channel, userId), () =>
      this.#lifecycle.announce({ name: 'member_removed', app, channel, userId }),
    )
  }

  /** Tells now what is still held back, as nobody will be back. */
  flush(): void {
    this.#grace.flush()
  }
}

function keyOf({ id }: App, channel: ChannelName, userId?: string): string {
  return JSON.stringify([id, channel, userId])
}
