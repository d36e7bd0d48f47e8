import { describe, expect, it } from 'vitest'
import { defineConfig } from './config.ts'

describe('defineConfig', () => {
  it('merges plain objects deeply', () => {
    const defaults = {
      driver: 'log',
      connections: { log: { driver: 'log' }, reverb: { driver: 'reverb', app: 'a' } },
    }
    expect(defineConfig(defaults, { connections: { reverb: { app: 'b' } } })).toEqual({
      driver: 'log',
      connections: { log: { driver: 'log' }, reverb: { driver: 'reverb', app: 'b' } },
    })
  })

  it('replaces arrays, instances and functions whole', () => {
    const date = new Date(0)
    const user = () => 'new'
    const defaults = { origins: ['a', 'b'], since: new Date(1), user: () => 'old' }
    const merged = defineConfig(defaults, { origins: ['c'], since: date, user })
    expect(merged.origins).toEqual(['c'])
    expect(merged.since).toBe(date)
    expect(merged.user).toBe(user)
  })

  it('takes undefined for left out, and null for a value', () => {
    const defaults: { path: string | null; port: number } = { path: '/a', port: 1 }
    expect(defineConfig(defaults, { path: null, port: undefined })).toEqual({ path: null, port: 1 })
  })

  it('changes neither the defaults nor any prototype', () => {
    const defaults: Record<string, object> = { a: { b: 1 } }
    const merged = defineConfig(defaults, JSON.parse('{"__proto__": {"polluted": true}, "a": {"c": 2}}'))
    expect(defaults).toEqual({ a: { b: 1 } })
    expect({}).not.toHaveProperty('polluted')
    expect(Object.getPrototypeOf(merged)).toBe(Object.prototype)
  })
})
