import { describe, expect, it } from 'vitest'
import { makeApp } from '../../../test/support/parts.ts'
import { secretsOf } from './app.ts'

describe('secretsOf', () => {
  it('are the secret, and while secrets are exchanged the previous one', () => {
    expect(secretsOf(makeApp({ secret: 'new' }))).toEqual(['new'])
    expect(secretsOf(makeApp({ secret: 'new', previousSecret: 'old' }))).toEqual(['new', 'old'])
  })
})
