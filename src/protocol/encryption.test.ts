import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { makeMasterKey, open, parseMasterKey, seal, sharedSecret } from './encryption.ts'

const countingKey = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='
const nonce = Uint8Array.from({ length: 24 }, (_, index) => 100 + index)

const secretOf = (channel: string) => sharedSecret(channel, Buffer.from(countingKey, 'base64'))

describe('sharedSecret', () => {
  it.each([
    [
      'zyrm8pvV2C9fJcBfhyXzvxbJVN/H7QLmbe0xJi1GhPU=',
      'private-encrypted-bla',
      'nlr49ISQHz91yS3cy/yWmW8wFMNeTnNL5tNHnbPJcLQ=',
    ],
    [
      'YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=',
      'private-encrypted-channel-a',
      'Rp+wpkNpL89qhqco1JkIG31AVXyU8PUVJBr1B2MvdoA=',
    ],
    [countingKey, 'private-encrypted-orders.42', '1p2xOYUKMFi7esECwtVrgbYWw5p/Jyo0M/uighBM4/Y='],
    [countingKey, 'private-encrypted-cache-prices', 'U+dtU9232T1RM2IaNt6wRaUEl3+BPzEGsMjVKwqRQ94='],
  ])('C168 gives with the key %s for %s the vector %s', (masterKey, channel, expected) => {
    expect(Buffer.from(sharedSecret(channel, Buffer.from(masterKey, 'base64'))).toString('base64')).toBe(
      expected,
    )
  })

  it('C168 gives what the Go SDK gives, whose test key has 33 bytes', () => {
    const secret = sharedSecret('private-encrypted-bla', Buffer.from('This is a string that is 32 chars'))
    expect(Buffer.from(secret).toString('hex')).toBe(
      '004831f99d2a4e86723e893caded3a2897deeddbed9514fe9497dcddc52bd50b',
    )
  })
})

describe('seal', () => {
  it.each([
    ['private-encrypted-orders.42', 'ojLzGvW7n1CLOTLeOjevBcFfbdPawbcJYQ=='],
    ['private-encrypted-cache-prices', 'gTaeJ2EVI8VmrmgAh/oWI3fkqead9U4Q4g=='],
  ])('C168 makes the vector of %s', (channel, ciphertext) => {
    expect(seal(secretOf(channel), '{"id":42}', nonce)).toBe(
      `{"nonce":"ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7","ciphertext":"${ciphertext}"}`,
    )
  })

  it('takes a fresh nonce each time', () => {
    const secret = secretOf('private-encrypted-x')
    const nonces = Array.from({ length: 100 }, () => JSON.parse(seal(secret, '{}')).nonce)
    expect(new Set(nonces).size).toBe(100)
    expect(Buffer.from(nonces[0], 'base64')).toHaveLength(24)
  })

  it.each(['', '{"name":"Zoë 💥"}', 'x'.repeat(100_000)])('seals %.20j so that it can be opened', (text) => {
    const secret = secretOf('private-encrypted-x')
    expect(open(secret, seal(secret, text))).toBe(text)
  })
})

describe('open', () => {
  it('C168 opens the vector of the Go SDK', () => {
    const secret = Buffer.from('004831f99d2a4e86723e893caded3a2897deeddbed9514fe9497dcddc52bd50b', 'hex')
    const sealed = {
      nonce: 'sjklahvpWWQgAjTx5FfYHCCxd2AmaL9T',
      ciphertext: 'zoDEe8dA3nDXKsybAWce/hXGW4szJw==',
    }
    expect(open(secret, JSON.stringify(sealed))).toBe('Hello!')
  })

  const sealed = seal(secretOf('private-encrypted-x'), '{"id":42}', nonce)

  it.each([
    ['of one changed character', changed(sealed)],
    ['that is no JSON', '{'],
    ['that is null', 'null'],
    ['without a nonce', '{"ciphertext":"AAAA"}'],
    ['with a short nonce', sealed.replace('ZGVm', '')],
  ])('gives nothing for data %s', (_what, data) => {
    expect(open(secretOf('private-encrypted-x'), sealed)).toBe('{"id":42}')
    expect(open(secretOf('private-encrypted-x'), data)).toBeUndefined()
  })

  it('gives nothing for another secret, or one of another size', () => {
    expect(open(secretOf('private-encrypted-y'), sealed)).toBeUndefined()
    expect(open(randomBytes(16), sealed)).toBeUndefined()
  })
})

/** The same data with another first character of the ciphertext. */
function changed(sealed: string): string {
  return sealed.replace(/(?<="ciphertext":")./, (first) => (first === 'A' ? 'B' : 'A'))
}

describe('parseMasterKey', () => {
  it('takes the Base64 of 32 bytes', () => {
    expect(parseMasterKey(countingKey)).toEqual(Buffer.from(Array.from({ length: 32 }, (_, index) => index)))
    expect(parseMasterKey(makeMasterKey())).toHaveLength(32)
    expect(makeMasterKey()).not.toBe(makeMasterKey())
  })

  it.each([
    '',
    countingKey.slice(0, -1),
    ` ${countingKey}`,
    `${countingKey}\n`,
    countingKey.replace('+', '-').replace('A', '_'),
    Buffer.alloc(31).toString('base64'),
    Buffer.alloc(33).toString('base64'),
    'a'.repeat(32),
    '00'.repeat(32),
  ])('refuses %j', (text) => {
    expect(parseMasterKey(text)).toBeUndefined()
  })
})
