import { BroadcastingError } from '../support/errors.ts'

/** Asked for a key that nothing is bound to: names the key and lists what is bound. */
export class MissingBindingError extends BroadcastingError {
  constructor(key: string, bound: readonly string[]) {
    super(
      'ERR_BROADCAST_MISSING_BINDING',
      `Nothing is bound as "${key}". Bound: ${bound.join(', ') || 'nothing'}. ` +
        'Providers bind in register(), which runs in app.boot()',
    )
  }
}

/** A provider does what the application cannot work with. */
export class ProviderError extends BroadcastingError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_BROADCAST_PROVIDER', message, options)
  }
}
