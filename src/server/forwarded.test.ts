import { describe, expect, it } from 'vitest'
import { addressOf, hostOf, isSecure } from './forwarded.ts'

describe('isSecure', () => {
  it.each([
    [true, true],
    [false, false],
    [undefined, false],
  ])('is what the socket says (%j) where no proxy is trusted', (encrypted, secure) => {
    const headers = { 'x-forwarded-proto': secure ? 'http' : 'https' }
    expect(isSecure({ headers, socket: { encrypted } }, 0)).toBe(secure)
    expect(isSecure({ headers: {}, socket: { encrypted } }, 1)).toBe(secure)
  })

  it('is false when nothing is known', () => {
    expect(isSecure({ headers: {} }, 0)).toBe(false)
  })

  it.each([
    ['https', true],
    ['wss', true],
    ['http', false],
    ['ws', false],
    ['HTTPS?', false],
  ])('is what a trusted proxy says: %s', (proto, secure) => {
    const request = { headers: { 'x-forwarded-proto': proto }, socket: { encrypted: !secure } }
    expect(isSecure(request, 1)).toBe(secure)
  })

  it('believes no entry that the client may have forged', () => {
    expect(isSecure({ headers: { 'x-forwarded-proto': 'https, http' } }, 1)).toBe(false)
    expect(isSecure({ headers: { 'x-forwarded-proto': 'https, http' } }, 2)).toBe(true)
  })
})

describe('addressOf', () => {
  const headers = { 'x-forwarded-for': '6.6.6.6, 1.1.1.1,2.2.2.2' }
  const socket = { remoteAddress: '127.0.0.1' }

  it.each([
    [0, '127.0.0.1'],
    [1, '2.2.2.2'],
    [2, '1.1.1.1'],
    [3, '6.6.6.6'],
    [9, '6.6.6.6'],
  ])('of %i trusted proxies is the entry that the outermost added', (hops, address) => {
    expect(addressOf({ headers, socket }, hops)).toBe(address)
  })

  it.each([
    ['1.1.1.1:50123', '1.1.1.1'],
    ['[2001:db8::1]:50123', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['unknown', 'unknown'],
  ])('has no port, which differs with every connection: %s', (forwarded, address) => {
    expect(addressOf({ headers: { 'x-forwarded-for': `6.6.6.6:1, ${forwarded}` }, socket }, 1)).toBe(address)
  })

  it('is that of the socket where the header is missing or ends with nothing', () => {
    expect(addressOf({ headers: {}, socket }, 1)).toBe('127.0.0.1')
    expect(addressOf({ headers: { 'x-forwarded-for': '1.1.1.1, ' }, socket }, 1)).toBe('127.0.0.1')
    expect(addressOf({ headers: {} }, 1)).toBe('')
  })
})

describe('hostOf', () => {
  it('is the Host header, or what a trusted proxy received as such', () => {
    const headers = { host: 'internal:8080', 'x-forwarded-host': 'shop.example.com' }
    expect(hostOf({ headers }, 0)).toBe('internal:8080')
    expect(hostOf({ headers }, 1)).toBe('shop.example.com')
    expect(hostOf({ headers: {} }, 1)).toBeUndefined()
  })
})
