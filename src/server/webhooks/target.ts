import type { Credentials } from '../../protocol/signature.ts'
import { messageOf } from '../../support/errors.ts'
import type { App, WebhookEndpoint } from '../apps/app.ts'
import { checkHeaders, publicPartOf } from '../apps/app-options.ts'
import type { LifecycleEvent } from '../lifecycle.ts'
import { fits } from './fits.ts'

/** Who is told, and how: an endpoint of an app with all that its requests need. */
export interface Target {
  /** Equal for equal ways to tell: what is told in the same way goes into the same requests. */
  readonly key: string
  /** What may be said of it in a log line: neither password nor query. */
  readonly label: string
  readonly url: URL
  readonly credentials: Credentials
  readonly headers: Readonly<Record<string, string>>
  readonly wants: (event: LifecycleEvent) => boolean
}

/** Headers that no user sets: those of webhooks, and those that frame the body. */
const ownHeaders = [
  'content-type',
  'x-pusher-key',
  'x-pusher-signature',
  'content-length',
  'transfer-encoding',
  'connection',
]

/** The targets of an app, each way to tell once; an endpoint that cannot be told is handed to `unusable` with the reason. */
export function targetsOf(app: App, unusable: (reason: string) => void): readonly Target[] {
  const targets = new Map<string, Target>()
  for (const endpoint of app.webhooks) {
    try {
      const target = toTarget(app, endpoint)
      const { key, wants } = target
      const other = targets.get(key)
      targets.set(key, other ? { ...target, wants: (event) => other.wants(event) || wants(event) } : target)
    } catch (thrown) {
      unusable(messageOf(thrown))
    }
  }
  return [...targets.values()]
}

function toTarget({ id, key, secret }: App, endpoint: WebhookEndpoint): Target {
  const { events, channels } = endpoint
  const url = toUrl(endpoint.url)
  const headers = toHeaders(endpoint.headers)
  return {
    key: JSON.stringify([id, key, secret, url, headers]),
    label: publicPartOf(endpoint.url),
    url,
    credentials: { key, secret },
    headers,
    wants: ({ name, channel }) => events.includes(name) && channels.some((pattern) => fits(pattern, channel)),
  }
}

function toUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  // Not the text itself: it may hold a password.
  throw new TypeError('its URL is no http or https URL')
}

function toHeaders(given: Readonly<Record<string, string>>): Record<string, string> {
  checkHeaders(given)
  return Object.fromEntries(
    Object.entries(given).filter(([name]) => !ownHeaders.includes(name.toLowerCase())),
  )
}
