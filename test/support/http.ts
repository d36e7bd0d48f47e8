import { request as httpRequest, type IncomingHttpHeaders, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'

/** What a server answered. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export interface Request extends RequestOptions {
  headers?: Record<string, string>
  port: number
  path: string
  body?: string | Uint8Array
  /** Certificate in PEM that is trusted; makes it a request over TLS. */
  ca?: string
}

/** Sends a request whose path and query stand on the wire just as given, on a connection of its own. */
export function send({ body, ca, ...options }: Request): Promise<Answer> {
  const open = ca === undefined ? httpRequest : httpsRequest
  // Node announces no body of a GET by itself.
  const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }
  const headers = { ...length, ...options.headers }
  return new Promise((resolve, reject) => {
    const request = open({
      host: '127.0.0.1',
      agent: false,
      ...options,
      headers,
      ...(ca !== undefined && { ca }),
    })
    request.on('error', reject)
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('error', reject)
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response
        resolve({ status, headers, text: Buffer.concat(chunks).toString() })
      })
    })
    request.end(body)
  })
}

/** The JSON object of an answer; throws when it is none or is not declared as JSON (protocol.md C147). */
export function objectOf({ status, headers, text }: Answer): Record<string, unknown> {
  const type = headers['content-type'] ?? 'no type'
  const value: unknown = type.startsWith('application/json') ? JSON.parse(text) : undefined
  // The decode boundary: an object of JSON has string keys and unknown values.
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw new TypeError(`Expected a JSON object, but got ${status} with ${type}: ${text}`)
}
