import { parseEnv } from 'node:util'
import { describe, expect, it } from 'vitest'
import { resolveBroadcastingConfig } from '../broadcasting/config.ts'
import { makeKeys } from './keys.ts'

describe('makeKeys', () => {
  it('makes lines for .env that no two calls share', () => {
    expect(makeKeys()).toMatch(
      /^REVERB_APP_ID=\d{6}\nREVERB_APP_KEY=[0-9a-f]{20}\nREVERB_APP_SECRET=[0-9a-f]{64}\nREVERB_ENCRYPTION_MASTER_KEY=[\w+/]{43}=$/,
    )
    expect(makeKeys()).not.toBe(makeKeys())
  })

  it('makes a master key that the settings take as .env gives it', () => {
    const env = parseEnv(makeKeys())
    expect(resolveBroadcastingConfig({}, env).encryptionMasterKey).toBe(env['REVERB_ENCRYPTION_MASTER_KEY'])
  })
})
