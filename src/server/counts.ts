import { subscriptionCount } from '../protocol/messages.ts'
import { type ChannelName, kindOf } from '../protocol/names.ts'
import type { App } from './apps/app.ts'
import { Grace } from './grace.ts'
import type { Lifecycle } from './lifecycle.ts'

/** Subscriptions up to which every change is published at once, and milliseconds between two counts above. */
const small = 100
const pause = 5_000

/** Hands the data of a count to the subscribers of a channel. */
type PublishCount = (app: App, channel: ChannelName, data: string) => void

/** What has become of a count since it was published. */
interface Change {
  readonly app: App
  readonly count: number
}

/** Tells the subscribers of a channel how many they are, where the app wants it (protocol.md 2.9). */
export class Counts {
  readonly #lifecycle: Lifecycle
  readonly #publishCount: PublishCount
  readonly #pauses = new Grace(pause)
  readonly #latest = new Map<string, Change>()

  constructor(lifecycle: Lifecycle, publishCount: PublishCount) {
    this.#lifecycle = lifecycle
    this.#publishCount = publishCount
  }

  /** The count of a channel has changed; the last value of a burst is published in the end. */
  changed(app: App, channel: ChannelName, count: number): void {
    if (!app.subscriptionCount || kindOf(channel).access === 'presence') return
    const key = JSON.stringify([app.id, channel])
    if (count > small && this.#pauses.holds(key)) {
      this.#latest.set(key, { app, count })
      return
    }
    this.#latest.delete(key)
    this.#pauses.cancel(key)
    this.#publish(app, channel, count)
    if (count > small) this.#pauses.hold(key, () => this.#goOn(key, channel))
  }

  /** Lets go of the timer. */
  stop(): void {
    this.#pauses.stop()
  }

  #publish(app: App, channel: ChannelName, count: number): void {
    this.#publishCount(app, channel, subscriptionCount(count))
    if (this.#lifecycle.listening) {
      this.#lifecycle.announce({ name: 'subscription_count', app, channel, count })
    }
  }

  #goOn(key: string, channel: ChannelName): void {
    const latest = this.#latest.get(key)
    if (latest !== undefined) this.changed(latest.app, channel, latest.count)
  }
}
