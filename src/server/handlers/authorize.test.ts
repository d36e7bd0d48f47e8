import { describe, expect, it } from 'vitest'
import { channelName, Parts } from '../../../test/support/parts.ts'
import { SubscriptionError } from '../../protocol/errors.ts'
import { signChannel } from '../../protocol/signature.ts'
import type { AppOptions } from '../apps/app-options.ts'
import { authorize } from './authorize.ts'

const socketId = '218912.44719'
const credentials = { key: 'app-key', secret: 'app-secret' }

interface Given {
  channel: string
  channelData?: unknown
  /** The auth string; signed as it should be unless given. */
  auth?: unknown
  app?: Partial<AppOptions>
}

function ask({ channel, channelData, app = {}, ...given }: Given) {
  const { connection } = new Parts({ app }).connect({ id: socketId })
  const covered = typeof channelData === 'string' ? channelData : undefined
  const signed = signChannel(credentials, socketId, channel, covered)
  const auth = 'auth' in given ? given.auth : signed
  return authorize(connection, channelName(channel), { auth, channelData })
}

/** Why not, as `failure: text`. */
function refusal(given: Given): string {
  try {
    ask(given)
  } catch (thrown) {
    if (!(thrown instanceof SubscriptionError)) throw thrown
    expect(thrown.channel).toBe(given.channel)
    expect(thrown.message).not.toMatch(/[0-9a-f]{16}|app-secret|218912/)
    return `${thrown.failure}: ${thrown.message}`
  }
  throw new Error('was authorized')
}

describe('authorize', () => {
  describe('a public channel', () => {
    it.each(['', undefined, 7, 'x:y'])('C37 ignores auth %j', (auth) => {
      expect(ask({ channel: 'news', auth, channelData: {} })).toBeUndefined()
    })

    it.each(['foo-private-x', 'privateer', 'presence'])('C49 is %s too', (channel) => {
      expect(ask({ channel, auth: '' })).toBeUndefined()
    })
  })

  describe('a private channel', () => {
    it.each([
      ['private-orders.42', '860b5d24884987d6716be1c460c2acbcad53332c1714872bbbb555af3f44aedb'],
      ['private-cache-orders', 'f53ea82adef6cd19e98af50eb4107f2239ba1fef1caf12ba2772325aae3279b7'],
      ['private-encrypted-orders.42', '7467caff0a16a441f65633342bb8b27797f4fb35554663881c0ea7d8605c2144'],
    ])('C39 C46 is joined with the signature that protocol.md prints for %s', (channel, signature) => {
      expect(ask({ channel, auth: `app-key:${signature}` })).toBeUndefined()
    })

    it('C44 is joined with channel_data that was signed with it', () => {
      expect(ask({ channel: 'private-x', channelData: '"foo"' })).toBeUndefined()
    })

    const signed = signChannel(credentials, socketId, 'private-x')
    const [, hex = ''] = signed.split(':')

    it.each<[why: string, auth: unknown]>([
      ['missing', undefined],
      ['empty', ''],
      ['null', null],
      ['a number', 7],
      ['an array', [signed]],
    ])('C42 is closed to auth that is %s', (_why, auth) => {
      expect(refusal({ channel: 'private-x', auth })).toMatch(
        /^unauthorized: This channel needs an auth string/,
      )
    })

    it.each([
      ['C40 with another secret', signChannel({ ...credentials, secret: 'x' }, socketId, 'private-x')],
      ['C41 for another channel', signChannel(credentials, socketId, 'private-y')],
      ['C41 for another socket', signChannel(credentials, '1.1', 'private-x')],
      ['C41 with the key of another app', `other:${hex}`],
      ['C42 without a colon', hex],
      ['C42 in upper case', `app-key:${hex.toUpperCase()}`],
      ['C42 with extra bytes', `${signed}0`],
      ['C42 without its last byte', signed.slice(0, -1)],
      ['over channel_data that is not there', signChannel(credentials, socketId, 'private-x', '{}')],
    ])('is closed to a signature made %s', (_why, auth) => {
      const text = 'unauthorized: The auth string is not valid for this channel and socket'
      expect(refusal({ channel: 'private-x', auth })).toBe(text)
    })

    it('C44 is closed to channel_data that the signature does not cover', () => {
      expect(refusal({ channel: 'private-x', auth: signed, channelData: '{}' })).toMatch(/^unauthorized/)
    })

    it('C71 is closed to channel_data that is not JSON, though it was signed', () => {
      // An endpoint that does not check the socket id can be made to sign this for "private-mine".
      const auth = signChannel(credentials, `${socketId}:private-victim`, 'private-mine')
      const given = { channel: 'private-victim', auth, channelData: 'private-mine' }
      expect(refusal(given)).toBe('unauthorized: channel_data is not JSON')
    })

    it.each([{}, 7, []])('is closed to channel_data that is %j instead of a string', (channelData) => {
      const given = { channel: 'private-x', auth: signed, channelData }
      expect(refusal(given)).toBe('unauthorized: channel_data must be a string')
    })

    it('takes a signature by the previous secret', () => {
      const app = { secret: 'new', previousSecret: credentials.secret }
      expect(ask({ channel: 'private-x', app })).toBeUndefined()
      expect(refusal({ channel: 'private-x', app: { secret: 'new' } })).toMatch(/^unauthorized/)
    })
  })

  describe('a presence channel', () => {
    const channel = 'presence-room-1'

    it('C46 is joined as the member whose signature protocol.md prints', () => {
      const auth = 'app-key:7e8efacde85951af3826addd021ca9b5effeb0f7fe4086117ba31b44268ea727'
      const channelData = '{"user_id":"7","user_info":{"name":"Zoë"}}'
      expect(ask({ channel, auth, channelData })).toEqual({ id: '7', info: '{"name":"Zoë"}' })
    })

    it.each<[data: string, id: string, info: string]>([
      ['{"user_id":7}', '7', '{}'],
      ['{"user_id":"7","user_info":null}', '7', '{}'],
      ['{"user_id":0}', '0', '{}'],
      ['{"user_id":"7","user_info":[1,{"a":["é"]}]}', '7', '[1,{"a":["é"]}]'],
      ['{"user_id":"__proto__","user_info":{"__proto__":{"x":1}}}', '__proto__', '{"__proto__":{"x":1}}'],
      ['{"user_id":"7","other":true}', '7', '{}'],
    ])('C67 C69 C70 makes of %s the member %s', (channelData, id, info) => {
      expect(ask({ channel, channelData })).toEqual({ id, info })
    })

    it.each([
      '{}',
      '{"user_id":""}',
      '{"user_id":null}',
      '{"user_id":true}',
      '{"user_id":"\\ud83d"}',
      '{"user_id":{"a":1}}',
      '{"user_id":["7"]}',
      '{"__proto__":{"user_id":"7"}}',
      'null',
      '7',
      '"7"',
      '[]',
    ])('C68 is closed to channel_data %s', (channelData) => {
      expect(refusal({ channel, channelData })).toMatch(/^unauthorized: .*user_id/)
    })

    it.each(['', '{"user_id":', 'user_id=7'])('C72 is closed to %j, which is not JSON', (channelData) => {
      expect(refusal({ channel, channelData })).toBe('unauthorized: channel_data is not JSON')
    })

    it('C80 is closed without channel_data', () => {
      expect(refusal({ channel })).toMatch(/^unauthorized: .*channel_data/)
    })

    it('says nothing about channel_data that was not signed', () => {
      expect(refusal({ channel, auth: 'app-key:0', channelData: '{' })).toBe(
        'unauthorized: The auth string is not valid for this channel and socket',
      )
    })

    it('C75 has users of at most 128 characters', () => {
      const id = 'é'.repeat(128)
      expect(ask({ channel, channelData: JSON.stringify({ user_id: id }) })).toMatchObject({ id })
      expect(refusal({ channel, channelData: JSON.stringify({ user_id: `${id}é` }) })).toMatch(
        /^tooLarge: .*128/,
      )
    })

    it('C75 has user_info of at most 2048 bytes', () => {
      const info = (bytes: number) => 'é'.repeat((bytes - 2) / 2)
      const data = (bytes: number) => JSON.stringify({ user_id: '7', user_info: info(bytes) })
      expect(ask({ channel, channelData: data(2048) })).toMatchObject({ id: '7' })
      expect(refusal({ channel, channelData: data(2050) })).toMatch(/^tooLarge: .*2048/)
    })

    it('survives user_info that is nested too deeply', () => {
      const channelData = `{"user_id":"7","user_info":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
      expect(refusal({ channel, channelData })).toMatch(/^(tooLarge|unauthorized)/)
    })
  })

  it('C112 lets nobody listen to a user who is not signed in', () => {
    expect(refusal({ channel: '#server-to-user-7' })).toMatch(/^unauthorized/)
    expect(refusal({ channel: '#server-to-user-7', channelData: '{"user_id":"7"}' })).toMatch(/^unauthorized/)
  })
})
