import { webhookLifetime } from '../../protocol/webhook.ts'

/** When webhooks are tried, and for how long; all in milliseconds. */
export interface WebhookTimings {
  /** A try without an answer ends after this. */
  readonly patience: number
  /** Between the first try and the second; doubled for each further one. */
  readonly firstPause: number
  /** Between two tries at most. */
  readonly longestPause: number
  /** After its `time_ms` nothing is tried any more. */
  readonly lifetime: number
  /** In which a channel has one `cache_miss`. */
  readonly missPause: number
}

/** What protocol.md 7 says; the lifetime leaves room for a clock that is a little ahead. */
export const webhookTimings: WebhookTimings = {
  patience: 10_000,
  firstPause: 1_000,
  longestPause: 60_000,
  lifetime: webhookLifetime - 10_000,
  missPause: 5_000,
}

/** Milliseconds between a failed try and the next; a little by chance, so that not all come back in the same moment. */
export function pauseAfter(tries: number, { firstPause, longestPause }: WebhookTimings): number {
  return Math.min(longestPause, firstPause * 2 ** (tries - 1)) * (1 - Math.random() / 10)
}
