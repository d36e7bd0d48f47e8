import type { App } from './app.ts'
import type { AppManager } from './app-manager.ts'

/** The apps of the configuration; the first one is the default. */
export class ConfigAppManager implements AppManager {
  readonly apps: readonly [App, ...App[]]
  readonly #byKey: ReadonlyMap<string, App>
  readonly #byId: ReadonlyMap<string, App>

  constructor(apps: readonly [App, ...App[]]) {
    this.apps = apps
    this.#byKey = new Map(apps.map((app) => [app.key, app]))
    this.#byId = new Map(apps.map((app) => [app.id, app]))
  }

  findByKey(key: string): App | undefined {
    return this.#byKey.get(key)
  }

  findById(id: string): App | undefined {
    return this.#byId.get(id)
  }
}
