import { type Awaitable, andThen } from '../../support/awaitable.ts'
import { ConfigurationError } from '../../support/errors.ts'
import type { ServerConfig } from '../config.ts'
import { UnknownAppError } from '../errors.ts'
import type { App } from './app.ts'
import type { Apps } from './apps.ts'

/** The apps as code of this process names them: by their key, or not at all, which means the default one. */
export class NamedApps {
  readonly #apps: Pick<Apps, 'findByKey'>
  readonly #config: Pick<ServerConfig, 'apps' | 'appManager' | 'defaultAppKey'>

  constructor(
    apps: Pick<Apps, 'findByKey'>,
    config: Pick<ServerConfig, 'apps' | 'appManager' | 'defaultAppKey'>,
  ) {
    this.#apps = apps
    this.#config = config
  }

  /** Throws a {@link ConfigurationError} where no app is the default one. */
  get defaultKey(): string {
    const { defaultAppKey } = this.#config
    if (defaultAppKey !== undefined) return defaultAppKey
    throw new ConfigurationError(
      'With an appManager no app is the default one: set REVERB_APP_KEY (appKey) to its key, or name an app where one is used',
    )
  }

  /** The app that is named, or nothing. Throws or rejects with an AppLookupError. */
  find(key = this.defaultKey): Awaitable<App | undefined> {
    return this.#apps.findByKey(key)
  }

  /** The app that is named. Throws or rejects with an {@link UnknownAppError}, or an AppLookupError. */
  get(key = this.defaultKey): Awaitable<App> {
    return andThen(this.find(key), (app) => {
      if (app !== undefined) return app
      throw this.#unknown(key)
    })
  }

  /** Throws an {@link UnknownAppError} for a key that no configured app has; an app manager is not asked. */
  verify(key: string | undefined): void {
    const { apps, appManager } = this.#config
    if (key === undefined || appManager !== undefined || apps.some((app) => app.key === key)) return
    throw this.#unknown(key)
  }

  #unknown(key: string): UnknownAppError {
    return new UnknownAppError(
      key,
      this.#config.apps.map((app) => app.key),
    )
  }
}
