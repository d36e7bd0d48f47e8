/** What a client does after a close with the code, as pusher-js does it (protocol.md 1.8). */
export type Reconnect = 'never' | 'after a pause' | 'at once' | 'stays open'

interface CodeRow {
  readonly text: string
  readonly reconnect: Reconnect
}

/** Every numeric code this server sends; nothing above 4299 ever closes a connection (protocol.md 1.7). */
export const codes = {
  4000: { text: 'Application only accepts TLS connections', reconnect: 'never' },
  4001: { text: 'Application does not exist', reconnect: 'never' },
  4003: { text: 'Application disabled', reconnect: 'never' },
  4004: { text: 'Application is over its connection quota', reconnect: 'never' },
  4005: { text: 'Path not found', reconnect: 'never' },
  4007: { text: 'Unsupported protocol version', reconnect: 'never' },
  4008: { text: 'No protocol version supplied', reconnect: 'never' },
  4009: { text: 'Connection is unauthorized', reconnect: 'never' },
  4100: { text: 'Over capacity, try again later', reconnect: 'after a pause' },
  4200: { text: 'Server is restarting, reconnect', reconnect: 'at once' },
  4201: { text: 'Pong reply not received in time', reconnect: 'at once' },
  4301: { text: 'Refused: over a limit', reconnect: 'stays open' },
  4302: { text: 'Watchlist is over its limit', reconnect: 'stays open' },
} as const satisfies Record<number, CodeRow>

/** A code of the table. */
export type PusherCode = keyof typeof codes

/** A code with which a connection may be closed. */
export type CloseCode = {
  [Code in PusherCode]: (typeof codes)[Code]['reconnect'] extends 'stays open' ? never : Code
}[PusherCode]

/** The `type` and `status` of a failed subscription (protocol.md 2.6). */
export const subscriptionErrors = {
  unauthorized: { type: 'AuthError', status: 401 },
  invalidName: { type: 'LimitReached', status: 4009 },
  tooMany: { type: 'LimitReached', status: 4100 },
  tooLarge: { type: 'LimitReached', status: 4301 },
  internal: { type: 'ServerError', status: 4302 },
} as const

/** Why a subscription failed: a row of {@link subscriptionErrors}. */
export type SubscriptionFailure = keyof typeof subscriptionErrors
