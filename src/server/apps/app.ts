import type { WebhookName } from '../../protocol/webhook.ts'
import type { Described, Values } from '../../support/settings.ts'
import type { appSettings } from '../settings.ts'
import type { AppLimits } from './app-limits.ts'

/** The limits and switches of an app, each of them given or default. */
export type AppSettings = Described<Values<typeof appSettings>, AppLimits>

/** A URL that is told what happens in the channels of an app (protocol.md 7). */
export interface WebhookEndpoint {
  /** Where the signed POST requests go. */
  readonly url: string
  /** The names of what it is told. */
  readonly events: readonly WebhookName[]
  /** Patterns of the channels it is told about: names in which `*` stands for anything. */
  readonly channels: readonly string[]
  /** Further headers of each request. */
  readonly headers: Readonly<Record<string, string>>
}

/** A Pusher app: its credentials, its limits; everything of one app is apart from every other. */
export interface App extends AppSettings {
  /** Stands in the paths of the HTTP API. */
  readonly id: string
  /** What clients name it by. */
  readonly key: string
  /** Signs and verifies. */
  readonly secret: string
  /** A second secret that is accepted wherever one is verified, while secrets are exchanged. */
  readonly previousSecret: string | undefined
  /** `false` refuses every connection with 4003 and every request with 403. */
  readonly enabled: boolean
  /** Refuses plain connections with 4000. */
  readonly requireTls: boolean
  /** Refuses connections that name no protocol version with 4008. */
  readonly strictProtocol: boolean
  /** Who is told what happens in its channels. */
  readonly webhooks: readonly WebhookEndpoint[]
}
