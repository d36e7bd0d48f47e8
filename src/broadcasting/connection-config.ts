/** A way to broadcast: its driver, and what that driver needs to know. */
export type ConnectionConfig = DriverConnection | ReverbConnection | PusherConnection

/** A connection of any driver; one of your own is given every option as it stands here. */
interface DriverConnection {
  /** Name of the driver: `reverb`, `pusher`, `log`, `null`, or one that the app registers. */
  readonly driver: string
  /**
   * Key of the app that events go to, for driver `reverb`.
   * @default the first app
   */
  readonly app?: string
  /**
   * Base64 of 32 bytes, of which the keys of `private-encrypted-` channels are made.
   * @default that of the configuration
   */
  readonly encryptionMasterKey?: string
  readonly [option: string]: unknown
}

/** Driver `reverb`. */
interface ReverbConnection extends DriverConnection, HttpOptions {
  readonly driver: 'reverb'
}

/** Driver `pusher`. */
interface PusherConnection extends DriverConnection, HttpOptions, PusherServerOptions {
  readonly driver: 'pusher'
  /**
   * Counts to ask for with each event: `subscription_count`, `user_count`; a list, or its text.
   * @default none
   */
  readonly info?: readonly string[] | string
}

/** How long a server elsewhere may take: the options of `httpSettings`. */
export interface HttpOptions {
  /**
   * Seconds in which a server elsewhere must take a connection.
   * In the environment: `REVERB_HTTP_CONNECT_TIMEOUT`.
   * @default 2
   */
  readonly connectTimeout?: number
  /**
   * Seconds in which a server elsewhere must have answered a request, attempts after the first one included.
   * In the environment: `REVERB_HTTP_TIMEOUT`.
   * @default 10
   */
  readonly timeout?: number
}

/** Where driver `pusher` sends to: the options of `pusherSettings`. */
export interface PusherServerOptions {
  /**
   * Id of the app.
   * In the environment: `PUSHER_APP_ID`.
   * @default none
   */
  readonly appId?: string | undefined
  /**
   * Key of the app.
   * In the environment: `PUSHER_APP_KEY`.
   * @default none
   */
  readonly key?: string | undefined
  /**
   * Secret of the app, which signs the requests.
   * In the environment: `PUSHER_APP_SECRET`.
   * @default none
   */
  readonly secret?: string | undefined
  /**
   * Cluster of pusher.com that the app lives in.
   * In the environment: `PUSHER_APP_CLUSTER`.
   * @default none
   */
  readonly cluster?: string | undefined
  /**
   * Any compatible host in place of a cluster.
   * In the environment: `PUSHER_HOST`.
   * @default none
   */
  readonly host?: string | undefined
  /**
   * Port of the host; without it the usual one of the scheme.
   * In the environment: `PUSHER_PORT`.
   * @default none
   */
  readonly port?: number | undefined
  /**
   * Scheme of the host.
   * In the environment: `PUSHER_SCHEME`.
   * @default 'https'
   */
  readonly scheme?: 'http' | 'https'
  /**
   * Path prefix on the host, before `/apps`.
   * In the environment: `PUSHER_PATH`.
   * @default ''
   */
  readonly path?: string
}
