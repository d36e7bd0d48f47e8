import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** The last request of a socket that may still be without its whole answer. */
const underWay = new WeakMap<Duplex, ServerResponse>()

/** The `Upgrade` header of a request that was put back, by socket. */
const putBackWith = new WeakMap<Duplex, string>()

/**
 * What Node does with an upgrade that nobody listens for: it is a request like any other, with its body and with more
 * requests behind it. The parser has let go of the socket, so the request is put back in front of what follows it and
 * the socket is handed in again, as `http.Server` documents for its `connection` event.
 */
export function putBack(
  server: Pick<EventEmitter, 'emit'>,
  request: IncomingMessage,
  stream: Duplex,
  head: Buffer,
): void {
  const handIn = () => {
    stream.off('error', ignore)
    if (stream.destroyed) return
    // The parser that has let go may have left its keep-alive timeout; the next one sets its own.
    if ('setTimeout' in stream && typeof stream.setTimeout === 'function') stream.setTimeout(0)
    putBackWith.set(stream, String(request.headers.upgrade))
    stream.unshift(Buffer.concat([headOf(request), head]))
    server.emit('encrypted' in stream ? 'secureConnection' : 'connection', stream)
  }
  const before = underWay.get(stream)
  if (before === undefined || before.closed) {
    handIn()
    return
  }
  // Answers of pipelined requests go out in order, and only the parser that has let go knows about this one.
  stream.on('error', ignore)
  before.once('close', handIn)
}

/** To be called with every request, before anybody sees it: gives back the header of one that was put back. */
export function restore({ socket, headers, rawHeaders }: IncomingMessage, response: ServerResponse): void {
  underWay.set(socket, response)
  const upgrade = putBackWith.get(socket)
  if (upgrade === undefined) return
  putBackWith.delete(socket)
  headers.upgrade = upgrade
  rawHeaders.push('Upgrade', upgrade)
}

/** The request as it came in, but for the header with which it would come back as an upgrade. */
function headOf({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`]
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (name.toLowerCase() !== 'upgrade') lines.push(`${name}: ${rawHeaders[index + 1]}`)
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}

function ignore(): void {}
