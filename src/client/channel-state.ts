import type { SubscriptionFailed } from './errors.ts'

/** Whether the channel's events arrive: not yet (or not while reconnecting), yes, or no and why. */
export type SubscriptionStatus =
  | {
      /** Events do not arrive yet, or not while reconnecting. */
      readonly state: 'subscribing'
    }
  | {
      /** Events arrive. */
      readonly state: 'subscribed'
    }
  | {
      /** Nothing arrives: the subscription was refused. */
      readonly state: 'failed'
      /** Why. */
      readonly error: SubscriptionFailed
    }

/** A user in a presence channel. */
export interface Member<Info = unknown> {
  /** The `user_id` that the channel rule or the sign-in gave. */
  readonly id: string
  /** What the others may see: the `user_info`. */
  readonly info: Info
}

/** What is known of a channel; replaced, never changed. */
export interface ChannelState<Info = unknown> {
  /** Whether events arrive. */
  readonly status: SubscriptionStatus
  /** Everybody who is there, this page's user included; while reconnecting those who were. Empty unless presence. */
  readonly members: readonly Member<Info>[]
  /** This page's user among the members. */
  readonly me: Member<Info> | undefined
}

/** The state of a channel that nobody has subscribed to yet. */
export const initialChannelState: ChannelState<never> = {
  status: { state: 'subscribing' },
  members: [],
  me: undefined,
}
