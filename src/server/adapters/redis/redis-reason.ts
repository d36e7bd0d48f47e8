import { messageOf } from '../../../support/errors.ts'

/** What is said, by its code and its words, and what helps then. */
type Advice = readonly [RegExp, string]

/** Where the words of OpenSSL stand between numbers and names of its files. */
const openssl = /error:[0-9A-F]+:[^:]*:[^:]*:([^:]+)/

/** How a connection ends, or never begins, without a word. */
const silence = /ECONNRESET|EPIPE|closed|disconnected before secure TLS/

const overTls: readonly Advice[] = [
  [
    /SELF_SIGNED_CERT|UNABLE_TO_GET_ISSUER_CERT|UNABLE_TO_VERIFY_LEAF/,
    'name the file of its CA in NODE_EXTRA_CA_CERTS, or give a client that has it as ca',
  ],
  [/ALTNAME_INVALID/, 'use a host that the certificate has, or give a client with the right servername'],
  [
    /alert (handshake failure|unknown ca|.*certificate)/,
    'does Redis ask for a client certificate? Give a client with cert and key',
  ],
  [
    /wrong version number|packet length too long|ETIMEDOUT|Connection timeout|did not answer/,
    'does Redis speak TLS there? Without, it is redis://',
  ],
  [silence, 'does Redis speak TLS there, and does it ask for a client certificate?'],
]

const expectsTls = 'does Redis expect TLS there? Then it is rediss://, or the option tls'

const withoutTls: readonly Advice[] = [
  [silence, expectsTls],
  // The first byte of what TLS says about a request that is none, as the libraries write it by their versions.
  [/RESP type 21\b|got "\\u0015"/, expectsTls],
]

/**
 * Why a connection could not be opened, for people: one line, and what to look at where the libraries and TLS speak in riddles.
 * `tls`: whether this side speaks it; undefined where that cannot be known.
 */
export function reasonOf(thrown: unknown, tls: boolean | undefined): string {
  const words = wordsOf(messageOf(thrown))
  if (tls === undefined) return words
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : ''
  const [, advice] = (tls ? overTls : withoutTls).find(([said]) => said.test(`${code} ${words}`)) ?? []
  return advice === undefined ? words : `${words}; ${advice}`
}

function wordsOf(message: string): string {
  const [, reason] = openssl.exec(message) ?? []
  if (reason !== undefined) return `TLS failed: ${reason}`
  // An empty list at the end, and what a log would show as a line of its own.
  return message.replace(/[\s\p{Cc}]+/gu, ' ').replace(/[: ]+$/, '')
}
