import { saysOffline } from './offline.ts'
import type { Pusher } from './pusher.ts'

/** The least milliseconds that the first attempt gets; each that follows gets twice as many, up to the most. */
const [first, most] = [1000, 7500]
/** Attempts in vain after which the connection is called unavailable: about the ten seconds of pusher-js. */
const enough = 3

/**
 * Brings a connection that was once there back soon after it is lost: pusher-js, once it has met a closed port, waits
 * for 15 seconds, then longer. What the server has refused for good is left alone, and so is a page that is offline.
 */
export class Comeback {
  readonly #pusher: Pusher
  readonly #changed: () => void
  #state: string
  #wasConnected = false
  #wasOffline = false
  #isRestarting = false
  #attempts = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  /** Follows the connection from now on; `changed` is called after each change of {@link state}. */
  constructor(pusher: Pusher, changed: () => void) {
    this.#pusher = pusher
    this.#changed = changed
    this.#state = pusher.connection.state
    pusher.connection.bind('state_change', () => this.#follow())
    pusher.connection.bind('error', () => this.#answered())
  }

  /** The connection's state as pusher-js would tell it if it went on by itself: never `disconnected` in between. */
  get state(): string {
    return this.#state
  }

  #follow(): void {
    if (this.#isRestarting) return
    const { state } = this.#pusher.connection
    if (state === 'connected') this.#wasConnected = true
    if (state === 'connecting') this.#wait()
    else if (state !== 'unavailable') this.#stop()
    this.#tell(state)
  }

  /** A server that answers the attempt with a code has said when to return, which pusher-js does by itself. */
  #answered(): void {
    if (this.#timer === undefined) return
    this.#attempts++
    this.#wait()
  }

  #wait(): void {
    clearTimeout(this.#timer)
    if (!this.#wasConnected) return
    const least = Math.min(first * 2 ** this.#attempts, most)
    // Up to twice as long, so that all the pages of a server do not come at once.
    this.#timer = setTimeout(() => this.#giveUp(), least * (1 + Math.random()))
  }

  #stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#attempts = 0
    this.#wasOffline = false
  }

  #giveUp(): void {
    const isOffline = saysOffline()
    // When the network is back, pusher-js itself begins an attempt, which then gets its time.
    if (!isOffline && !this.#wasOffline) this.#restart()
    this.#wasOffline = isOffline
    this.#wait()
  }

  #restart(): void {
    this.#attempts++
    this.#isRestarting = true
    this.#pusher.disconnect()
    this.#pusher.connect()
    this.#isRestarting = false
    if (this.#attempts >= enough) this.#tell('unavailable')
  }

  #tell(state: string): void {
    if (this.#state === state) return
    this.#state = state
    this.#changed()
  }
}
