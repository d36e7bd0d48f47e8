import { subscriptionCount } from '../protocol/messages.ts'
import { type ChannelName, kindOf } from '../protocol/names.ts'
import type { App } from './apps/app.ts'
import type { Lifecycle } from './lifecycle.ts'

/** Subscriptions up to which every change is told at once, and milliseconds between two counts above. */
const small = 100
const pause = 5_000

/** Hands a count to the subscribers of a channel. */
type TellCount = (app: App, channel: ChannelName, data: string) => void

interface Pause {
  readonly app: App
  readonly channel: ChannelName
  readonly until: number
  /** What has become of the count since it was told; undefined when nothing has. */
  latest: number | undefined
}

/** Tells the subscribers of a channel how many they are, where the app wants it (protocol.md 2.9). One timer for all. */
export class Counts {
  readonly #lifecycle: Lifecycle
  readonly #tell: TellCount
  // All pauses are of one length, so the order of insertion is that of their ends.
  readonly #pauses = new Map<string, Pause>()
  #timer: NodeJS.Timeout | undefined

  constructor(lifecycle: Lifecycle, tell: TellCount) {
    this.#lifecycle = lifecycle
    this.#tell = tell
  }

  /** The count of a channel has changed; the last value of a burst is told in the end. */
  changed(app: App, channel: ChannelName, count: number): void {
    if (!app.subscriptionCount || kindOf(channel).access === 'presence') return
    const key = JSON.stringify([app.id, channel])
    const paused = this.#pauses.get(key)
    if (count <= small) {
      this.#pauses.delete(key)
      this.#announce(app, channel, count)
    } else if (paused === undefined) {
      this.#announce(app, channel, count)
      this.#pauseFor(key, app, channel)
    } else {
      paused.latest = count
    }
  }

  /** Lets go of the timer. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#pauses.clear()
  }

  #announce(app: App, channel: ChannelName, count: number): void {
    this.#tell(app, channel, subscriptionCount(count))
    if (this.#lifecycle.listening) {
      this.#lifecycle.announce({ name: 'subscription_count', app, channel, count })
    }
  }

  #pauseFor(key: string, app: App, channel: ChannelName): void {
    this.#pauses.set(key, { app, channel, until: performance.now() + pause, latest: undefined })
    this.#timer ??= this.#wait(pause)
  }

  #wait(delay: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#timer = undefined
      this.#endPauses()
      const [next] = this.#pauses.values()
      if (next !== undefined) this.#timer ??= this.#wait(Math.max(1, next.until - performance.now()))
    }, delay).unref()
  }

  #endPauses(): void {
    // A timer may fire a fraction of a millisecond early.
    const now = performance.now() + 1
    for (const [key, { app, channel, until, latest }] of this.#pauses) {
      if (until > now) return
      this.#pauses.delete(key)
      if (latest === undefined) continue
      this.#announce(app, channel, latest)
      this.#pauseFor(key, app, channel)
    }
  }
}
