import { createHash, randomBytes } from 'node:crypto'
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js'

const keyBytes = 32
const nonceBytes = 24

/** A new master key: the Base64 of 32 random bytes. */
export function makeMasterKey(): string {
  return randomBytes(keyBytes).toString('base64')
}

/** The bytes of a master key, or `undefined` for what is not the Base64 of exactly 32 bytes. */
export function parseMasterKey(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64')
  // Node skips what is no Base64; only the bytes of a well-formed text give that text again.
  return bytes.length === keyBytes && bytes.toString('base64') === text ? bytes : undefined
}

/** The key of one encrypted channel, 32 bytes; the whole name counts, prefix included (protocol.md 4.4). */
export function sharedSecret(channel: string, masterKey: Uint8Array): Uint8Array {
  return createHash('sha256').update(channel).update(masterKey).digest()
}

/** The text as data of an event that only holders of the secret can read; a nonce must never serve twice. */
export function seal(
  secret: Uint8Array,
  plaintext: string,
  nonce: Uint8Array = randomBytes(nonceBytes),
): string {
  const ciphertext = xsalsa20poly1305(secret, nonce).encrypt(Buffer.from(plaintext))
  return JSON.stringify({ nonce: toBase64(nonce), ciphertext: toBase64(ciphertext) })
}

/** The text that was sealed with this secret, or `undefined` for data that was not, or is not whole. */
export function open(secret: Uint8Array, sealed: string): string | undefined {
  try {
    // What has another shape fails in one of the next lines.
    const { nonce, ciphertext } = JSON.parse(sealed) as { nonce: string; ciphertext: string }
    const cipher = xsalsa20poly1305(secret, Buffer.from(nonce, 'base64'))
    return Buffer.from(cipher.decrypt(Buffer.from(ciphertext, 'base64'))).toString()
  } catch {
    return undefined
  }
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
