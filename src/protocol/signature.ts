import { createHmac, hash, timingSafeEqual } from 'node:crypto'

/** What `auth` of a private or presence subscription carries: `{key}:{signature}` (protocol.md 4.1). */
export interface Credentials {
  readonly key: string
  readonly secret: string
}

/** HMAC-SHA256 in lower-case hex, the one signature of the protocol (protocol.md 4). */
export function sign(secret: string, text: string | Uint8Array): string {
  return createHmac('sha256', secret).update(text).digest('hex')
}

const signaturePattern = /^[0-9a-f]{64}$/

/** Whether a text has the shape of a signature: 64 lower-case hex digits. */
function isSignature(text: string): boolean {
  return signaturePattern.test(text)
}

/** Whether any of the secrets made the signature; compares in constant time. */
export function isSignedBy(
  secrets: readonly string[],
  text: string | Uint8Array,
  signature: string,
): boolean {
  if (!isSignature(signature)) return false
  const given = Buffer.from(signature, 'latin1')
  let matches = false
  for (const secret of secrets) {
    if (timingSafeEqual(Buffer.from(sign(secret, text), 'latin1'), given)) matches = true
  }
  return matches
}

/** Every secret with which something of an app may have been signed. */
export function secretsOf({
  secret,
  previousSecret,
}: {
  readonly secret: string
  readonly previousSecret?: string | undefined
}): readonly string[] {
  return previousSecret === undefined ? [secret] : [secret, previousSecret]
}

/** The string to sign for a channel; `channelData` counts whenever there is any (protocol.md 4.2). */
export function channelString(socketId: string, channel: string, channelData?: string): string {
  return channelData === undefined ? `${socketId}:${channel}` : `${socketId}:${channel}:${channelData}`
}

/** The string to sign for a user (protocol.md 4.1). */
export function userString(socketId: string, userData: string): string {
  return `${socketId}::user::${userData}`
}

/** The `auth` of a channel. The caller has checked the socket id and the name (protocol.md 8.2). */
export function signChannel(
  { key, secret }: Credentials,
  socketId: string,
  channel: string,
  channelData?: string,
): string {
  return `${key}:${sign(secret, channelString(socketId, channel, channelData))}`
}

/** The `auth` of a user. The caller has checked the socket id (protocol.md 5.1). */
export function signUser({ key, secret }: Credentials, socketId: string, userData: string): string {
  return `${key}:${sign(secret, userString(socketId, userData))}`
}

/** Whether `auth` is `{key}:{signature}` with this key and a signature of the text by any of the secrets. */
export function verifyAuth(auth: string, key: string, secrets: readonly string[], text: string): boolean {
  const colon = auth.indexOf(':')
  if (colon < 0 || auth.slice(0, colon) !== key) return false
  return isSignedBy(secrets, text, auth.slice(colon + 1))
}

/** MD5 of a request body in lower-case hex (protocol.md 4.3). */
export function md5(body: Uint8Array): string {
  return hash('md5', body)
}

/** A request of the HTTP API as it is signed: path and parameters not encoded, names in lower case. */
export interface UnsignedRequest {
  readonly method: 'GET' | 'POST'
  /** Begins with `/apps/`, without the prefix of a mount. */
  readonly path: string
  readonly params: Readonly<Record<string, string>>
  readonly body?: Uint8Array | undefined
}

/** The query that makes a request a signed one, encoded for the wire (protocol.md 4.3). */
export function signRequest(
  { key, secret }: Credentials,
  { method, path, params, body }: UnsignedRequest,
  now = Date.now(),
): string {
  const parameters = Object.entries({
    ...params,
    auth_key: key,
    auth_timestamp: String(Math.floor(now / 1000)),
    auth_version: '1.0',
    ...(body !== undefined && { body_md5: md5(body) }),
  }).sort(([a], [b]) => (a < b ? -1 : 1))
  const toSign = parameters.map((pair) => pair.join('=')).join('&')
  const signature = sign(secret, `${method}\n${path}\n${toSign}`)
  return [...parameters, ['auth_signature', signature]]
    .map((pair) => pair.map(encodeURIComponent).join('='))
    .join('&')
}
