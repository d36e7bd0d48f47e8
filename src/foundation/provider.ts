import type { Awaitable } from '../support/awaitable.ts'
import type { Application, Lifecycle } from './application.ts'

/** Puts services into an application and starts them. Subclasses override what they need. */
export abstract class Provider<Config extends object = object> implements Lifecycle {
  /** The application that it belongs to. */
  readonly app: Application
  // Where printing a provider does not show it: a configuration may hold secrets.
  readonly #config: Config

  constructor(app: Application, config: Config) {
    this.app = app
    this.#config = config
  }

  /** What stood beside the class in the list of providers; empty when nothing did. */
  get config(): Config {
    return this.#config
  }

  /** Binds services; synchronous, nothing else is bound yet. */
  register(): void {}

  /** Starts services; everything is bound, and the providers before this one have booted. */
  boot(): Awaitable<void> {}

  /** Called once every provider has booted. */
  booted(): Awaitable<void> {}

  /** Stops what was started; called in reverse order, also after a boot that failed half way. */
  shutdown(): Awaitable<void> {}
}
