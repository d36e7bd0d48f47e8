import type { ChannelLike } from './channel.ts'

/** What application code broadcasts. Each method is called once per broadcast, and is synchronous. */
export abstract class BroadcastEvent {
  /** The name on the wire; one that no minifier can change. @default the name of the class */
  static readonly eventName?: string

  /** Where the event goes: a channel, or several; none at all sends nothing. */
  abstract broadcastOn(): ChannelLike | readonly ChannelLike[]

  /** The name on the wire. */
  broadcastAs(): string {
    // `constructor` has the type of every function; it is the class of this event.
    const { eventName, name } = this.constructor as typeof BroadcastEvent
    return eventName ?? name
  }

  /** What is sent, JSON throughout: by default the event's own enumerable fields, `#private` ones never. */
  broadcastWith(): unknown {
    return { ...this }
  }

  /** Whether the event is sent at all. */
  broadcastWhen(): boolean {
    return true
  }
}
