import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { eventually } from '../../../test/support/eventually.ts'
import { makeApp } from '../../../test/support/parts.ts'
import { md5, sign } from '../../protocol/signature.ts'
import type { AppOptions } from '../apps/app-options.ts'
import { RefusedError } from '../errors.ts'
import { Grace } from '../grace.ts'
import { bodyDeadline, RawQuery, readBody, verifyBody, verifySignature } from './request.ts'

const now = 1_700_000_000
const auth = `auth_key=app-key&auth_timestamp=${now}&auth_version=1.0`

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: now * 1000 })
})

afterEach(() => {
  vi.useRealTimers()
})

/** A request as somebody signed it, and as it arrives. */
interface Given {
  method?: string
  body?: string
  /** @default '/apps/app-id/channels' */
  signedPath?: string
  /** What was signed; without `auth_signature`, decoded, sorted. @default auth */
  signed?: string
  /** The paths that may have been signed. @default the signed one */
  paths?: readonly string[]
  /** The query on the wire, `SIGNATURE` in it replaced. @default what was signed and the signature */
  wire?: string
  secret?: string
  app?: Partial<AppOptions>
}

function verify({ method = 'GET', body = '', secret = 'app-secret', app = {}, ...given }: Given): void {
  const { signedPath = '/apps/app-id/channels', signed = auth, paths = [signedPath] } = given
  const signature = sign(secret, `${method}\n${signedPath}\n${signed}`)
  const wire = (given.wire ?? `${signed}&auth_signature=SIGNATURE`).replace('SIGNATURE', signature)
  const query = new RawQuery(`/any?${wire}`)
  verifySignature(makeApp(app), { method, paths, query })
  verifyBody(query, Buffer.from(body))
}

/** Why a request is not verified. */
function refusal(given: Given): string {
  try {
    verify(given)
  } catch (thrown) {
    if (!(thrown instanceof RefusedError)) throw thrown
    expect(thrown.answered).toBe(401)
    expect(thrown.message).not.toMatch(/[0-9a-f]{32}|app-secret/)
    return thrown.message
  }
  throw new Error('was verified')
}

const noSignature = 'auth_signature is not valid for this request'

describe('verifySignature and verifyBody', () => {
  it('refuse a query of many parameters before anything is made of it', () => {
    const many = Array.from({ length: 65 }, (_, index) => `p${index}=1`).join('&')
    expect(refusal({ wire: many })).toBe('A request has at most 64 parameters')
  })

  it('refuse what has not the shape of a signature', () => {
    expect(refusal({ wire: `${auth}&auth_signature=short` })).toBe(noSignature)
  })

  it('refuse a parameter that follows the signature of the others', () => {
    expect(refusal({ wire: `${auth}&auth_signature=SIGNATURE&info=user_count` })).toBe(noSignature)
  })

  describe('survives the peculiarities of SDKs:', () => {
    it.each<[what: string, given: Given]>([
      ['a plain request', {}],
      [
        'Python signs the MD5 of nothing on a GET',
        { signed: `${auth}&body_md5=d41d8cd98f00b204e9800998ecf8427e` },
      ],
      ['Node and Go do not encode values', { signed: `${auth}&filter_by_prefix=presence-&info=a,b` }],
      [
        'PHP and Java encode values and sign them decoded',
        {
          signed: `${auth}&filter_by_prefix=presence-é&info=user_count,subscription_count`,
          wire: `${auth}&filter_by_prefix=presence-%C3%A9&info=user_count%2Csubscription_count&auth_signature=SIGNATURE`,
        },
      ],
      [
        'a space arrives as plus',
        { signed: `${auth}&x=a b`, wire: `${auth}&x=a+b&auth_signature=SIGNATURE` },
      ],
      [
        'a plus arrives as it is',
        { signed: `${auth}&x=a+b%`, wire: `${auth}&x=a+b%25&auth_signature=SIGNATURE` },
      ],
      ['percent signs stay as they are where values are not encoded', { signed: `${auth}&x=100%&y=%41` }],
      [
        'Ruby signs names in lower case',
        { signed: `${auth}&filter_by_prefix=a`, wire: `${auth}&Filter_By_Prefix=a&auth_signature=SIGNATURE` },
      ],
      [
        'parameters come in any order, .NET has the signature first',
        {
          wire: `auth_signature=SIGNATURE&auth_version=1.0&auth_timestamp=${now}&auth_key=app-key`,
        },
      ],
      [
        'PHP sends arrays under a name with brackets',
        { signed: `${auth}&info=a,b`, wire: `${auth}&info[]=a&info[]=b&auth_signature=SIGNATURE` },
      ],
      [
        'brackets may be encoded and numbered',
        { signed: `${auth}&info=a,b`, wire: `${auth}&info%5B0%5D=a&info%5B1%5D=b&auth_signature=SIGNATURE` },
      ],
      [
        'Node signs the path as it is and sends it encoded',
        {
          signedPath: '/apps/app-id/users/u 1/é/terminate_connections',
          paths: ['/apps/app-id/users/u%201/%C3%A9/terminate_connections'],
        },
      ],
      [
        'a mount is not part of what is signed',
        { paths: ['/apps/app-id/channels', '/reverb/apps/app-id/channels'] },
      ],
      [
        'C128 or it is',
        {
          signedPath: '/reverb/apps/app-id/channels',
          paths: ['/apps/app-id/channels', '/reverb/apps/app-id/channels'],
        },
      ],
      ['a value is missing', { signed: `${auth}&x=`, wire: `${auth}&x&auth_signature=SIGNATURE` }],
    ])('%s', (_what, given) => {
      expect(() => verify(given)).not.toThrow()
    })
  })

  it('takes a body with its MD5', () => {
    const body = '{"name":"é"}'
    expect(() =>
      verify({ method: 'POST', body, signed: `${auth}&body_md5=${md5(Buffer.from(body))}` }),
    ).not.toThrow()
  })

  it('takes the previous secret too', () => {
    const app = { secret: 'new', previousSecret: 'app-secret' }
    expect(() => verify({ app })).not.toThrow()
    expect(() => verify({ app, secret: 'new' })).not.toThrow()
    expect(refusal({ app, secret: 'other' })).toBe(noSignature)
  })

  describe('C123 refuses', () => {
    it.each(['auth_key', 'auth_timestamp', 'auth_version', 'auth_signature'])(
      'a request without %s',
      (name) => {
        const all = `${auth}&auth_signature=SIGNATURE`.split('&')
        const wire = all.filter((pair) => !pair.startsWith(name)).join('&')
        expect(refusal({ wire })).toBe(
          'auth_key, auth_timestamp, auth_version and auth_signature are required',
        )
      },
    )

    it.each([
      ['another version', auth.replace('1.0', '1.1'), 'auth_version must be 1.0'],
      ['the key of another app', auth.replace('app-key', 'other'), 'auth_key is not the key of this app'],
      ['a parameter twice', `${auth}&auth_key=app-key`, 'auth_key is not the key of this app'],
    ])('%s', (_what, signed, said) => {
      expect(refusal({ signed })).toBe(said)
    })

    it.each<[what: string, given: Given]>([
      ['another secret', { secret: 'other' }],
      ['another path', { paths: ['/apps/app-id/channels/news'] }],
      ['an altered query', { wire: `${auth}&info=x&auth_signature=SIGNATURE` }],
      [
        'upper case',
        {
          wire: `${auth}&auth_signature=${sign('app-secret', `GET\n/apps/app-id/channels\n${auth}`).toUpperCase()}`,
        },
      ],
      ['an empty signature', { wire: `${auth}&auth_signature=` }],
      [
        'C127 doubly encoded values',
        { signed: `${auth}&x=a,b`, wire: `${auth}&x=a%252Cb&auth_signature=SIGNATURE` },
      ],
    ])('%s', (_what, given) => {
      expect(refusal(given)).toBe(noSignature)
    })

    it('another method', () => {
      const signature = sign('app-secret', `GET\n/apps/app-id/channels\n${auth}`)
      expect(refusal({ method: 'POST', wire: `${auth}&auth_signature=${signature}` })).toBe(noSignature)
    })
  })

  describe('the timestamp', () => {
    const at = (timestamp: string): Given => ({ signed: auth.replace(String(now), timestamp) })

    it.each([-600, -599, 0, 599, 600])('C124 may differ by %i seconds', (seconds) => {
      expect(() => verify(at(String(now + seconds)))).not.toThrow()
    })

    it.each([
      String(now - 601),
      String(now + 601),
      `${now}.5`,
      `-${now}`,
      '',
      'now',
      `0x${now.toString(16)}`,
      `${now}000`,
    ])('C124 may not be %j', (timestamp) => {
      expect(refusal(at(timestamp))).toBe(`auth_timestamp must be within 600 seconds of now, ${now}`)
    })
  })

  describe('the body', () => {
    const said = 'body_md5 must be the MD5 of the body'

    it('C126 needs its MD5', () => {
      expect(refusal({ method: 'POST', body: '{}' })).toBe(said)
    })

    it('C123 must be the one that was signed', () => {
      expect(
        refusal({ method: 'POST', body: '{"a":1}', signed: `${auth}&body_md5=${md5(Buffer.from('{}'))}` }),
      ).toBe(said)
    })

    it('C125 of a GET too', () => {
      expect(refusal({ signed: `${auth}&body_md5=${md5(Buffer.from('{}'))}` })).toBe(said)
    })
  })
})

describe('RawQuery', () => {
  it('decodes values, and leaves alone what cannot be decoded', () => {
    const query = new RawQuery('/x?a=1%2C2+3&b=%&c&d==&=e&a%62=x&&f=%E0%A4')
    expect(['a', 'b', 'c', 'd', '', 'ab', 'f', 'g'].map((name) => query.get(name))).toEqual([
      '1,2 3',
      '%',
      '',
      '=',
      'e',
      'x',
      '%E0%A4',
      undefined,
    ])
  })

  it('has nothing without a question mark', () => {
    expect(new RawQuery('/a=1').get('a')).toBeUndefined()
    expect(new RawQuery('').toSign(String)).toBe('')
  })

  it('sorts by the bytes of names, not by a language', () => {
    expect(new RawQuery('?b=1&a_b=2&ab=3&a-b=4&a=5').toSign(String)).toBe('a=5&a-b=4&a_b=2&ab=3&b=1')
  })

  it.each([
    ['sorted', '?a=1&b=%2C&c&auth_signature=f'],
    ['signed in the middle', '?a=1&auth_signature=f&b=%2C&c='],
    ['not sorted', '?c=&auth_signature=f&a=1&b=%2C'],
    ['written otherwise', '?A=1&b[]=%2C&auth%5Fsignature=f&c'],
    ['with nothing between', '?&a=1&&b=%2C&c&auth_signature=f&'],
  ])('makes the same text of parameters that are %s', (_, url) => {
    expect(new RawQuery(url).toSign(decodeURIComponent)).toBe('a=1&b=,&c=')
  })

  it('joins what is there twice, and never takes it for sorted', () => {
    expect(new RawQuery('?a=1&a=2&b=3').toSign(String)).toBe('a=1,2&b=3')
  })
})

describe('readBody', () => {
  const read = (incoming: IncomingMessage, limit: number) =>
    readBody(incoming, limit, new Grace(bodyDeadline))

  /** A request whose body arrives in these parts; without `end` it is still under way. */
  function request(parts: readonly (string | Buffer)[], headers: Record<string, string> = {}, end = true) {
    const incoming = new IncomingMessage(new Socket())
    incoming.headers = headers
    for (const part of parts) incoming.push(part)
    if (end) incoming.push(null)
    return incoming
  }

  const status = (status: number) => expect.objectContaining({ answered: status })

  it('joins its parts, also in the middle of a character', async () => {
    const [first, second] = [Buffer.from('aé').subarray(0, 2), Buffer.from('aé').subarray(2)]
    expect(String(await read(request([first, second]), 100))).toBe('aé')
  })

  it('is there as soon as all of its announced length has come', async () => {
    const incoming = request(['12345', '67890'], { 'content-length': '10' }, false)
    expect(String(await read(incoming, 10))).toBe('1234567890')
  })

  it('waits for what is lacking of its announced length', async () => {
    const incoming = request(['12345'], { 'content-length': '10' }, false)
    const body = read(incoming, 10)
    await new Promise(setImmediate)
    incoming.push('67890')
    incoming.push(null)
    expect(String(await body)).toBe('1234567890')
  })

  it('may be empty', async () => {
    expect(await read(request([]), 100)).toHaveLength(0)
  })

  it('C136 takes as many bytes as allowed', async () => {
    expect(await read(request(['12345', '67890']), 10)).toHaveLength(10)
    await expect(read(request(['12345', '678901']), 10)).rejects.toEqual(status(413))
  })

  it('C136 refuses a body that is announced as too large before it arrives', async () => {
    const announced = request([], { 'content-length': '11' }, false)
    await expect(read(announced, 10)).rejects.toEqual(status(413))
  })

  it('C136 refuses a body that is too large without keeping it, and lets the rest flow by', async () => {
    const incoming = request(['12345678901'], {}, false)
    await expect(read(incoming, 10)).rejects.toEqual(status(413))
    for (let count = 0; count < 100; count++) incoming.push('x'.repeat(10_000))
    incoming.push(null)
    await eventually(() => incoming.readableEnded).toBe(true)
    expect(incoming.readableLength).toBe(0)
  })

  it('refuses a body that breaks off', async () => {
    const incoming = request(['123'], {}, false)
    const body = read(incoming, 10)
    incoming.destroy()
    await expect(body).rejects.toEqual(status(400))
  })

  it('C151 says what to do when somebody has read it before', async () => {
    const incoming = request(['{}'])
    incoming.read()
    const body = read(incoming, 10)
    await expect(body).rejects.toEqual(status(500))
    await expect(body).rejects.toThrow('mount the server before body parsers')
  })

  it('C151 takes the bytes that whoever has read it has left behind, up to the limit', async () => {
    const leftBehind = (rawBody: unknown) => {
      const incoming = request(['{}'])
      incoming.read()
      return read(Object.assign(incoming, { rawBody }), 10)
    }
    expect(String(await leftBehind(Buffer.from('{"a":1}')))).toBe('{"a":1}')
    await expect(leftBehind(Buffer.alloc(11))).rejects.toEqual(status(413))
    await expect(leftBehind('{"a":1}')).rejects.toEqual(status(500))
    await expect(leftBehind({ a: 1 })).rejects.toEqual(status(500))
  })

  it('C151 is empty where somebody has waited for the end of a body that there was not', async () => {
    const incoming = request([])
    incoming.resume()
    await eventually(() => incoming.readableEnded).toBe(true)
    expect(await read(incoming, 10)).toHaveLength(0)
  })

  it('gives a body thirty seconds', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const body = read(request(['123'], {}, false), 10)
    const refused = expect(body).rejects.toMatchObject({
      answered: 408,
      answerHeaders: { connection: 'close' },
    })
    await vi.advanceTimersByTimeAsync(30_000)
    await refused
  })
})
