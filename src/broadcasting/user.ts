/**
 * Who is asking, as the configuration's `user` function returns it. Extended by declaration merging:
 * `declare module '@startkit/broadcasting' { interface BroadcastUser { email: string } }`.
 */
export interface BroadcastUser {
  /** Tells users apart; sent as text, as the `id` of a sign-in and the `user_id` of a member. */
  readonly id: string | number
  /** What other members of a presence channel may see; sent as `user_info`. */
  readonly info?: object | undefined
  /** Ids of users whose coming and going the user's clients are told of, up to 100; sent as `watchlist`. */
  readonly watchlist?: readonly (string | number)[] | undefined
}

/** A user in a presence channel, as a rule returns it. */
export interface PresenceMember {
  /** Sent as text, as `user_id`; connections with the same one are one member. */
  readonly id: string | number
  /** What the other members see; sent as `user_info`. */
  readonly info?: object | undefined
}

/** The request types of the web frameworks in use; each integration adds its own by declaration merging. */
// biome-ignore lint/suspicious/noEmptyInterface: integrations fill it
export interface BroadcastRequests {}

/** The web framework's request, as `user` and rules get it. */
export type BroadcastRequest = keyof BroadcastRequests extends never
  ? unknown
  : BroadcastRequests[keyof BroadcastRequests]
