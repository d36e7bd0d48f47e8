import { describe, expect, it } from 'vitest'
import { type ClientMessage, decode } from './decode.ts'
import { PusherError } from './errors.ts'

/** The refusal that a text gets. */
function refusal(text: string): PusherError {
  try {
    decode(text)
  } catch (thrown) {
    if (thrown instanceof PusherError) return thrown
    throw thrown
  }
  throw new Error(`was decoded: ${text.slice(0, 80)}`)
}

const message = (event: unknown, data?: unknown, channel?: unknown) =>
  JSON.stringify({ event, data, channel })

describe('decode', () => {
  describe('a subscribe', () => {
    it.each<[text: string, message: ClientMessage]>([
      [
        '{"event":"pusher:subscribe","data":{"auth":"","channel":"news"}}',
        { event: 'subscribe', channel: 'news', auth: '', channelData: undefined },
      ],
      [
        '{"event":"pusher:subscribe","data":{"channel":"news"}}',
        { event: 'subscribe', channel: 'news', auth: undefined, channelData: undefined },
      ],
      [
        '{"event":"pusher:subscribe","data":{"auth":"k:s","channel_data":"{\\"user_id\\":\\"7\\"}","channel":"presence-x"}}',
        { event: 'subscribe', channel: 'presence-x', auth: 'k:s', channelData: '{"user_id":"7"}' },
      ],
      [
        '{"event":"pusher:subscribe","data":{"auth":null,"channel_data":null,"channel":"private-x"}}',
        { event: 'subscribe', channel: 'private-x', auth: null, channelData: undefined },
      ],
    ])('is decoded from %s', (text, decoded) => {
      expect(decode(text)).toEqual(decoded)
    })

    it('C33 may have its data as a string', () => {
      expect(decode(message('pusher:subscribe', '{"channel":"news","auth":"k:s"}'))).toEqual({
        event: 'subscribe',
        channel: 'news',
        auth: 'k:s',
        channelData: undefined,
      })
    })

    it.each([
      [undefined],
      [null],
      [1],
      [true],
      [[]],
      [['news']],
      ['news'],
      [''],
      ['"news"'],
      ['[]'],
      ['{'],
      ['null'],
    ])('C34 is refused with the data %j', (data) => {
      const { pusherCode, message: text } = refusal(message('pusher:subscribe', data))
      expect(pusherCode).toBeNull()
      expect(text).toContain('pusher:subscribe')
    })

    it.each([[undefined], [null], [1], [{}], [['news']], [false]])(
      'is refused with the channel %j',
      (channel) => {
        expect(refusal(message('pusher:subscribe', { channel })).pusherCode).toBeNull()
      },
    )

    it('takes the channel from data, not from beside it', () => {
      expect(refusal(message('pusher:subscribe', {}, 'news')).pusherCode).toBeNull()
    })
  })

  describe('an unsubscribe', () => {
    it('is decoded with its data as an object or a string', () => {
      const expected = { event: 'unsubscribe', channel: 'news' }
      expect(decode(message('pusher:unsubscribe', { channel: 'news' }))).toEqual(expected)
      expect(decode(message('pusher:unsubscribe', '{"channel":"news"}'))).toEqual(expected)
    })

    it('is refused without a channel', () => {
      expect(refusal(message('pusher:unsubscribe', {})).pusherCode).toBeNull()
    })
  })

  it('C21 C27 decodes ping and pong with any data and with none', () => {
    for (const data of [undefined, {}, '{}', null, 1, []]) {
      expect(decode(message('pusher:ping', data))).toEqual({ event: 'ping' })
      expect(decode(message('pusher:pong', data))).toEqual({ event: 'pong' })
    }
  })

  it('knows reverb:resume, so that it can be ignored', () => {
    expect(decode(message('reverb:resume', { positions: {} }))).toEqual({ event: 'resume' })
  })

  describe('a client event', () => {
    const dataOf = (text: string) => {
      const decoded = decode(text)
      return decoded.event === 'client-event' ? decoded.data : undefined
    }

    it('is decoded with its name and channel', () => {
      expect(decode(message('client-typing', { on: true }, 'private-x'))).toEqual({
        event: 'client-event',
        name: 'client-typing',
        channel: 'private-x',
        data: '{"on":true}',
      })
    })

    it.each<[data: unknown, text: string]>([
      [{ a: 1 }, '{"a":1}'],
      [[1, 'ü'], '[1,"ü"]'],
      ['{"a": 1}', '{"a": 1}'],
      ['plain', 'plain'],
      ['', ''],
      [0, '0'],
      [false, 'false'],
      [null, 'null'],
    ])('C97 has its data %j as the string %j', (data, text) => {
      expect(dataOf(message('client-x', data, 'private-x'))).toBe(text)
    })

    it('C98 has the data "null" where there is none', () => {
      expect(dataOf('{"event":"client-x","channel":"private-x"}')).toBe('null')
    })

    it('C99 carries no user_id and no other member', () => {
      const text = '{"event":"client-x","channel":"presence-x","data":"","user_id":"8","more":1}'
      expect(decode(text)).toEqual({
        event: 'client-event',
        name: 'client-x',
        channel: 'presence-x',
        data: '',
      })
    })

    it.each([undefined, null, 1, {}])('is refused with the channel %j', (channel) => {
      expect(refusal(message('client-x', {}, channel)).pusherCode).toBeNull()
    })

    it('is refused when its data is nested too deeply to be passed on', () => {
      const deep = `{"event":"client-x","channel":"private-x","data":${'['.repeat(50_000)}${']'.repeat(50_000)}}`
      expect(refusal(deep).pusherCode).toBeNull()
    })

    it('keeps __proto__ as the member it is', () => {
      expect(dataOf('{"event":"client-x","channel":"private-x","data":{"__proto__":{"a":1}}}')).toBe(
        '{"__proto__":{"a":1}}',
      )
    })
  })

  it.each([
    '',
    ' ',
    'hello',
    '{',
    '[]',
    '[{"event":"pusher:ping"}]',
    '1',
    'null',
    'true',
    '"pusher:ping"',
    '\0',
  ])('C28 refuses the text %j', (text) => {
    expect(refusal(text)).toMatchObject({ pusherCode: null, message: 'Message is not a JSON object' })
  })

  it('C28 refuses a deeply nested text', () => {
    expect(refusal('['.repeat(100_000)).pusherCode).toBeNull()
    expect(refusal(`{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`).pusherCode).toBeNull()
  })

  it.each(['{}', '{"event":null}', '{"event":1}', '{"event":{}}', '{"event":["pusher:ping"]}'])(
    'C28 refuses %s, which has no string event',
    (text) => {
      expect(refusal(text)).toMatchObject({ pusherCode: null, message: 'Message has no string "event"' })
    },
  )

  it('is not fooled by an event in __proto__', () => {
    expect(refusal('{"__proto__":{"event":"pusher:ping"}}').pusherCode).toBeNull()
    expect(
      refusal('{"event":"pusher:subscribe","data":{"__proto__":{"channel":"news"}}}').pusherCode,
    ).toBeNull()
  })

  it.each([
    'pusher:foo',
    'foo',
    '',
    'pusher_internal:member_added',
    'pusher:connection_established',
    'pusher:subscription_succeeded',
    'Pusher:ping',
    '__proto__',
    'Xclient-foo',
    'client_foo',
    'client',
  ])('C30 C31 C106 refuses the event %j', (event) => {
    const { pusherCode, message: text } = refusal(message(event, {}, 'private-x'))
    expect(pusherCode).toBeNull()
    expect(text).toContain(`"${event}"`)
  })

  it('sends back no more than the beginning of an event name', () => {
    expect(refusal(message('x'.repeat(90_000))).message.length).toBeLessThan(120)
    expect(refusal(message(`client-${'x'.repeat(90_000)}`)).message.length).toBeLessThan(120)
  })
})
