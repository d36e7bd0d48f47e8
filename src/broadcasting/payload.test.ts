import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { PayloadError } from './errors.ts'
import { encodePayload } from './payload.ts'

const encode = (payload: unknown) => encodePayload('OrderShipped', payload)

describe('encodePayload', () => {
  it('gives compact JSON', () => {
    const payload = { order_id: 1, status: 'shipped', items: [{ sku: 'ü' }, null, true, 1.5], none: {} }
    expect(encode(payload)).toBe(JSON.stringify(payload))
  })

  it.each([
    ['text', '"text"'],
    [null, 'null'],
    [[], '[]'],
    [{}, '{}'],
    [0, '0'],
    ['', '""'],
  ])('takes %j as a payload', (payload, text) => {
    expect(encode(payload)).toBe(text)
  })

  it('leaves out fields that are undefined', () => {
    expect(encode({ a: 1, b: undefined })).toBe('{"a":1}')
  })

  it('keeps fields of any name, __proto__ and toJSON among them', () => {
    const text = '{"name":"Bob","payload":{},"__proto__":{"a":1},"constructor":1,"toJSON":2}'
    expect(encode(JSON.parse(text))).toBe(text)
  })

  it('takes the same object twice where it does not contain itself', () => {
    const address = { city: 'Graz' }
    expect(encode({ from: address, to: address })).toBe('{"from":{"city":"Graz"},"to":{"city":"Graz"}}')
  })

  it('asks an instance that knows its JSON, once', () => {
    let asked = 0
    class Money {
      readonly #amount = 5
      toJSON() {
        asked++
        return { amount: this.#amount }
      }
    }
    expect(encode({ price: new Money() })).toBe('{"price":{"amount":5}}')
    expect(asked).toBe(1)
  })

  it('checks what an instance makes of itself', () => {
    expect(() => encode({ price: { toJSON: () => ({ since: 1n }) } })).toThrow('"price.since" is a BigInt')
  })

  it('takes plain objects of another realm', () => {
    expect(encode(runInNewContext('({ a: [{ b: 1 }] })'))).toBe('{"a":[{"b":1}]}')
  })

  class Customer {
    readonly password = 'secret'
  }
  const circular: Record<string, unknown> = { id: 1 }
  circular['self'] = [circular]

  it.each([
    ['a date', { at: new Date(0) }, 'at', 'Date'],
    ['a date of another realm', { at: runInNewContext('new Date(0)') }, 'at', 'Date'],
    ['a BigInt', { id: 1n }, 'id', 'BigInt'],
    ['a map', { items: new Map() }, 'items', 'Map'],
    ['a set', { items: new Set() }, 'items', 'Set'],
    ['a buffer', { bytes: Buffer.from('x') }, 'bytes', 'Buffer'],
    ['an instance', { customer: new Customer() }, 'customer', 'Customer'],
    ['an error', { error: new Error('x') }, 'error', 'Error'],
    ['a promise', { later: Promise.resolve(1) }, 'later', 'Promise'],
    ['a function', { run: () => 1 }, 'run', 'function'],
    ['a symbol', { kind: Symbol('x') }, 'kind', 'symbol'],
    ['NaN', { total: Number.NaN }, 'total', 'NaN'],
    ['infinity', { total: Number.POSITIVE_INFINITY }, 'total', 'Infinity'],
    ['undefined in an array', { list: [1, undefined] }, 'list[1]', 'undefined'],
    ['a hole in an array', { list: new Array(1) }, 'list[0]', 'undefined'],
    ['a circle', circular, 'self[0]', 'refers back'],
    ['something deep', { a: [{ b: { c: 1n } }] }, 'a[0].b.c', 'BigInt'],
  ])('refuses %s and names the event and the field', (_what, payload, path, reason) => {
    const refused = () => encode(payload)
    expect(refused).toThrow(PayloadError)
    expect(refused).toThrow(expect.objectContaining({ path }))
    expect(refused).toThrow(`OrderShipped: "${path}" `)
    expect(refused).toThrow(reason)
  })

  function nested(levels: number): unknown {
    let value: unknown = 1
    for (let level = 0; level < levels; level++) value = level % 2 ? { a: value } : [value]
    return value
  }

  it('carries 100 levels, and refuses more, however many', () => {
    expect(encode(nested(100))).toBe(JSON.stringify(nested(100)))
    for (const levels of [101, 20_000]) {
      expect(() => encode(nested(levels))).toThrow(PayloadError)
      expect(() => encode(nested(levels))).toThrow(/^OrderShipped: "[^"]+" is nested deeper than 100 levels$/)
    }
  })

  it('refuses an instance that goes on telling another', () => {
    const endless = (): object => ({ toJSON: endless })
    expect(() => encode({ price: endless() })).toThrow('"price" is nested deeper')
  })

  const broken = () => {
    throw new TypeError('not loaded')
  }

  it.each([
    [
      'a getter',
      {
        order: {
          id: 1,
          get lines() {
            return broken()
          },
        },
      },
      'order.lines',
    ],
    ['a toJSON()', { order: { price: { toJSON: broken } } }, 'order.price'],
    ['a getter in an array', { list: Object.defineProperty([1], 0, { get: broken }) }, 'list[0]'],
    ['a proxy', { order: new Proxy({}, { ownKeys: broken }) }, 'order'],
  ])('names the event and the field where %s throws, with the cause', (_what, payload, path) => {
    const refused = () => encode(payload)
    expect(refused).toThrow(PayloadError)
    expect(refused).toThrow(expect.objectContaining({ path, cause: expect.any(TypeError) }))
    expect(refused).toThrow(`OrderShipped: "${path}" cannot be read: not loaded`)
  })

  it.each([undefined, () => 1, new Date(0)])('refuses %s as a whole', (payload) => {
    expect(() => encode(payload)).toThrow('OrderShipped: the payload is')
  })

  it('says nothing of the value, which may be secret', () => {
    expect(() => encode({ customer: new Customer() })).not.toThrow('secret')
  })
})
