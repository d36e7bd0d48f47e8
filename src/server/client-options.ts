import { inUrl } from '../protocol/address.ts'
import type { ServerConfig } from './config.ts'
import { hostOf, isSecure, type RequestSource } from './forwarded.ts'

/** What `new Pusher(key, options)` of pusher-js needs to reach a server. */
export interface ClientOptions {
  /** Key of the app. */
  readonly key: string
  /** Options of pusher-js: where the server is, and where the auth endpoints are. */
  readonly options: {
    readonly cluster: string
    readonly wsHost: string
    readonly wsPort: number
    readonly wssPort: number
    readonly wsPath: string
    readonly forceTLS: boolean
    readonly enabledTransports: ('ws' | 'wss')[]
    readonly channelAuthorization: { readonly endpoint: string; readonly transport: 'ajax' }
    readonly userAuthentication: { readonly endpoint: string; readonly transport: 'ajax' }
  }
}

/** Where a server can be reached. */
export interface ServerAddress {
  readonly secure: boolean
  readonly host: string
  readonly port: number
  readonly path: string
}

/**
 * Settings for a browser: what `REVERB_PUBLIC_*` says, else the address that the page was asked for when the server is
 * mounted in the same app, under `mountPath`, else the address that it listens on.
 */
export function clientOptions(
  config: ServerConfig,
  key: string,
  listening: ServerAddress,
  mountPath: string | undefined,
  request: RequestSource | undefined,
): ClientOptions {
  const asked = request && askedAddress(request, config.trustProxy)
  const mount = mountPath === undefined ? undefined : asked && { ...asked, path: mountPath }
  const secure = config.publicScheme ? config.publicScheme === 'https' : (mount?.secure ?? listening.secure)
  // pusher-js puts it into the URL as it is.
  const host = inUrl(config.publicHost ?? asked?.host ?? listening.host)
  const port = config.publicPort ?? portOf(config, mount?.port, secure, listening)
  const endpoint = (name: string) => ({ endpoint: `${config.authPath}/${name}`, transport: 'ajax' as const })
  return {
    key,
    options: {
      cluster: '',
      wsHost: host,
      wsPort: port,
      wssPort: port,
      wsPath: config.publicPath ?? mount?.path ?? listening.path,
      forceTLS: secure,
      enabledTransports: ['ws', 'wss'],
      channelAuthorization: endpoint('auth'),
      userAuthentication: endpoint('user-auth'),
    },
  }
}

/** A public host without a port has the usual one of its scheme. */
function portOf(
  config: ServerConfig,
  asked: number | undefined,
  secure: boolean,
  listening: ServerAddress,
): number {
  if (config.publicHost !== undefined || config.publicScheme !== undefined) return secure ? 443 : 80
  return asked ?? listening.port
}

function askedAddress(
  request: RequestSource,
  hops: number,
): { secure: boolean; host: string; port: number } | undefined {
  const host = hostOf(request, hops)
  const secure = isSecure(request, hops)
  const address = `${secure ? 'https' : 'http'}://${host}`
  if (host === undefined || !URL.canParse(address)) return undefined
  const { hostname, port } = new URL(address)
  return { secure, host: hostname, port: port === '' ? (secure ? 443 : 80) : Number(port) }
}
