import type { IncomingMessage } from 'node:http'
import { isSignedBy, md5, secretsOf } from '../../protocol/signature.ts'
import type { App } from '../apps/app.ts'
import { RefusedError } from '../errors.ts'
import type { Grace } from '../grace.ts'

/** Parameters of a query; more are refused before anything is made of them. */
const maxParameters = 64

/** Seconds that the clock of a sender may differ from ours (protocol.md 4.3). */
const tolerance = 600

/** Milliseconds in which a body must be there, and in which one that nobody reads may end. */
export const bodyDeadline = 30_000

const nothing = Buffer.alloc(0)

/** The JSON object of an answer. */
export type Answer = Readonly<Record<string, unknown>>

/** A request that is signed by its app. */
export interface ApiRequest {
  readonly app: App
  readonly params: Readonly<Record<string, string | undefined>>
  readonly query: RawQuery
  readonly body: Buffer
}

/** What a request was signed over, as it came in. */
export interface SignedRequest {
  readonly method: string
  /** Undecoded: with the mount's prefix, and without it. */
  readonly paths: readonly string[]
  readonly query: RawQuery
}

/**
 * Reads a body up to a limit in bytes; more is refused with 413 and thrown away as it arrives, and a body that is not there
 * when its time in `late` is over with 408. Bytes that somebody has read before are taken from `rawBody`, where frameworks leave them.
 */
export async function readBody(
  request: IncomingMessage,
  limit: number,
  late: Grace<IncomingMessage>,
): Promise<Buffer> {
  const length = Number(request.headers['content-length'])
  if (length > limit) throw tooLarge(limit)
  if (request.readableDidRead) return bytesRead(request, limit)
  // Somebody waited for the end of a body that there was not.
  if (request.readableEnded) return nothing
  // A body that came together with its headers has been parsed after this step: it needs neither listeners nor a deadline.
  await undefined
  if (request.readableLength === length && length > 0) return request.read()
  return bodyToCome(request, limit, late)
}

function bodyToCome(request: IncomingMessage, limit: number, late: Grace<IncomingMessage>): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let size = 0
    late.hold(request, () => reject(tooSlow()))
    request.on('data', (part: Buffer) => {
      size += part.length
      if (size <= limit) return parts.push(part)
      // What still comes flows on unread: ending the socket now would lose our answer.
      parts.length = 0
      return reject(tooLarge(limit))
    })
    request.on('end', () => resolve(Buffer.concat(parts)))
    const cutOff = () => reject(new RefusedError(400, 'The request ended before its body did'))
    request.on('error', cutOff)
    request.on('close', () => {
      late.cancel(request)
      if (!request.complete) cutOff()
    })
  })
}

function bytesRead(request: IncomingMessage & { rawBody?: unknown }, limit: number): Buffer {
  const { rawBody } = request
  if (rawBody instanceof Buffer) {
    if (rawBody.length > limit) throw tooLarge(limit)
    return rawBody
  }
  throw new RefusedError(
    500,
    'The body was already read, so its signature cannot be checked: mount the server before body parsers',
  )
}

function tooSlow(): RefusedError {
  const message = `The body was not there within ${bodyDeadline / 1000} seconds`
  return new RefusedError(408, message, { connection: 'close' })
}

function tooLarge(limit: number): RefusedError {
  return new RefusedError(413, `The body has more than ${limit} bytes`)
}

/** One parameter of a query. */
interface Parameter {
  /** Decoded, in lower case, without the brackets of an array. */
  readonly name: string
  readonly rawName: string
  readonly rawValue: string
}

const signatureName = 'auth_signature'

/** The query of a request as it stands on the wire: values undecoded, in order. */
export class RawQuery {
  /** The text up to the signature, where that comes last; nearly every SDK sends just what it has signed. */
  readonly asSent: string | undefined
  readonly #parameters: readonly Parameter[]

  constructor(url: string) {
    const start = url.indexOf('?') + 1
    const text = start === 0 ? '' : url.slice(start)
    const last = text.lastIndexOf('&')
    const signedLast = last > 0 && text.startsWith(`${signatureName}=`, last + 1)
    this.asSent = signedLast ? text.slice(0, last) : undefined
    this.#parameters = text.split('&').filter(Boolean).map(toParameter)
  }

  /** How many parameters there are. */
  get size(): number {
    return this.#parameters.length
  }

  /** The decoded value of a parameter; those of an array parameter are joined with a comma. */
  get(name: string): string | undefined {
    let joined: string | undefined
    for (const { name: candidate, rawValue } of this.#parameters) {
      if (candidate !== name) continue
      joined = joined === undefined ? decodePlus(rawValue) : `${joined},${decodePlus(rawValue)}`
    }
    return joined
  }

  /** What the sender may have signed: sorted, joined, without the signature, names and values read by `read`. */
  toSign(read: (text: string) => string): string {
    const values = new Map<string, string>()
    for (const { rawName, rawValue } of this.#parameters) {
      const name = bare(read(rawName))
      if (name === signatureName) continue
      const before = values.get(name)
      values.set(name, before === undefined ? read(rawValue) : `${before},${read(rawValue)}`)
    }
    return [...values]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `${name}=${value}`)
      .join('&')
  }
}

/**
 * Throws a {@link RefusedError} with 401 unless the request is signed by the app (protocol.md 4.3). The body is signed by
 * its MD5, so nobody has to be read who has not signed; {@link verifyBody} follows.
 */
export function verifySignature(app: App, request: SignedRequest): void {
  const { query } = request
  if (query.size > maxParameters) throw unauthorized(`A request has at most ${maxParameters} parameters`)
  const key = query.get('auth_key')
  const timestamp = query.get('auth_timestamp')
  const version = query.get('auth_version')
  const signature = query.get('auth_signature')
  if (key === undefined || timestamp === undefined || version === undefined || signature === undefined) {
    throw unauthorized('auth_key, auth_timestamp, auth_version and auth_signature are required')
  }
  if (version !== '1.0') throw unauthorized('auth_version must be 1.0')
  if (key !== app.key) throw unauthorized('auth_key is not the key of this app')
  if (!isFresh(timestamp)) {
    throw unauthorized(
      `auth_timestamp must be within ${tolerance} seconds of now, ${Math.floor(Date.now() / 1000)}`,
    )
  }
  const secrets = secretsOf(app)
  for (const text of candidates(request)) if (isSignedBy(secrets, text, signature)) return
  throw unauthorized('auth_signature is not valid for this request')
}

/** Throws a {@link RefusedError} with 401 unless the body is the one that was signed. */
export function verifyBody(query: RawQuery, body: Buffer): void {
  const bodyMd5 = query.get('body_md5')
  if (bodyMd5 === undefined ? body.length > 0 : bodyMd5 !== md5(body)) {
    throw unauthorized('body_md5 must be the MD5 of the body')
  }
}

const digits = /^\d+$/

function isFresh(timestamp: string): boolean {
  return digits.test(timestamp) && Math.abs(Date.now() / 1000 - Number(timestamp)) <= tolerance
}

/** SDKs differ in what they sign and what they put on the wire; each candidate is made only when it is needed. */
function* candidates({ method, paths, query }: SignedRequest): Iterable<string> {
  const seen = new Set<string>()
  if (query.asSent !== undefined) yield `${method}\n${paths[0]}\n${query.asSent}`
  for (const read of [asIs, decodePlus, decode]) {
    const parameters = query.toSign(read)
    for (const path of paths) {
      for (const form of [path, decode(path)]) {
        const text = `${method}\n${form}\n${parameters}`
        if (seen.has(text)) continue
        yield text
        seen.add(text)
      }
    }
  }
}

function toParameter(pair: string): Parameter {
  const equals = pair.indexOf('=')
  const rawName = equals < 0 ? pair : pair.slice(0, equals)
  return {
    name: bare(decodePlus(rawName)),
    rawName,
    rawValue: equals < 0 ? '' : pair.slice(equals + 1),
  }
}

/** Array parameters are signed under the bare name, and all names in lower case. */
function bare(name: string): string {
  return (name.endsWith(']') ? name.replace(/\[\d*\]$/, '') : name).toLowerCase()
}

function asIs(text: string): string {
  return text
}

/** Decodes what can be decoded; SDKs also send percent signs that mean themselves. */
export function decode(text: string): string {
  if (!text.includes('%')) return text
  return decodeAll(text) ?? text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => decodeAll(run) ?? run)
}

function decodeAll(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function decodePlus(text: string): string {
  return decode(text.includes('+') ? text.replaceAll('+', ' ') : text)
}

function unauthorized(message: string): RefusedError {
  return new RefusedError(401, message)
}
