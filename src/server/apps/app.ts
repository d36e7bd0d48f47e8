import type { WebhookName } from '../../protocol/webhook.ts'

/** Who may send client events: members of that private or presence channel, subscribers of any channel, or nobody. */
export type ClientEventMode = 'members' | 'all' | 'none'

/** The limits and switches of an app; durations in seconds, sizes in bytes, `0` is "no limit" for rates and quotas. */
export interface AppSettings {
  readonly allowedOrigins: readonly string[]
  readonly clientEvents: ClientEventMode
  readonly activityTimeout: number
  readonly pingInterval: number
  readonly pongTimeout: number
  readonly maxConnections: number
  readonly maxMessageSize: number
  readonly maxClientEventSize: number
  readonly maxEventSize: number
  readonly maxRequestSize: number
  readonly maxChannelName: number
  readonly maxChannelsPerConnection: number
  readonly maxChannelsPerEvent: number
  readonly maxBatch: number
  readonly presenceMaxMembers: number
  readonly presenceMaxInfo: number
  readonly presenceMaxUserId: number
  readonly clientEventRate: number
  readonly messageRate: number
  readonly apiRate: number
  readonly cacheTtl: number
  readonly subscriptionCount: boolean
  readonly userAuthTimeout: number
}

/** A URL that is told what happens in the channels of an app (protocol.md 7). */
export interface WebhookEndpoint {
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
  readonly id: string
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
  readonly webhooks: readonly WebhookEndpoint[]
}
