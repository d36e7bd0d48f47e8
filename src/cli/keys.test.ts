import { describe, expect, it } from 'vitest'
import { makeKeys } from './keys.ts'

describe('makeKeys', () => {
  it('makes lines for .env that no two calls share', () => {
    expect(makeKeys()).toMatch(
      /^REVERB_APP_ID=\d{6}\nREVERB_APP_KEY=[0-9a-f]{20}\nREVERB_APP_SECRET=[0-9a-f]{64}$/,
    )
    expect(makeKeys()).not.toBe(makeKeys())
  })
})
