import { ignoreRejection, isPromise } from '../support/awaitable.ts'
import { ProviderError } from './errors.ts'

/**
 * The configuration of a provider as it is. Throws a {@link ProviderError} for anything but an object: code without types may
 * give whatever it likes, and a promise, which has no options, would end in defaults.
 */
export function checkProviderConfig(provider: string, given: unknown): object {
  if (isPromise(given)) {
    ignoreRejection(given)
    throw new ProviderError(
      `The configuration of ${provider} is a promise; it must be there at once: wait before new Application()`,
    )
  }
  if (typeof given === 'object' && given !== null) return given
  const kind = given === null ? 'null' : typeof given
  throw new ProviderError(
    `The configuration of ${provider} is ${kind}; expected an object, or a function that returns one`,
  )
}
