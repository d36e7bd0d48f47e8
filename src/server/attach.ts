import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { ConfigurationError } from '../support/errors.ts'
import { putBack, restore } from './put-back.ts'

/** Any HTTP server of Node. */
export type NodeServer = HttpServer | HttpsServer

/** A path prefix of an HTTP server that is ours. */
export interface Mount {
  /** Empty, or beginning with a slash and not ending with one. */
  readonly path: string
  /** Takes an upgrade under the prefix; `path` is what follows it. */
  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer, path: string): void
  /** Takes a request under the prefix. */
  request(request: IncomingMessage, response: ServerResponse, path: string): void
}

/** What is claimed of a server: a mount, or only its upgrades where its requests arrive on another way. */
export type Claim = Omit<Mount, 'request'> & Partial<Mount>

const mountsOf = new WeakMap<NodeServer, Set<Claim>>()

/**
 * Claims the upgrades and requests of a mount before any listener sees them, whatever is registered before or after;
 * everything else goes on as if we were not there. Returns the function that lets go. Throws a {@link ConfigurationError}
 * where another mount of the server would get, or lose, what is meant for this one.
 */
export function claim(server: NodeServer, mount: Claim): () => void {
  let mounts = mountsOf.get(server)
  if (mounts === undefined) {
    mounts = new Set()
    mountsOf.set(server, mounts)
    intercept(server, mounts)
  }
  for (const other of mounts) {
    if (takesFrom(other, mount) || takesFrom(mount, other)) throw overlap(mount, other)
  }
  mounts.add(mount)
  return () => mounts.delete(mount)
}

/** The path that follows the prefix of a mount, with repeated slashes made one, or undefined when it is elsewhere. */
export function pathUnder(prefix: string, url: string): string | undefined {
  const raw = withoutQuery(url)
  const path = raw.includes('//') ? raw.replace(/\/{2,}/g, '/') : raw
  if (!path.startsWith(prefix)) return undefined
  const rest = path.slice(prefix.length)
  return rest === '' || rest.startsWith('/') ? rest : undefined
}

/** The path of a URL as it came in. */
export function withoutQuery(url: string): string {
  const query = url.indexOf('?')
  return query < 0 ? url : url.slice(0, query)
}

/** The prefix of a mount: a path without slashes at its end. Throws a {@link ConfigurationError} for anything else. */
export function toPrefix(path: string): string {
  const prefix = path.replace(/\/+$/, '')
  if (prefix === '' || prefix.startsWith('/')) return prefix
  throw new ConfigurationError(`"${path}" cannot be a mount's path: it must begin with /, such as "/reverb"`)
}

/** The key in `/app/{key}`, decoded; undefined where the path has none, or more than that. */
export function keyOf(path: string): string | undefined {
  const [, key] = keyPath.exec(path) ?? []
  if (key === undefined) return undefined
  try {
    return decodeURIComponent(key)
  } catch {
    return key
  }
}

// The session of a path `/t/{session}/app/{key}` is for recovery, later; it is ignored.
const upgradePath = /^(?:\/t\/[^/]+)?\/app(?:\/|$)/
const keyPath = /^(?:\/t\/[^/]+)?\/app\/([^/]+)\/?$/
const requestPath = /^\/(?:app|apps)(?:\/|$)|^\/(?:up|ready)$/
// The Python SDK leaves out the app; unsigned, the path may be one of the app around us.
const aliasPath = /^\/users\/.*\/terminate_connections$/s

/**
 * An `upgrade` listener cannot do this: others answer what they do not know, and two answers kill the client. Hence
 * `emit` itself is wrapped, once per server.
 */
function intercept(server: NodeServer, mounts: Set<Claim>): void {
  const emit = server.emit.bind(server)
  server.emit = (event: string | symbol, ...args: unknown[]): boolean => {
    if (event === 'upgrade') return upgrade(args as [IncomingMessage, Duplex, Buffer])
    if (event === 'request' || event === 'checkContinue') {
      if (request(event, args as [IncomingMessage, ServerResponse])) return true
    }
    return emit(event as string, ...args)
  }
  // Without a listener Node hands out no upgrade at all.
  server.on('upgrade', ours)

  function upgrade([request, stream, head]: [IncomingMessage, Duplex, Buffer]): boolean {
    for (const mount of mounts) {
      const path = pathUnder(mount.path, request.url ?? '')
      if (path === undefined || !upgradePath.test(path)) continue
      mount.upgrade(request, stream, head, path)
      return true
    }
    // Java's HTTP client offers h2c with every request: that is no WebSocket, and under a mount it is ours to answer.
    const mounted = [...mounts].some((mount) => requestPathUnder(mount, request) !== undefined)
    const apiRequest = mounted && request.headers.upgrade?.toLowerCase() !== 'websocket'
    if (!apiRequest && server.listenerCount('upgrade') > 1) return emit('upgrade', request, stream, head)
    putBack(server, request, stream, head)
    return true
  }

  function request(event: string, [incoming, response]: [IncomingMessage, ServerResponse]): boolean {
    restore(incoming, response)
    for (const mount of mounts) {
      if (mount.request === undefined) continue
      const path = requestPathUnder(mount, incoming)
      if (path === undefined) continue
      if (event === 'checkContinue') response.writeContinue()
      mount.request(incoming, response, path)
      return true
    }
    return false
  }
}

/** A server that is mounted at the root leaves everything but its own routes to the app. */
function requestPathUnder(
  { path: prefix }: Claim,
  { url = '' }: Pick<IncomingMessage, 'url'>,
): string | undefined {
  const path = pathUnder(prefix, url)
  if (path === undefined || prefix !== '' || requestPath.test(path)) return path
  return aliasPath.test(path) && url.includes('auth_signature=') ? path : undefined
}

/** Whether what goes to the inner mount is under the outer one, too. */
function takesFrom(outer: Claim, inner: Claim): boolean {
  const path = pathUnder(outer.path, `${inner.path}/app`)
  if (path === undefined) return false
  return (
    upgradePath.test(path) ||
    (outer.request !== undefined && requestPathUnder(outer, { url: `${inner.path}/apps` }) !== undefined)
  )
}

function overlap({ path }: Claim, other: Claim): ConfigurationError {
  const taken = other.path === path ? 'is taken' : `overlaps with "${other.path}", which is taken`
  return new ConfigurationError(
    `The path "${path}" ${taken} on this HTTP server: choose another path, or close the server that is mounted there first`,
  )
}

function ours(): void {}
