import { appKey, hostname, prefix } from '../../protocol/address.ts'
import {
  choice,
  integer,
  optional,
  optionalSecret,
  optionalText,
  pattern,
  positive,
  setting,
} from '../../support/settings.ts'

/** How long a server elsewhere may take; options of a connection of driver `reverb` or `pusher`. */
export const httpSettings = {
  connectTimeout: setting(
    'REVERB_HTTP_CONNECT_TIMEOUT',
    positive,
    2,
    'Seconds in which a server elsewhere must take a connection',
  ),
  timeout: setting(
    'REVERB_HTTP_TIMEOUT',
    positive,
    10,
    'Seconds in which a server elsewhere must have answered a request, attempts after the first one included',
  ),
} as const

/** Where driver `pusher` sends to; options of its connection. */
export const pusherSettings = {
  appId: setting('PUSHER_APP_ID', optionalText, undefined, 'Id of the app'),
  key: setting('PUSHER_APP_KEY', optional(appKey), undefined, 'Key of the app'),
  secret: setting(
    'PUSHER_APP_SECRET',
    optionalSecret,
    undefined,
    'Secret of the app, which signs the requests',
  ),
  cluster: setting(
    'PUSHER_APP_CLUSTER',
    optional(pattern(/^[\w-]+$/, 'the name of a cluster such as eu')),
    undefined,
    'Cluster of pusher.com that the app lives in',
  ),
  host: setting('PUSHER_HOST', optional(hostname), undefined, 'Any compatible host in place of a cluster'),
  port: setting(
    'PUSHER_PORT',
    optional(integer(1, 65_535)),
    undefined,
    'Port of the host; without it the usual one of the scheme',
  ),
  scheme: setting('PUSHER_SCHEME', choice('http', 'https'), 'https', 'Scheme of the host'),
  path: setting('PUSHER_PATH', prefix, '', 'Path prefix on the host, before `/apps`'),
} as const
