/** Who may send client events: members of that private or presence channel, subscribers of any channel, or nobody. */
export type ClientEventMode = 'members' | 'all' | 'none'

/**
 * The limits and switches of an app: options of the server, for every app, and of one app of several, where it differs.
 * Durations are seconds, sizes bytes; `0` is "no limit" for rates and quotas.
 */
export interface AppLimits {
  /**
   * Origins that may connect: hosts, `*.example.com` allowed, optionally with scheme and port; others get 4009.
   * In the environment: `REVERB_ALLOWED_ORIGINS`.
   * @default ['*']
   */
  readonly allowedOrigins?: readonly string[]
  /**
   * Who may send client events: `members` of that private or presence channel, subscribers of `all` channels,
   * `none`.
   * In the environment: `REVERB_CLIENT_EVENTS`.
   * @default 'members'
   */
  readonly clientEvents?: ClientEventMode
  /**
   * Seconds of silence after which a client pings; told to clients.
   * In the environment: `REVERB_ACTIVITY_TIMEOUT`.
   * @default 120
   */
  readonly activityTimeout?: number
  /**
   * Seconds of inbound silence after which the server sends a WebSocket ping.
   * In the environment: `REVERB_PING_INTERVAL`.
   * @default 60
   */
  readonly pingInterval?: number
  /**
   * Seconds after its ping that the server waits for anything inbound before it closes with 4201.
   * In the environment: `REVERB_PONG_TIMEOUT`.
   * @default 30
   */
  readonly pongTimeout?: number
  /**
   * Connections of the app; the next one gets 4004; 0: no limit.
   * In the environment: `REVERB_MAX_CONNECTIONS`.
   * @default 0
   */
  readonly maxConnections?: number
  /**
   * Bytes of one message from a client; 1009 above it.
   * In the environment: `REVERB_MAX_MESSAGE_SIZE`.
   * @default 102400
   */
  readonly maxMessageSize?: number
  /**
   * Bytes of `data` of one client event; 4301 above it.
   * In the environment: `REVERB_MAX_CLIENT_EVENT_SIZE`.
   * @default 10240
   */
  readonly maxClientEventSize?: number
  /**
   * Bytes of `data` of one event published by the backend; 413 above it.
   * In the environment: `REVERB_MAX_EVENT_SIZE`.
   * @default 102400
   */
  readonly maxEventSize?: number
  /**
   * Bytes of the body of an HTTP API request; 413 above it.
   * In the environment: `REVERB_MAX_REQUEST_SIZE`.
   * @default 1048576
   */
  readonly maxRequestSize?: number
  /**
   * Characters of a channel name.
   * In the environment: `REVERB_MAX_CHANNEL_NAME`.
   * @default 200
   */
  readonly maxChannelName?: number
  /**
   * Subscriptions of one connection; 0: no limit.
   * In the environment: `REVERB_MAX_CHANNELS_PER_CONNECTION`.
   * @default 200
   */
  readonly maxChannelsPerConnection?: number
  /**
   * Channels of one publish request.
   * In the environment: `REVERB_MAX_CHANNELS_PER_EVENT`.
   * @default 100
   */
  readonly maxChannelsPerEvent?: number
  /**
   * Events of one batch request.
   * In the environment: `REVERB_MAX_BATCH`.
   * @default 10
   */
  readonly maxBatch?: number
  /**
   * Members of a presence channel; 0: no limit.
   * In the environment: `REVERB_PRESENCE_MAX_MEMBERS`.
   * @default 100
   */
  readonly presenceMaxMembers?: number
  /**
   * Bytes of the `user_info` of a member.
   * In the environment: `REVERB_PRESENCE_MAX_INFO`.
   * @default 2048
   */
  readonly presenceMaxInfo?: number
  /**
   * Characters of the `user_id` of a member.
   * In the environment: `REVERB_PRESENCE_MAX_USER_ID`.
   * @default 128
   */
  readonly presenceMaxUserId?: number
  /**
   * Client events per second and connection; 4301 above it; 0: no limit.
   * In the environment: `REVERB_CLIENT_EVENT_RATE`.
   * @default 10
   */
  readonly clientEventRate?: number
  /**
   * Messages of any kind per second and connection; excess gets 4301, ten seconds of it 4100; 0: no limit.
   * In the environment: `REVERB_MESSAGE_RATE`.
   * @default 500
   */
  readonly messageRate?: number
  /**
   * HTTP API requests per second; then 429 with `Retry-After`; 0: no limit.
   * In the environment: `REVERB_API_RATE`.
   * @default 0
   */
  readonly apiRate?: number
  /**
   * Seconds that the last event of a cache channel is kept.
   * In the environment: `REVERB_CACHE_TTL`.
   * @default 1800
   */
  readonly cacheTtl?: number
  /**
   * Tell subscribers how many they are (`pusher:subscription_count`).
   * In the environment: `REVERB_SUBSCRIPTION_COUNT`.
   * @default false
   */
  readonly subscriptionCount?: boolean
  /**
   * Seconds in which a client must sign in or join a private or presence channel; then 4009; 0: no limit.
   * In the environment: `REVERB_USER_AUTH_TIMEOUT`.
   * @default 0
   */
  readonly userAuthTimeout?: number
}
