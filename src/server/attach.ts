import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import type { Duplex } from 'node:stream'

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
 * everything else goes on as if we were not there. Returns the function that lets go.
 */
export function claim(server: NodeServer, mount: Claim): () => void {
  let mounts = mountsOf.get(server)
  if (mounts === undefined) {
    mounts = new Set()
    mountsOf.set(server, mounts)
    intercept(server, mounts)
  }
  mounts.add(mount)
  return () => mounts.delete(mount)
}

/** The path that follows the prefix of a mount, with repeated slashes made one, or undefined when it is elsewhere. */
export function pathUnder(prefix: string, url: string): string | undefined {
  const path = (url.split('?', 1)[0] ?? '').replace(/\/{2,}/g, '/')
  if (!path.startsWith(prefix)) return undefined
  const rest = path.slice(prefix.length)
  return rest === '' || rest.startsWith('/') ? rest : undefined
}

const upgradePath = /^(?:\/t\/[^/]+)?\/app(?:\/|$)/
const requestPath = /^\/(?:app|apps)(?:\/|$)|^\/(?:up|ready)$/

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
    if (server.listenerCount('upgrade') > 1) return emit('upgrade', request, stream, head)
    return putBack(server, request, stream, head)
  }

  function request(event: string, [incoming, response]: [IncomingMessage, ServerResponse]): boolean {
    restore(incoming)
    for (const mount of mounts) {
      if (mount.request === undefined) continue
      const path = pathUnder(mount.path, incoming.url ?? '')
      if (path === undefined || (mount.path === '' && !requestPath.test(path))) continue
      if (event === 'checkContinue') response.writeContinue()
      mount.request(incoming, response, path)
      return true
    }
    return false
  }
}

function ours(): void {}

/**
 * What Node does with an upgrade that nobody listens for: it is a request like any other, with its body and with more
 * requests behind it. The parser has let go of the socket, so the request is put back in front of what follows it and
 * the socket is handed in again, as `http.Server` documents for its `connection` event.
 */
function putBack(server: NodeServer, request: IncomingMessage, stream: Duplex, head: Buffer): boolean {
  const { method, url, httpVersion, rawHeaders } = request
  const lines = [`${method} ${url} HTTP/${httpVersion}`]
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    // With this header it would come back as an upgrade; `restore` gives it to whoever reads the request.
    if (name.toLowerCase() !== 'upgrade') lines.push(`${name}: ${rawHeaders[index + 1]}`)
  }
  putBackWith.set(stream, String(request.headers.upgrade))
  stream.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]))
  return server.emit('encrypted' in stream ? 'secureConnection' : 'connection', stream)
}

const putBackWith = new WeakMap<Duplex, string>()

function restore({ socket, headers, rawHeaders }: IncomingMessage): void {
  const upgrade = putBackWith.get(socket)
  if (upgrade === undefined) return
  putBackWith.delete(socket)
  headers.upgrade = upgrade
  rawHeaders.push('Upgrade', upgrade)
}
