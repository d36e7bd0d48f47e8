import { hash } from 'node:crypto'
import { type IncomingMessage, STATUS_CODES } from 'node:http'

/** What a server appends to the key of a client to prove that it speaks WebSocket (RFC 6455, 1.3). */
const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** 16 bytes in base64. */
const keyShape = /^[+/0-9A-Za-z]{22}==$/
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** What answers an upgrade request: the whole response, in latin1. */
export interface HandshakeAnswer {
  readonly accepted: boolean
  readonly response: string
}

/** Judges an upgrade request (RFC 6455, 4.2.1); agrees on the first subprotocol that is offered and on no extension. */
export function answerHandshake({ method, httpVersion, headers }: IncomingMessage): HandshakeAnswer {
  if (method !== 'GET') return refuse(405, 'A WebSocket handshake is a GET request', 'Allow: GET')
  if (httpVersion !== '1.1') return refuse(400, `A WebSocket handshake needs HTTP/1.1, not ${httpVersion}`)
  if (headers.host === undefined) return refuse(400, 'The Host header is missing')
  if (!lists(headers.upgrade, 'websocket')) return refuse(400, 'The Upgrade header must say "websocket"')
  if (!lists(headers.connection, 'upgrade')) return refuse(400, 'The Connection header must say "Upgrade"')
  if (headers['sec-websocket-version'] !== '13') {
    const understood = ['Upgrade: websocket', 'Sec-WebSocket-Version: 13']
    return refuse(426, 'The Sec-WebSocket-Version header must say 13', ...understood)
  }
  const key = headers['sec-websocket-key']
  if (key === undefined || !keyShape.test(key)) {
    return refuse(400, 'The Sec-WebSocket-Key header must be 16 bytes in base64')
  }
  const offered = headers['sec-websocket-protocol']
  const [protocol] = offered === undefined ? [] : tokensOf(offered)
  if (offered !== undefined && protocol === undefined) {
    return refuse(400, 'The Sec-WebSocket-Protocol header must list different names')
  }
  return { accepted: true, response: switchProtocols(key, protocol) }
}

function switchProtocols(key: string, protocol: string | undefined): string {
  const accept = hash('sha1', key + guid, 'base64')
  const confirmed = protocol === undefined ? '' : `Sec-WebSocket-Protocol: ${protocol}\r\n`
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${confirmed}\r\n`
}

function refuse(status: number, reason: string, ...headers: string[]): HandshakeAnswer {
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: text/plain',
    `Content-Length: ${reason.length}`,
    ...headers,
  ]
  return { accepted: false, response: `${lines.join('\r\n')}\r\n\r\n${reason}` }
}

/** Whether a header that is a list of names has this one, in any case. */
function lists(header: string | undefined, name: string): boolean {
  if (header === undefined) return false
  const lower = header.toLowerCase()
  return lower === name || lower.split(',').some((part) => part.trim() === name)
}

/** The names of a list, or nothing when one of them is none or comes twice. */
function tokensOf(header: string): string[] {
  const names = header.split(',').map((name) => name.trim())
  const valid = names.every((name) => token.test(name)) && new Set(names).size === names.length
  return valid ? names : []
}
