import { describe, expect, it } from 'vitest'
import { parseAddress } from './address.ts'

describe('parseAddress', () => {
  it('takes a list, and knows the usual port', () => {
    expect(parseAddress('nats://one, nats://two:4333')).toEqual({
      servers: ['one:4222', 'two:4333'],
      credentials: {},
      tls: false,
      shown: 'nats://one:4222,nats://two:4333',
    })
  })

  it('takes TLS, and addresses of IPv6', () => {
    expect(parseAddress('tls://[::1]:4333')).toMatchObject({ servers: ['[::1]:4333'], tls: true })
  })

  it('takes user and password, or a token, and shows neither', () => {
    const named = parseAddress('nats://me%40home:p%3Aw@one,nats://two')
    expect(named.credentials).toEqual({ user: 'me@home', pass: 'p:w' })
    expect(named.shown).toBe('nats://one:4222,nats://two:4222')
    expect(parseAddress('nats://secret@one')).toMatchObject({
      credentials: { token: 'secret' },
      shown: 'nats://one:4222',
    })
  })

  it.each(['', 'localhost', 'redis://me:secret@one', 'nats://', 'nats://one,', 'nats://me:secret%@one'])(
    'refuses %j, without repeating it',
    (list) => {
      const parse = () => parseAddress(list)
      expect(parse).toThrow('must be like nats://user:password@host:4222')
      expect(parse).not.toThrow('secret')
    },
  )
})
