import { ConfigurationError } from '../support/errors.ts'
import { type CreatePusher, createPusher as createPusherJs, type PusherOptions } from './pusher.ts'

/** Where the server is and how the page talks to it; `clientOptions(request)` of the server is a valid value. */
export interface BroadcastingSettings {
  /**
   * App key.
   * @default 'local'
   */
  key?: string
  /**
   * Path of the server on the page's own origin.
   * @default '/reverb'
   */
  path?: string
  /**
   * Options for pusher-js, each in place of its default.
   * @default the page's own origin, WebSockets only, auth endpoints under /broadcasting
   */
  options?: Omit<Partial<PusherOptions>, AuthOption> & {
    [Name in AuthOption]?: Partial<NonNullable<PusherOptions[Name]>>
  }
  /**
   * Milliseconds that a channel stays subscribed after its last observer has left.
   * @default 1000
   */
  linger?: number
  /**
   * Hears of every refused subscription, connection and message, and of what observers throw.
   * @default console.error
   */
  onError?: (error: unknown) => void
  /**
   * Makes the connection, for instance with the class of `pusher-js/with-encryption`.
   * @default the class of `pusher-js`
   */
  createPusher?: CreatePusher
}

type AuthOption = 'channelAuthorization' | 'userAuthentication'

/** The part of `window.location` that the defaults are taken from. */
export type PageLocation = Pick<Location, 'protocol' | 'hostname' | 'port'>

/** Every setting, given or default. */
export function resolveBroadcastingSettings({
  key = 'local',
  path = '/reverb',
  options = {},
  linger = 1000,
  onError = (error) => console.error(error),
  createPusher = createPusherJs,
}: BroadcastingSettings): Required<BroadcastingSettings> {
  return { key, path, options, linger, onError, createPusher }
}

/**
 * What pusher-js is made with: the given options over those of the page's own origin, secure on a secure page.
 * Throws a {@link ConfigurationError} when there is neither a page with a host nor a `wsHost`.
 */
export function pusherOptions(
  { path, options }: Required<Pick<BroadcastingSettings, 'path' | 'options'>>,
  page: PageLocation | undefined,
): PusherOptions {
  if (!page?.hostname && !options.wsHost) {
    throw new ConfigurationError(
      'There is no page address to take the host from: give options.wsHost and options.wsPort',
    )
  }
  const ajax = { transport: 'ajax' } as const
  return {
    ...(page && originOf(page)),
    cluster: '',
    wsPath: path.replace(/\/$/, ''),
    enabledTransports: ['ws', 'wss'],
    ...options,
    channelAuthorization: { endpoint: '/broadcasting/auth', ...ajax, ...options.channelAuthorization },
    userAuthentication: { endpoint: '/broadcasting/user-auth', ...ajax, ...options.userAuthentication },
  }
}

function originOf({ protocol, hostname, port }: PageLocation): Partial<PusherOptions> {
  return {
    wsHost: hostname,
    wsPort: Number(port) || 80,
    wssPort: Number(port) || 443,
    forceTLS: protocol === 'https:',
  }
}
