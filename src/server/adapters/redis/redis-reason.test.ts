import { describe, expect, it } from 'vitest'
import { reasonOf } from './redis-reason.ts'

function errorOf(code: string | undefined, message: string): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code })
}

/** As OpenSSL writes it. */
function openssl(words: string, before = ''): string {
  return `${before}80CC2C57E7F0000:error:0A000410:SSL routines:ssl3_read_bytes:${words}:../ssl/rec_layer_s3.c:1601:SSL alert number 40\n`
}

const expectsTls = 'does Redis expect TLS there? Then it is rediss://, or the option tls'
const noTls = 'does Redis speak TLS there? Without, it is redis://'
const wantsCertificate = 'does Redis ask for a client certificate? Give a client with cert and key'
const unclear = 'does Redis speak TLS there, and does it ask for a client certificate?'
const unknown = 'name the file of its CA in NODE_EXTRA_CA_CERTS, or give a client that has it as ca'

describe('reasonOf', () => {
  it.each([
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate', `self-signed certificate; ${unknown}`],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'no issuer', `no issuer; ${unknown}`],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'no leaf', `no leaf; ${unknown}`],
    ['CERT_HAS_EXPIRED', 'certificate has expired', 'certificate has expired'],
    [
      'ERR_TLS_CERT_ALTNAME_INVALID',
      "127.0.0.1 is not in the cert's list: ",
      "127.0.0.1 is not in the cert's list; use a host that the certificate has, or give a client with the right servername",
    ],
    [
      'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
      openssl('sslv3 alert handshake failure'),
      `TLS failed: sslv3 alert handshake failure; ${wantsCertificate}`,
    ],
    [
      'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
      openssl('tlsv13 alert certificate required'),
      `TLS failed: tlsv13 alert certificate required; ${wantsCertificate}`,
    ],
    [
      'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
      openssl('tlsv1 alert unknown ca'),
      `TLS failed: tlsv1 alert unknown ca; ${wantsCertificate}`,
    ],
    [
      'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
      openssl('tlsv1 alert protocol version'),
      'TLS failed: tlsv1 alert protocol version',
    ],
    [
      'EPROTO',
      openssl('wrong version number', 'write EPROTO '),
      `TLS failed: wrong version number; ${noTls}`,
    ],
    ['ETIMEDOUT', 'connect ETIMEDOUT', `connect ETIMEDOUT; ${noTls}`],
    [undefined, 'Connection timeout', `Connection timeout; ${noTls}`],
    [undefined, 'one:1 did not answer in time', `one:1 did not answer in time; ${noTls}`],
    ['ECONNRESET', 'write ECONNRESET', `write ECONNRESET; ${unclear}`],
    [undefined, 'Socket closed unexpectedly', `Socket closed unexpectedly; ${unclear}`],
    ['ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1', 'connect ECONNREFUSED 127.0.0.1:1'],
  ])('says over TLS, of %s, what helps', (code, message, reason) => {
    expect(reasonOf(errorOf(code, message), true)).toBe(reason)
  })

  it.each([
    ['ECONNRESET', 'read ECONNRESET', `read ECONNRESET; ${expectsTls}`],
    ['EPIPE', 'write EPIPE', `write EPIPE; ${expectsTls}`],
    [undefined, 'Socket closed unexpectedly', `Socket closed unexpectedly; ${expectsTls}`],
    [undefined, 'Unknown RESP type 21 "\u0015"', `Unknown RESP type 21 " "; ${expectsTls}`],
    [
      undefined,
      'Protocol error, got "\\u0015" as reply type byte. Please report this.',
      `Protocol error, got "\\u0015" as reply type byte. Please report this.; ${expectsTls}`,
    ],
    [undefined, 'Unknown RESP type 72 "H"', 'Unknown RESP type 72 "H"'],
    [undefined, 'Connection timeout', 'Connection timeout'],
    [undefined, 'WRONGPASS invalid username-password pair', 'WRONGPASS invalid username-password pair'],
  ])('says without TLS, of %s, what helps', (code, message, reason) => {
    expect(reasonOf(errorOf(code, message), false)).toBe(reason)
  })

  it('gives no advice where nobody knows whether TLS is spoken, but one line', () => {
    expect(reasonOf('Socket closed\nunexpectedly', undefined)).toBe('Socket closed unexpectedly')
    expect(reasonOf(new Error(openssl('wrong version number')), undefined)).toBe(
      'TLS failed: wrong version number',
    )
  })
})
