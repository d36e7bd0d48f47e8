/** Which app, where its server listens and where everybody else finds it: the options of `addressSettings`. */
export interface AddressOptions {
  /**
   * Id of the default app.
   * In the environment: `REVERB_APP_ID`.
   * @default '1'
   */
  readonly appId?: string
  /**
   * Key that clients send.
   * In the environment: `REVERB_APP_KEY`.
   * @default 'local'
   */
  readonly appKey?: string
  /**
   * Signs auth answers and HTTP API requests; the default is refused in production.
   * In the environment: `REVERB_APP_SECRET`.
   * @default 'secret'
   */
  readonly appSecret?: string
  /**
   * Interface that the standalone server binds to.
   * In the environment: `REVERB_HOST`.
   * @default '0.0.0.0'
   */
  readonly host?: string
  /**
   * Port that the standalone server listens on.
   * In the environment: `REVERB_PORT`.
   * @default 8080
   */
  readonly port?: number
  /**
   * `https` serves TLS and needs a certificate and its key.
   * In the environment: `REVERB_SCHEME`.
   * @default 'http'
   */
  readonly scheme?: 'http' | 'https'
  /**
   * Prefix of every route of the standalone server.
   * In the environment: `REVERB_PATH`.
   * @default ''
   */
  readonly path?: string
  /**
   * Host that browsers and other processes use; without it that of the request.
   * In the environment: `REVERB_PUBLIC_HOST`.
   * @default none
   */
  readonly publicHost?: string | undefined
  /**
   * Port that browsers and other processes use.
   * In the environment: `REVERB_PUBLIC_PORT`.
   * @default none
   */
  readonly publicPort?: number | undefined
  /**
   * Scheme that browsers and other processes use.
   * In the environment: `REVERB_PUBLIC_SCHEME`.
   * @default none
   */
  readonly publicScheme?: 'http' | 'https' | undefined
  /**
   * Path prefix that browsers and other processes use.
   * In the environment: `REVERB_PUBLIC_PATH`.
   * @default none
   */
  readonly publicPath?: string | undefined
}
