import type { Member } from '../../protocol/messages.ts'
import type { Connection } from '../connection.ts'
import type { Frame } from '../frame.ts'
import type { Channel } from './channel.ts'

/** A frame that waits for the answer to a subscribe; with a position above 0 it may be in the log, too. */
export interface HeldFrame {
  readonly frame: Frame
  readonly position: number
}

const nothing: readonly HeldFrame[] = []

/** One connection in one channel. Only {@link Channel} changes `state`: joining → live → left, or joining → left. */
export class Subscription {
  readonly connection: Connection
  readonly channel: Channel
  /** Who it is, in a presence channel. */
  readonly member: Member | undefined
  state: 'joining' | 'live' | 'left' = 'joining'
  /** Answers owed once it is live: one, and one for each subscribe that arrived meanwhile. */
  answers = 1
  /** Channel events that arrived while it was joining. */
  #held: HeldFrame[] | undefined

  constructor(connection: Connection, channel: Channel, member: Member | undefined) {
    this.connection = connection
    this.channel = channel
    this.member = member
  }

  /** Keeps a frame until the subscription is live. */
  hold(frame: Frame, position: number): void {
    this.#held ??= []
    this.#held.push({ frame, position })
    this.connection.heldBytes += frame.length
  }

  /** Gives back what was held; from here on nothing is. */
  release(): readonly HeldFrame[] {
    const held = this.#held ?? nothing
    this.#held = undefined
    for (const { frame } of held) this.connection.heldBytes -= frame.length
    return held
  }
}
