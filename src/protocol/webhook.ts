/** What webhooks tell, by the names that Pusher gives it (protocol.md 7). */
export const webhookNames = [
  'channel_occupied',
  'channel_vacated',
  'member_added',
  'member_removed',
  'client_event',
  'cache_miss',
  'subscription_count',
] as const

/** One of {@link webhookNames}. */
export type WebhookName = (typeof webhookNames)[number]
