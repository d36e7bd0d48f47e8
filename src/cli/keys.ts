import { randomBytes, randomInt } from 'node:crypto'
import { makeMasterKey } from '../protocol/encryption.ts'

/** Credentials for a new app as lines for `.env`: a numeric id, a key of [a-z0-9], a secret and a master key of 256 random bits. */
export function makeKeys(): string {
  return [
    `REVERB_APP_ID=${randomInt(100_000, 1_000_000)}`,
    `REVERB_APP_KEY=${randomBytes(10).toString('hex')}`,
    `REVERB_APP_SECRET=${randomBytes(32).toString('hex')}`,
    `REVERB_ENCRYPTION_MASTER_KEY=${makeMasterKey()}`,
  ].join('\n')
}
