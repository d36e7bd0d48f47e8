import { parseMasterKey, sharedSecret } from '../protocol/encryption.ts'
import { EncryptionKeyError } from './errors.ts'

/** The key of one encrypted channel, 32 bytes. Throws an {@link EncryptionKeyError} without a master key to make it of. */
export function channelKey(channel: string, masterKey: string | undefined): Uint8Array {
  const bytes = masterKey === undefined ? undefined : parseMasterKey(masterKey)
  if (bytes === undefined) throw new EncryptionKeyError(channel)
  return sharedSecret(channel, bytes)
}
