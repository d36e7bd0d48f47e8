import { subscriptionCount } from '../protocol/messages.ts'
import { type ChannelName, kindOf } from '../protocol/names.ts'
import type { App } from './apps/app.ts'
import { Grace } from './grace.ts'
import type { Lifecycle } from './lifecycle.ts'

/** Subscriptions up to which every change is told at once, and milliseconds between two counts above. */
const small = 100
const pause = 5_000

/** Hands the data of a count to this node's subscribers of a channel. */
type TellCount = (app: App, channel: ChannelName, data: string) => void

/** What has become of a count since it was told. */
interface Change {
  readonly app: App
  readonly count: number
  /** Whether this node is the one to announce it. */
  readonly caused: boolean
}

/** Tells the subscribers of a channel how many they are, where the app wants it (protocol.md 2.9). */
export class Counts {
  readonly #lifecycle: Lifecycle
  readonly #tellCount: TellCount
  readonly #pauses = new Grace(pause)
  readonly #latest = new Map<string, Change>()

  constructor(lifecycle: Lifecycle, tellCount: TellCount) {
    this.#lifecycle = lifecycle
    this.#tellCount = tellCount
  }

  /**
   * The count of a channel has changed; the last value of a burst is told in the end. Listeners hear of it on the node that
   * has `caused` it.
   */
  changed(app: App, channel: ChannelName, count: number, caused: boolean): void {
    const { access } = kindOf(channel)
    if (!app.subscriptionCount || access === 'presence' || access === 'user') return
    const key = JSON.stringify([app.id, channel])
    const before = this.#latest.get(key)
    if (count > small && this.#pauses.holds(key)) {
      this.#latest.set(key, { app, count, caused: caused || before?.caused === true })
      return
    }
    this.#latest.delete(key)
    this.#pauses.cancel(key)
    this.#tell(app, channel, count, caused)
    if (count > small) this.#pauses.hold(key, () => this.#goOn(key, channel))
  }

  /** Lets go of the timer. */
  stop(): void {
    this.#pauses.stop()
  }

  #tell(app: App, channel: ChannelName, count: number, caused: boolean): void {
    this.#tellCount(app, channel, subscriptionCount(count))
    if (caused && this.#lifecycle.listening) {
      this.#lifecycle.announce({ name: 'subscription_count', app, channel, count })
    }
  }

  #goOn(key: string, channel: ChannelName): void {
    const latest = this.#latest.get(key)
    if (latest !== undefined) this.changed(latest.app, channel, latest.count, latest.caused)
  }
}
