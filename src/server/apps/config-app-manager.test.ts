import { describe, expect, it } from 'vitest'
import { makeApp } from '../../../test/support/parts.ts'
import { secretsOf } from './app.ts'
import { ConfigAppManager } from './config-app-manager.ts'

describe('ConfigAppManager', () => {
  const one = makeApp({ id: '1', key: 'one' })
  const other = makeApp({ id: '2', key: 'other' })
  const apps = new ConfigAppManager([one, other])

  it('finds an app by its key and by its id', () => {
    expect(apps.findByKey('other')).toBe(other)
    expect(apps.findById('1')).toBe(one)
  })

  it.each(['', '1', 'ONE', '__proto__', 'constructor'])('has no app with the key %j', (key) => {
    expect(apps.findByKey(key)).toBeUndefined()
  })

  it.each(['', 'one', '3', '__proto__'])('has no app with the id %j', (id) => {
    expect(apps.findById(id)).toBeUndefined()
  })

  it('keeps their order: the first is the default', () => {
    expect(apps.apps).toEqual([one, other])
  })
})

describe('secretsOf', () => {
  it('are the secret, and while secrets are exchanged the previous one', () => {
    expect(secretsOf(makeApp({ secret: 'new' }))).toEqual(['new'])
    expect(secretsOf(makeApp({ secret: 'new', previousSecret: 'old' }))).toEqual(['new', 'old'])
  })
})
