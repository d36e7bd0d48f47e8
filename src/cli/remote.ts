import { type RemoteServer, reverbTarget } from '../broadcasting/http/reverb-target.ts'
import type { ApiTarget } from '../broadcasting/http/target.ts'
import { usualPort } from '../protocol/address.ts'
import { ConfigurationError } from '../support/errors.ts'
import { readConfiguration } from './config-file.ts'

/** The flags of commands that talk to a server in another process. */
export interface RemoteFlags {
  readonly config?: string
  /** Key of the app. @default that of the first app */
  readonly app?: string
  /** Where the server is. @default what the environment and the file say */
  readonly url?: string
}

/** The running server that the environment and the file of `reverb start` speak of, as other processes find it. */
export async function remoteTarget({ config, app, url }: RemoteFlags): Promise<ApiTarget> {
  const options = await readConfiguration(config)
  const connection = { driver: 'reverb', ...(app !== undefined && { app }) }
  if (url === undefined) return reverbTarget(connection, process.env, options)
  const target = reverbTarget(connection, process.env, { ...options, ...publicAddressAt(url) })
  return { ...target, hints: { ...target.hints, address: '--url', plainHttp: '--url to http://…' } }
}

/** The whole place, so that nothing of it comes from elsewhere. */
function publicAddressAt(text: string): RemoteServer {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const scheme = url?.protocol === 'http:' ? 'http' : url?.protocol === 'https:' ? 'https' : undefined
  if (url === undefined || scheme === undefined || !isPlace(url)) {
    throw new ConfigurationError(
      `--url ${text.replace(/\/\/.*@/s, '//…@')}: expected where a server is, such as http://127.0.0.1:8080 or https://ws.example/reverb`,
    )
  }
  return {
    publicScheme: scheme,
    // An address of IPv6 stands in brackets only in a URL.
    publicHost: url.hostname.replace(/^\[|\]$/g, ''),
    publicPort: url.port === '' ? usualPort(scheme) : Number(url.port),
    publicPath: url.pathname.replace(/\/$/, ''),
  }
}

/** Whether a URL says nothing beside scheme, host, port and path. */
function isPlace({ username, password, port, pathname, search, hash }: URL): boolean {
  return username + password + search + hash === '' && port !== '0' && !pathname.includes('//')
}
