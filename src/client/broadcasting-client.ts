import { ConfigurationError } from '../support/errors.ts'
import { attempt } from './attempt.ts'
import type { PayloadOf } from './broadcast-events.ts'
import { type ChannelState, initialChannelState } from './channel-state.ts'
import { Comeback } from './comeback.ts'
import {
  type ConnectionStatus,
  connectionErrorOf,
  initialStatus,
  isAboutMessage,
  isFinal,
  statusOf,
} from './connection-status.ts'
import type { ConnectionError } from './errors.ts'
import { saysOffline } from './offline.ts'
import type { Pusher, PusherOptions } from './pusher.ts'
import { type BroadcastingSettings, pusherOptions, resolveBroadcastingSettings } from './settings.ts'
import { SharedMap } from './shared-map.ts'
import { type ChannelObserver, type Sender, Subscription } from './subscription.ts'
import { unanswered } from './unanswered.ts'

/**
 * One connection for all who use the client. It is made with the first subscription and ended when the last one is;
 * a channel that several observe is subscribed once, and left when all of them have been gone for `linger` milliseconds.
 * A connection that is lost is tried again soon, after one to two seconds, then after longer, up to fifteen.
 */
export class BroadcastingClient {
  #settings: Required<BroadcastingSettings>
  #pusher: Pusher | undefined
  #refusal: ConnectionError | undefined
  /** The server has said something, or the page has been told that it does not. */
  #heard = false
  #status: ConnectionStatus = initialStatus
  readonly #statusObservers = new Set<(status: ConnectionStatus) => void>()
  readonly #report = (error: unknown) => this.#settings.onError(error)
  readonly #subscriptions = new SharedMap<Subscription>({
    open: (channel) => new Subscription(channel, this.#connect(), this.#report),
    close: (subscription) => subscription.close(),
    linger: () => this.#settings.linger,
    emptied: () => this.#pusher?.disconnect(),
  })

  constructor(settings: BroadcastingSettings = {}) {
    this.#settings = resolveBroadcastingSettings(settings)
  }

  /** Replaces all settings; throws a {@link ConfigurationError} while a channel is subscribed, for they come too late. */
  configure(settings: BroadcastingSettings): void {
    if (this.#subscriptions.size > 0) {
      throw new ConfigurationError(
        'The connection is in use already: configure broadcasting before the first component renders, ' +
          'or give a part of the page its own connection with a BroadcastingProvider',
      )
    }
    this.#settings = resolveBroadcastingSettings(settings)
    this.#pusher = undefined
    this.#setStatus(initialStatus)
  }

  /** The state of the connection now; {@link onStatus} tells of changes. */
  get status(): ConnectionStatus {
    return this.#status
  }

  /** The connection's id while it is connected: what `X-Socket-ID` of a request must say for `toOthers()`. */
  get socketId(): string | undefined {
    return this.#status.state === 'connected' ? this.#status.socketId : undefined
  }

  /** Calls back after each change of the status, until the returned function is called; does not connect. */
  onStatus(observer: (status: ConnectionStatus) => void): () => void {
    this.#statusObservers.add(observer)
    return () => this.#statusObservers.delete(observer)
  }

  /** Subscribes to a channel, by its name on the wire, until the returned function is called. */
  subscribe(channel: string, observer: ChannelObserver = {}): () => void {
    return this.#watch(channel, (subscription) => subscription.observe(observer))
  }

  /** Subscribes to one event of a channel until the returned function is called. */
  listen<Payload = unknown, Event extends string = string>(
    channel: string,
    event: Event,
    listener: (payload: PayloadOf<Event, Payload>, sender: Sender) => void,
  ): () => void {
    return this.#watch(channel, (subscription) =>
      subscription.listen(event, (payload, sender) =>
        // What an event carries is known to who publishes it; nothing here can check it.
        listener(payload as PayloadOf<Event, Payload>, sender),
      ),
    )
  }

  /** What is known of a channel at the moment; the same object until it changes. */
  channelState(channel: string): ChannelState {
    return this.#subscriptions.get(channel)?.state ?? initialChannelState
  }

  /** Sends a client event to the others in a channel; `false` when the channel is not subscribed at the moment. */
  whisper(channel: string, event: `client-${string}`, data?: unknown): boolean {
    return this.#subscriptions.get(channel)?.whisper(event, data) ?? false
  }

  #watch(channel: string, attach: (subscription: Subscription) => () => void): () => void {
    const known = this.#subscriptions.get(channel)
    // Before the channel is opened: an observer of the status may do so when it hears of the connection.
    if (known === undefined) this.#connect()
    else known.retry()
    const { value: subscription, release } = this.#subscriptions.use(channel)
    const detach = attach(subscription)
    return () => {
      detach()
      release()
    }
  }

  #connect(): Pusher {
    if (this.#pusher === undefined) return this.#createPusher()
    // It has been idle, or the server has refused it; somebody wants it now.
    if (this.#pusher.connection.state === 'disconnected') this.#pusher.connect()
    return this.#pusher
  }

  #createPusher(): Pusher {
    const { key, createPusher } = this.#settings
    const options = pusherOptions(this.#settings, globalThis.location)
    const pusher = createPusher(key, options)
    this.#pusher = pusher
    this.#heard = false
    const comeback = new Comeback(pusher, () => this.#followState(pusher, comeback.state))
    pusher.connection.bind('state_change', () => this.#warn(pusher, options))
    pusher.connection.bind('error', (emitted) => this.#followError(emitted))
    this.#followState(pusher, comeback.state)
    return pusher
  }

  #followState({ connection }: Pusher, state: string): void {
    if (state === 'connecting' || state === 'connected') this.#refusal = undefined
    if (state === 'disconnected' && this.#refusal) this.#report(this.#refusal)
    this.#setStatus(statusOf(state, connection.socket_id, this.#refusal))
    if (state === 'connecting' || state === 'disconnected') {
      for (const subscription of this.#subscriptions.values()) subscription.interrupt()
    }
  }

  #warn({ connection: { state } }: Pusher, options: PusherOptions): void {
    const isAmiss = state === 'unavailable' && !this.#heard && !saysOffline()
    if (isAmiss) console.warn(unanswered(this.#settings.key, options, globalThis.location))
    if (isAmiss || state === 'connected') this.#heard = true
  }

  #followError(emitted: unknown): void {
    const error = connectionErrorOf(emitted)
    if (error) this.#heard = true
    if (error && isFinal(error)) this.#refusal = error
    else if (error && isAboutMessage(error)) this.#report(error)
  }

  #setStatus(status: ConnectionStatus): void {
    this.#status = status
    for (const observer of this.#statusObservers) attempt(() => observer(status), this.#report)
  }
}
