import { type Credentials, isSignedBy, secretsOf, sign } from './signature.ts'

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

/** One thing that has happened, as a webhook tells it (protocol.md 7). */
export type WebhookEvent = {
  /** Its name on the wire. */
  readonly channel: string
} & (
  | {
      /** The channel has its first subscription, has lost its last one, or kept no event for a newcomer. */
      readonly name: 'channel_occupied' | 'channel_vacated' | 'cache_miss'
    }
  | {
      /** A user has come into a presence channel, or has left it. */
      readonly name: 'member_added' | 'member_removed'
      /** Who. */
      readonly user_id: string
    }
  | {
      /** A client has sent an event. */
      readonly name: 'client_event'
      /** Name of the event. */
      readonly event: string
      /** The text that was delivered; JSON as a rule. */
      readonly data: string
      /** The connection that sent it. */
      readonly socket_id: string
      /** The member who sent it; only on presence channels. */
      readonly user_id?: string
    }
  | {
      /** The number of subscriptions of a channel has changed. */
      readonly name: 'subscription_count'
      /** How many there are now. */
      readonly subscription_count: number
    }
)

/** The body of a webhook. */
export interface Webhook {
  /** When it was made, in Unix milliseconds. */
  readonly time_ms: number
  /** What has happened, in order. */
  readonly events: readonly WebhookEvent[]
}

/** Milliseconds after its `time_ms` for which receivers believe a webhook. */
export const webhookLifetime = 300_000

/** The body of a webhook. Each event is the JSON text of a {@link WebhookEvent}, so that receivers may share it. */
export function webhookBody(timeMs: number, events: readonly string[]): string {
  return `{"time_ms":${timeMs},"events":[${events.join(',')}]}`
}

/** The headers that go with a body, in exactly the spelling and the values that SDKs compare (protocol.md 7). */
export function webhookHeaders({ key, secret }: Credentials, body: string | Uint8Array) {
  return {
    'Content-Type': 'application/json',
    'X-Pusher-Key': key,
    'X-Pusher-Signature': sign(secret, body),
  } as const
}

/** The headers of a request as Node gives them, or as `fetch` has them. */
type IncomingHeaders =
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | { get(name: string): string | null }

/**
 * The webhook in a request, by its headers and the bytes of its body as they came in; `undefined` when it was not signed
 * by the app, by either of its secrets, or is older than five minutes, as one that somebody sends again may be.
 */
export function verifyWebhook(
  app: Credentials & { readonly previousSecret?: string | undefined },
  headers: IncomingHeaders,
  body: string | Uint8Array,
): Webhook | undefined {
  const signature = headerOf(headers, 'x-pusher-signature')
  if (signature === undefined || headerOf(headers, 'x-pusher-key') !== app.key) return undefined
  const webhook = isSignedBy(secretsOf(app), body, signature) ? parseWebhook(body) : undefined
  const current = webhook && Math.abs(Date.now() - webhook.time_ms) <= webhookLifetime
  return current ? webhook : undefined
}

function headerOf(headers: IncomingHeaders, name: string): string | undefined {
  if (typeof headers.get === 'function') return headers.get(name) ?? undefined
  const found = Object.entries(headers).find(([candidate]) => candidate.toLowerCase() === name)
  return typeof found?.[1] === 'string' ? found[1] : undefined
}

/** The app signs other texts with the same secret, none of which is such an object. */
function parseWebhook(body: string | Uint8Array): Webhook | undefined {
  try {
    const value: unknown = JSON.parse(typeof body === 'string' ? body : Buffer.from(body).toString())
    return isWebhook(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Of what a server has signed, only the outline is checked. */
function isWebhook(value: unknown): value is Webhook {
  return (
    typeof value === 'object' &&
    value !== null &&
    'time_ms' in value &&
    typeof value.time_ms === 'number' &&
    'events' in value &&
    Array.isArray(value.events)
  )
}
