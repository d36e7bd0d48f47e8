import { events, isReservedEvent } from '../protocol/events.ts'
import { isPromise } from '../support/awaitable.ts'
import { messageOf } from '../support/errors.ts'
import { attempt } from './attempt.ts'
import type { BroadcastMessage } from './broadcast-events.ts'
import { type ChannelState, initialChannelState, type Member } from './channel-state.ts'
import { SubscriptionFailed } from './errors.ts'
import type { Pusher, PusherChannel } from './pusher.ts'

/** Who watches a channel; each observer keeps it subscribed. */
export interface ChannelObserver {
  /** An event arrived; never one of the protocol itself. */
  onMessage?(message: BroadcastMessage): void
  /** The channel's state has been replaced; the one at the start is `channelState()` of the client. */
  onState?(state: ChannelState): void
}

/** Who sent an event. */
export interface Sender {
  /** The member behind a client event on a presence channel, vouched for by the server; otherwise absent. */
  readonly userId: string | undefined
}

/** Hears one event of a channel. */
export type EventListener = (payload: unknown, sender: Sender) => void

// What pusher-js makes of the protocol's internal events.
const subscribed = 'pusher:subscription_succeeded'
const memberAdded = 'pusher:member_added'
const memberRemoved = 'pusher:member_removed'

/** This page's one subscription to a channel, shared by all who watch it; what they throw is reported, not thrown. */
export class Subscription {
  readonly #name: string
  readonly #pusher: Pusher
  readonly #report: (error: unknown) => void
  readonly #observers = new Set<ChannelObserver>()
  readonly #channel: PusherChannel | undefined
  #state: ChannelState = initialChannelState

  constructor(name: string, pusher: Pusher, report: (error: unknown) => void) {
    this.#name = name
    this.#pusher = pusher
    this.#report = report
    try {
      // Made before it is subscribed, since a custom authorization handler may answer at once.
      this.#channel = pusher.channels.add(name, pusher)
      this.#channel.bind_global((event, data) => this.#receive(event, data))
      answerForFailures(this.#channel, report)
    } catch (thrown) {
      // An encrypted channel without encryption, or a name that pusher-js keeps for itself.
      this.#failWith(thrown)
    }
    this.#subscribe()
  }

  get state(): ChannelState {
    return this.#state
  }

  /** Adds an observer until the returned function is called. */
  observe(observer: ChannelObserver): () => void {
    this.#observers.add(observer)
    return () => this.#observers.delete(observer)
  }

  /** Adds a listener for one event until the returned function is called. */
  listen(event: string, listener: EventListener): () => void {
    let active = true
    // pusher-js still calls a callback that is removed while the event is on its way.
    const callback = (data: unknown, metadata?: { user_id?: string }) => {
      if (active) attempt(() => listener(data, { userId: metadata?.user_id }), this.#report)
    }
    this.#channel?.bind(event, callback)
    return () => {
      active = false
      this.#channel?.unbind(event, callback)
    }
  }

  /** Sends a client event; `false` when it could not be sent because the channel is not subscribed at the moment. */
  whisper(event: string, data: unknown): boolean {
    return this.#channel?.subscribed === true && this.#channel.trigger(event, data)
  }

  /** The connection is gone; pusher-js subscribes again by itself as soon as there is another. */
  interrupt(): void {
    if (this.#channel && this.#state.status.state !== 'subscribing') {
      this.#setState({ ...this.#state, status: initialChannelState.status })
    }
  }

  /** Asks again for what has been refused: the user may have signed in meanwhile. */
  retry(): void {
    if (this.#state.status.state !== 'failed') return
    this.interrupt()
    this.#subscribe()
  }

  /** Leaves the channel; `false`, and nothing happens, while the server's answer is outstanding. */
  close(): boolean {
    // What pusher-js leaves before the answer, it joins again by itself after the next reconnect.
    if (this.#channel?.subscriptionPending) return false
    this.#channel?.unbind_all()
    this.#pusher.unsubscribe(this.#name)
    return true
  }

  #subscribe(): void {
    if (!this.#channel) return
    try {
      this.#pusher.subscribe(this.#name)
    } catch (thrown) {
      this.#channel.subscriptionPending = false
      this.#failWith(thrown)
    }
  }

  #receive(event: string, data: unknown): void {
    switch (event) {
      case subscribed:
        this.#setState({ status: { state: 'subscribed' }, ...this.#roster() })
        break
      case memberAdded:
      case memberRemoved:
        this.#setState({ ...this.#state, ...this.#roster() })
        break
      case events.subscriptionError:
        this.#refuse(data)
        break
      default:
        if (!isReservedEvent(event)) this.#deliver({ event, data, receivedAt: Date.now() })
    }
  }

  #refuse(data: unknown): void {
    // pusher-js leaves it pending after a refusal by the server, and would never ask again (protocol.md 2.6).
    if (this.#channel) this.#channel.subscriptionPending = false
    // The auth endpoint's refusal as pusher-js puts it, or the server's own; both have this shape.
    const { error, status } = Object(data) as { error?: unknown; status?: unknown }
    const reason = typeof error === 'string' ? error : 'no reason was given'
    this.#fail(new SubscriptionFailed(this.#name, reason, typeof status === 'number' ? status : undefined))
  }

  #failWith(thrown: unknown): void {
    this.#fail(new SubscriptionFailed(this.#name, messageOf(thrown), undefined, { cause: thrown }))
  }

  #fail(error: SubscriptionFailed): void {
    this.#setState({ ...initialChannelState, status: { state: 'failed', error } })
    this.#report(error)
  }

  #roster(): Pick<ChannelState, 'members' | 'me'> {
    const members: Member[] = []
    this.#channel?.members?.each(({ id, info }) => members.push({ id, info }))
    const myId = String(this.#channel?.members?.myID)
    return { members, me: members.find(({ id }) => id === myId) }
  }

  #setState(state: ChannelState): void {
    this.#state = state
    for (const observer of this.#observers) attempt(() => observer.onState?.(state), this.#report)
  }

  #deliver(message: BroadcastMessage): void {
    for (const observer of this.#observers) attempt(() => observer.onMessage?.(message), this.#report)
  }
}

/**
 * Makes a refusal of what a handler of the options throws: pusher-js would wait for its answer for ever. What it throws
 * after its answer refuses nothing any more, and is reported.
 */
function answerForFailures(channel: PusherChannel, report: (error: unknown) => void): void {
  const authorize = channel.authorize?.bind(channel)
  if (authorize === undefined) return
  channel.authorize = (socketId, callback) => {
    let answered = false
    const answer = (error: Error | null, data: object | null) => {
      answered = true
      callback(error, data)
    }
    const fail = (thrown: unknown) => (answered ? report(thrown) : answer(new Error(messageOf(thrown)), null))
    try {
      const returned = authorize(socketId, answer)
      if (isPromise(returned)) returned.then(undefined, fail)
    } catch (thrown) {
      fail(thrown)
    }
  }
}
