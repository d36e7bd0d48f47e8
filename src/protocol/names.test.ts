import { describe, expect, it } from 'vitest'
import { type ChannelKind, kindOf, parseChannelName, parseSocketId, withoutPrefix } from './names.ts'

const publicKind: ChannelKind = { access: 'public', encrypted: false, cached: false }
const privateKind: ChannelKind = { access: 'private', encrypted: false, cached: false }

describe('kindOf', () => {
  it.each<[name: string, rest: string, kind: ChannelKind]>([
    ['private-encrypted-cache-x', 'x', { access: 'private', encrypted: true, cached: true }],
    ['private-encrypted-x', 'x', { access: 'private', encrypted: true, cached: false }],
    ['private-cache-x', 'x', { access: 'private', encrypted: false, cached: true }],
    ['private-x', 'x', privateKind],
    ['presence-cache-x', 'x', { access: 'presence', encrypted: false, cached: true }],
    ['presence-x', 'x', { access: 'presence', encrypted: false, cached: false }],
    ['cache-x', 'x', { access: 'public', encrypted: false, cached: true }],
    ['#server-to-user-7', '7', { access: 'user', encrypted: false, cached: false }],
    ['news', 'news', publicKind],
  ])('C38 knows the prefix of %s', (name, rest, kind) => {
    expect(kindOf(name)).toEqual(kind)
    expect(withoutPrefix(name)).toBe(rest)
  })

  it.each(['foo-private-x', 'privateer', 'presence', 'cache', 'private', 'Private-x', 'encrypted-x'])(
    'C49 takes %s for public',
    (name) => {
      expect(kindOf(name)).toEqual(publicKind)
      expect(withoutPrefix(name)).toBe(name)
    },
  )

  it('C49 takes private- with nothing behind it for private', () => {
    expect(kindOf('private-')).toEqual(privateKind)
  })

  it.each<[name: string, kind: ChannelKind]>([
    ['presence-encrypted-x', { access: 'presence', encrypted: false, cached: false }],
    ['private-presence-x', privateKind],
    ['private-encryptedx', privateKind],
    ['private-encrypted', privateKind],
    ['cache-private-x', { access: 'public', encrypted: false, cached: true }],
  ])('lets the first prefix that fits decide about %s', (name, kind) => {
    expect(kindOf(name)).toEqual(kind)
  })
})

describe('parseChannelName', () => {
  it('C47 accepts 1 to 200 characters and no others', () => {
    expect(parseChannelName('x')).toBe('x')
    expect(parseChannelName('x'.repeat(200))).toBe('x'.repeat(200))
    expect(parseChannelName('')).toBeUndefined()
    expect(parseChannelName('x'.repeat(201))).toBeUndefined()
  })

  it('accepts as many characters as it is told to', () => {
    expect(parseChannelName('xxx', 3)).toBe('xxx')
    expect(parseChannelName('xxxx', 3)).toBeUndefined()
    expect(parseChannelName('x'.repeat(300), 300)).toBeDefined()
  })

  it.each([...'_-=@,.;'])('C48 accepts %s in a name', (character) => {
    expect(parseChannelName(character)).toBe(character)
    expect(parseChannelName(`a${character}b`)).toBe(`a${character}b`)
  })

  it.each([' ', '/', ':', '#', 'é', '\n', '\0', '\\', '"', '{', '💥', '%', '+'])(
    'C48 refuses %j anywhere in a name',
    (character) => {
      for (const name of [character, `a${character}b`, `${character}b`, `a${character}`]) {
        expect(parseChannelName(name), JSON.stringify(name)).toBeUndefined()
      }
    },
  )

  it('C70 accepts names that objects have of their own', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'presence-__proto__']) {
      expect(parseChannelName(name)).toBe(name)
    }
  })

  it.each(['7', 'u 1', 'a@b.c', 'ü/%#', 'line\nbreak', '💥'.repeat(128)])(
    'accepts any user id in #server-to-user-: %j',
    (id) => {
      expect(parseChannelName(`#server-to-user-${id}`)).toBe(`#server-to-user-${id}`)
    },
  )

  it('refuses #server-to-user- without an id or with one of 129 characters', () => {
    expect(parseChannelName('#server-to-user-')).toBeUndefined()
    expect(parseChannelName(`#server-to-user-${'x'.repeat(129)}`)).toBeUndefined()
    expect(parseChannelName('#server-to-usher-7')).toBeUndefined()
  })
})

describe('parseSocketId', () => {
  it.each(['1.1', '218912.44719', '0.0', '999999999.1000000000'])('accepts %s', (id) => {
    expect(parseSocketId(id)).toBe(id)
  })

  it.each([
    '',
    '1',
    '1.',
    '.1',
    '1.1.1',
    '-1.1',
    '1,1',
    ' 1.1',
    '1.1\n',
    '1.1:private-victim',
    '１.１',
    'f81d4fae-7dec-11d0-a765-00a0c91e6bf6',
    `${'1'.repeat(63)}.1`,
  ])('refuses %j', (id) => {
    expect(parseSocketId(id)).toBeUndefined()
  })
})
