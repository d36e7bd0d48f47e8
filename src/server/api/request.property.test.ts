import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyText } from '../../../test/support/anything.ts'
import { makeApp } from '../../../test/support/parts.ts'
import { md5, sign, signRequest } from '../../protocol/signature.ts'
import { RefusedError } from '../errors.ts'
import { RawQuery, verifyBody, verifySignature } from './request.ts'

const app = makeApp()

type Pair = readonly [name: string, value: string]

/** How a family of SDKs puts the parameters that it has signed on the wire. */
interface Style {
  readonly name: string
  readonly value: fc.Arbitrary<string>
  readonly write: (pair: Pair) => string
}

/** Whole characters only: what is no character cannot be encoded. */
const characters = fc.string({ unit: 'binary', maxLength: 30 })
const printable = fc.string({ maxLength: 30 })
// An ampersand would begin the next parameter, a hash or a space would end the address.
const unencoded = fc.string({
  unit: fc.constantFrom(...'abzABZ019-_.~!$\'()*,;:@/?=+%{}[]"|\\^`'),
  maxLength: 30,
})

const encoded: Style = {
  name: 'encoded, as PHP, Java and .NET do',
  value: fc.oneof(characters, printable),
  write: (pair) => pair.map(encodeURIComponent).join('='),
}

const styles: readonly Style[] = [
  encoded,
  {
    name: 'encoded as a form, with plus for a space, as Go does',
    value: fc.oneof(characters, printable),
    write: ([name, value]) => new URLSearchParams([[name, value]]).toString(),
  },
  { name: 'as they are, as Node and Python do', value: unencoded, write: (pair) => pair.join('=') },
  {
    name: 'in capitals and encoded, which are signed in lower case, as Ruby does',
    value: characters,
    write: ([name, value]) => `${name.toUpperCase()}=${encodeURIComponent(value)}`,
  },
]

const name = fc
  .string({ unit: fc.constantFrom(...'abcxyz_'), minLength: 1, maxLength: 12 })
  .filter((text) => !text.startsWith('auth') && text !== 'body_md5')
const method = fc.constantFrom('GET', 'POST')
const path = fc
  .array(fc.oneof(characters, printable), { maxLength: 3 })
  .map((segments) => ['/apps/app-id', ...segments].join('/'))
const body = fc.oneof(fc.constant(new Uint8Array()), fc.uint8Array({ maxLength: 50 }))

/** What somebody wants to ask. */
interface Wish {
  readonly method: string
  readonly path: string
  readonly parameters: readonly Pair[]
  readonly body: Uint8Array
}

function wish(value: fc.Arbitrary<string>): fc.Arbitrary<Wish> {
  const parameters = fc.uniqueArray(fc.tuple(name, value), { maxLength: 6, selector: ([key]) => key })
  return fc.record({ method, path, parameters, body })
}

/** The parameters of a signed request, the signature first. */
function signed({ method, path, parameters, body }: Wish, secret = app.secret): readonly Pair[] {
  const unsigned: Pair[] = [
    ...parameters,
    ['auth_key', app.key],
    ['auth_timestamp', String(Math.floor(Date.now() / 1000))],
    ['auth_version', '1.0'],
    ...(body.length > 0 ? [['body_md5', md5(body)] as const] : []),
  ]
  const toSign = [...unsigned].sort(([a], [b]) => (a < b ? -1 : 1)).map((pair) => pair.join('='))
  return [['auth_signature', sign(secret, `${method}\n${path}\n${toSign.join('&')}`)], ...unsigned]
}

/** A request as it arrives. */
interface Arrived {
  readonly method: string
  /** Encoded. */
  readonly path: string
  readonly query: string
  readonly body: Uint8Array
}

/** Whether it is believed; throws whatever is thrown but a refusal with 401. */
function isBelieved({ method, path, query, body }: Arrived): boolean {
  const raw = new RawQuery(`${path}?${query}`)
  try {
    verifySignature(app, { method, paths: [path, `/mount${path}`], query: raw })
    verifyBody(raw, Buffer.from(body))
    return true
  } catch (thrown) {
    if (thrown instanceof RefusedError && thrown.answered === 401) return false
    throw thrown
  }
}

function arrived({ method, path, body }: Wish, query: string): Arrived {
  return { method, path: onTheWire(path), query, body }
}

/** A path that was signed as it is. */
function onTheWire(path: string): string {
  return encodeURI(path).replace(/[?#]/g, encodeURIComponent)
}

describe('A signed request', () => {
  it.each(styles)('is believed with its parameters $name, in any order', ({ value, write }) => {
    const shuffled = wish(value).chain((asked) => {
      const pairs = signed(asked)
      const order = fc.shuffledSubarray([...pairs], { minLength: pairs.length })
      return fc.tuple(fc.constant(asked), order)
    })
    fc.assert(
      fc.property(shuffled, ([asked, pairs]) => {
        expect(isBelieved(arrived(asked, pairs.map(write).join('&')))).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('is believed with array parameters, which are signed joined', () => {
    const list = fc.array(characters, { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(wish(characters), list, fc.boolean(), (asked, values, numbered) => {
        const parameters: Pair[] = [
          ...asked.parameters.filter(([key]) => key !== 'info'),
          ['info', values.join()],
        ]
        const others = signed({ ...asked, parameters }).filter(([key]) => key !== 'info')
        const items = values.map((value, index) => [`info[${numbered ? index : ''}]`, value] as const)
        expect(isBelieved(arrived(asked, [...others, ...items].map(encoded.write).join('&')))).toBe(true)
      }),
    )
  })

  it('of our own client is believed', () => {
    const params = fc.dictionary(name, characters, { maxKeys: 6 })
    fc.assert(
      fc.property(path, params, fc.option(body, { nil: undefined }), (asked, given, sent) => {
        const method = sent === undefined ? 'GET' : 'POST'
        const query = signRequest(app, { method, path: asked, params: given, body: sent })
        expect(isBelieved({ method, path: onTheWire(asked), query, body: sent ?? new Uint8Array() })).toBe(
          true,
        )
      }),
    )
  })

  it('is refused when it was signed with another secret', () => {
    fc.assert(
      fc.property(wish(characters), fc.string(), (asked, secret) => {
        fc.pre(secret !== app.secret)
        expect(isBelieved(arrived(asked, signed(asked, secret).map(encoded.write).join('&')))).toBe(false)
      }),
    )
  })

  it('is refused with any parameter changed, left out or put in', () => {
    fc.assert(
      fc.property(wish(characters), fc.nat(), characters, (asked, at, other) => {
        const pairs = signed(asked)
        const [key, value] = pairs[at % pairs.length] ?? ['', '']
        fc.pre(other !== value)
        const without = pairs.filter(([candidate]) => candidate !== key)
        const additional: Pair = [`${key}_`, other]
        const [signature = additional, ...rest] = pairs
        const queries: readonly (readonly Pair[])[] = [
          without,
          [...without, [key, other]],
          [...pairs, additional],
          [...rest, signature, additional],
          [...rest, additional, signature],
        ]
        for (const query of queries) {
          expect(isBelieved(arrived(asked, query.map(encoded.write).join('&')))).toBe(false)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('is refused with another method, path or body', () => {
    fc.assert(
      fc.property(wish(characters), path, body, (asked, otherPath, otherBody) => {
        fc.pre(asked.path !== otherPath && !Buffer.from(asked.body).equals(otherBody))
        const query = signed(asked).map(encoded.write).join('&')
        const method = asked.method === 'GET' ? 'POST' : 'GET'
        for (const change of [{ method }, { path: otherPath }, { body: otherBody }]) {
          expect(isBelieved(arrived({ ...asked, ...change }, query))).toBe(false)
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe('Any query', () => {
  it('is refused with 401 and throws nothing else', () => {
    const almost = fc
      .array(fc.tuple(fc.oneof(name, fc.constantFrom('auth_key', 'auth_version', '__proto__')), anyText(20)))
      .map((pairs) => pairs.map((pair) => pair.join('=')).join('&'))
    fc.assert(
      fc.property(method, anyText(), fc.oneof(anyText(300), almost), (asked, at, query) => {
        expect(isBelieved({ method: asked, path: at, query, body: new Uint8Array() })).toBe(false)
      }),
      { numRuns: 500 },
    )
  })
})
