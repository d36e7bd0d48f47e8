import { z } from 'zod'
import { bindSettings, credentialSettings, publicSettings } from '../protocol/address.ts'
import { type WebhookName, webhookNames } from '../protocol/webhook.ts'
import { loggerSettings } from '../support/logger-settings.ts'
import { isOriginPattern, originPatterns } from '../support/origin.ts'
import {
  choice,
  flag,
  integer,
  type Kind,
  list,
  number,
  optional,
  optionalSecret,
  optionalText,
  pattern,
  positive,
  secret,
  setting,
} from '../support/settings.ts'

const urls: Kind<readonly string[]> = {
  ...list,
  schema: z.array(z.url({ protocol: /^https?$/ })),
  allowed: 'a comma list of http or https URLs',
  // One of them may hold a password.
  secret: true,
}

const origins: Kind<readonly string[]> = {
  ...list,
  schema: z.array(z.string().refine(isOriginPattern, `expected ${originPatterns}`)),
  allowed: `a comma list of ${originPatterns}`,
}

const webhookEvents: Kind<readonly WebhookName[]> = {
  ...list,
  schema: z.array(z.enum(webhookNames)),
  allowed: `a comma list out of ${webhookNames.join(', ')}`,
}

/** The limits of an app; the environment configures those of the default app. */
export const appSettings = {
  allowedOrigins: setting(
    'REVERB_ALLOWED_ORIGINS',
    origins,
    ['*'],
    'Origins that may connect: hosts, `*.example.com` allowed, optionally with scheme and port; others get 4009',
  ),
  clientEvents: setting(
    'REVERB_CLIENT_EVENTS',
    choice('members', 'all', 'none'),
    'members',
    'Who may send client events: `members` of that private or presence channel, subscribers of `all` channels, `none`',
  ),
  activityTimeout: setting(
    'REVERB_ACTIVITY_TIMEOUT',
    integer(1),
    120,
    'Seconds of silence after which a client pings; told to clients',
  ),
  pingInterval: setting(
    'REVERB_PING_INTERVAL',
    positive,
    60,
    'Seconds of inbound silence after which the server sends a WebSocket ping',
  ),
  pongTimeout: setting(
    'REVERB_PONG_TIMEOUT',
    positive,
    30,
    'Seconds after its ping that the server waits for anything inbound before it closes with 4201',
  ),
  maxConnections: setting(
    'REVERB_MAX_CONNECTIONS',
    integer(0),
    0,
    'Connections of the app; the next one gets 4004; 0: no limit',
  ),
  maxMessageSize: setting(
    'REVERB_MAX_MESSAGE_SIZE',
    integer(1, 2_147_483_647),
    102_400,
    'Bytes of one message from a client; 1009 above it',
  ),
  maxClientEventSize: setting(
    'REVERB_MAX_CLIENT_EVENT_SIZE',
    integer(1),
    10_240,
    'Bytes of `data` of one client event; 4301 above it',
  ),
  maxEventSize: setting(
    'REVERB_MAX_EVENT_SIZE',
    integer(1),
    102_400,
    'Bytes of `data` of one event published by the backend; 413 above it',
  ),
  maxRequestSize: setting(
    'REVERB_MAX_REQUEST_SIZE',
    integer(1),
    1_048_576,
    'Bytes of the body of an HTTP API request; 413 above it',
  ),
  maxChannelName: setting('REVERB_MAX_CHANNEL_NAME', integer(1, 200), 200, 'Characters of a channel name'),
  maxChannelsPerConnection: setting(
    'REVERB_MAX_CHANNELS_PER_CONNECTION',
    integer(0),
    200,
    'Subscriptions of one connection; 0: no limit',
  ),
  maxChannelsPerEvent: setting(
    'REVERB_MAX_CHANNELS_PER_EVENT',
    integer(1),
    100,
    'Channels of one publish request',
  ),
  maxBatch: setting('REVERB_MAX_BATCH', integer(1), 10, 'Events of one batch request'),
  presenceMaxMembers: setting(
    'REVERB_PRESENCE_MAX_MEMBERS',
    integer(0),
    100,
    'Members of a presence channel; 0: no limit',
  ),
  presenceMaxInfo: setting(
    'REVERB_PRESENCE_MAX_INFO',
    integer(2),
    2048,
    'Bytes of the `user_info` of a member',
  ),
  presenceMaxUserId: setting(
    'REVERB_PRESENCE_MAX_USER_ID',
    integer(1),
    128,
    'Characters of the `user_id` of a member',
  ),
  clientEventRate: setting(
    'REVERB_CLIENT_EVENT_RATE',
    number,
    10,
    'Client events per second and connection; 4301 above it; 0: no limit',
  ),
  messageRate: setting(
    'REVERB_MESSAGE_RATE',
    number,
    500,
    'Messages of any kind per second and connection; excess gets 4301, ten seconds of it 4100; 0: no limit',
  ),
  apiRate: setting(
    'REVERB_API_RATE',
    number,
    0,
    'HTTP API requests per second; then 429 with `Retry-After`; 0: no limit',
  ),
  cacheTtl: setting(
    'REVERB_CACHE_TTL',
    positive,
    1800,
    'Seconds that the last event of a cache channel is kept',
  ),
  subscriptionCount: setting(
    'REVERB_SUBSCRIPTION_COUNT',
    flag,
    false,
    'Tell subscribers how many they are (`pusher:subscription_count`)',
  ),
  userAuthTimeout: setting(
    'REVERB_USER_AUTH_TIMEOUT',
    number,
    0,
    'Seconds in which a client must sign in or join a private or presence channel; then 4009; 0: no limit',
  ),
} as const

/** Every setting of the server; docs/reference/configuration.md and `reverb start --help` are made from it. */
export const serverSettings = {
  ...credentialSettings,
  ...bindSettings,
  tlsCert: setting('REVERB_TLS_CERT', optionalText, undefined, 'PEM file of the certificate'),
  tlsKey: setting('REVERB_TLS_KEY', optionalText, undefined, 'PEM file of the key of the certificate'),
  tlsPassphrase: setting(
    'REVERB_TLS_PASSPHRASE',
    optionalSecret,
    undefined,
    'Passphrase of the key of the certificate',
  ),
  ...publicSettings,
  trustProxy: setting(
    'REVERB_TRUST_PROXY',
    integer(0),
    0,
    'Number of proxy hops whose `X-Forwarded-*` are believed',
  ),
  connectRate: setting(
    'REVERB_CONNECT_RATE',
    number,
    0,
    'New connections per second and address; excess waits, beyond 1000 waiting it gets 4100; 0: no limit',
  ),
  sendBuffer: setting(
    'REVERB_SEND_BUFFER',
    integer(1),
    1_048_576,
    'Bytes waiting for one slow client before it is closed with 4100',
  ),
  drain: setting(
    'REVERB_DRAIN',
    number,
    20,
    'At most so many seconds over which connections are closed at shutdown',
  ),
  scalingDriver: setting(
    'REVERB_SCALING_DRIVER',
    choice('none', 'cluster', 'redis', 'nats'),
    'none',
    'What joins several nodes: `redis`, `nats`, `cluster` for the processes of one machine, or `none`',
  ),
  redisUrl: setting(
    'REDIS_URL',
    secret,
    'redis://127.0.0.1:6379',
    'Where Redis is, for the scaling driver `redis`',
  ),
  natsUrl: setting(
    'NATS_URL',
    secret,
    'nats://127.0.0.1:4222',
    'Where NATS is (servers of one cluster with commas between), for the scaling driver `nats`',
  ),
  scalingPrefix: setting(
    'REVERB_SCALING_PREFIX',
    pattern(/^[\w-]{1,64}$/, '1 to 64 letters, digits, _ and -'),
    'reverb',
    'Prefix of every key and subject; installations with different ones never see each other',
  ),
  nodeId: setting(
    'REVERB_NODE_ID',
    optional(pattern(/^[\w.:-]{1,64}$/, '1 to 64 letters, digits and _ . : -')),
    undefined,
    'Name of this node in logs; random when none is given',
  ),
  nodeTtl: setting(
    'REVERB_NODE_TTL',
    positive,
    10,
    'Seconds after which a silent node counts as dead and its members leave',
  ),
  webhookUrl: setting(
    'REVERB_WEBHOOK_URL',
    urls,
    [],
    'URLs that are told what happens in channels, by signed POST requests',
  ),
  webhookEvents: setting(
    'REVERB_WEBHOOK_EVENTS',
    webhookEvents,
    webhookNames,
    'What the webhook URLs are told',
  ),
  webhookBatchMs: setting(
    'REVERB_WEBHOOK_BATCH_MS',
    integer(0),
    250,
    'Milliseconds that events are gathered for one request, per URL; 0: not at all',
  ),
  ...loggerSettings,
  debug: setting('REVERB_DEBUG', flag, false, 'Every message on the log, secrets and auth strings masked'),
  ...appSettings,
} as const
