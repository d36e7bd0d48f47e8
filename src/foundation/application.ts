import { AsyncLocalStorage } from 'node:async_hooks'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Awaitable, ignoreRejection, isPromise } from '../support/awaitable.ts'
import { loadEnvFile } from '../support/env-file.ts'
import { messageOf } from '../support/errors.ts'
import type { Env } from '../support/settings.ts'
import { MissingBindingError, ProviderError } from './errors.ts'
import { checkProviderConfig } from './provider-config.ts'

/**
 * What `app.make()` resolves, by key. Extended by declaration merging:
 * `declare module '@startkit/broadcasting' { interface Bindings { clock: Clock } }`.
 */
// biome-ignore lint/suspicious/noEmptyInterface: whoever binds something adds its key
export interface Bindings {}

type Key = keyof Bindings & string

/** What an application does with each of its providers, in this order; `Provider` is the base class. */
export interface Lifecycle {
  /** Binds services; synchronous, nothing else is bound yet. */
  register(): void
  /** Starts services; everything is bound, and the providers before this one have booted. */
  boot(): Awaitable<void>
  /** Called once every provider has booted. */
  booted(): Awaitable<void>
  /** Stops what was started; called in reverse order, also after a boot that failed half way. */
  shutdown(): Awaitable<void>
}

/** A class that an application makes one provider of. */
export type ProviderClass<Config extends object> = new (
  app: Application,
  config: Config,
) => Lifecycle & { readonly config: Config }

/** The type itself, but never a place to infer it from; unlike NoInfer it leaves unions whole. */
type Given<Config> = [Config][Config extends unknown ? 0 : never]

/** A provider class, alone where all of its configuration is optional, or with its configuration or a function that returns it, called at boot. */
export type ProviderEntry<Config extends object> =
  | (Record<never, never> extends Config ? ProviderClass<Config> : never)
  | readonly [ProviderClass<Config>, Given<Config> | ((app: Application) => Given<Config>)]

/** What an application is made of: its providers, each with a configuration that fits it, and where it reads settings. */
export interface ApplicationOptions<Configs extends readonly object[]> {
  /** Where `.env` and `routes/` are. @default the working directory */
  readonly basePath?: string
  /** Registered and booted in this order, shut down in reverse. */
  readonly providers: readonly [...{ readonly [Index in keyof Configs]: ProviderEntry<Configs[Index]> }]
  /** Environment variables; when given, no `.env` is loaded. @default process.env */
  readonly env?: Env
}

/** One boot: what runs inside of it knows its application by it, until it is over. */
interface Boot {
  readonly application: Container
  over: boolean
}

const boots = new AsyncLocalStorage<Boot>()

/** What has been started and not been shut down, in the order of starting. */
const running: Container[] = []

/** A service container with providers. Nothing happens before `boot()`. */
class Container {
  readonly basePath: string
  readonly #givenEnv: Env | undefined
  readonly #entries: readonly ProviderEntry<object>[]
  readonly #bindings = new Map<string, () => unknown>()
  readonly #providers: Lifecycle[] = []
  #boot: Promise<void> | undefined
  #shutdown: Promise<void> | undefined

  constructor({ basePath = process.cwd(), providers, env }: ApplicationOptions<readonly object[]>) {
    this.basePath = basePath
    this.#entries = providers
    this.#givenEnv = env
  }

  /** The environment variables that providers read. */
  get env(): Env {
    return this.#givenEnv ?? process.env
  }

  /** Makes `key` resolve to a value, in place of what it resolved to before. */
  bind<K extends Key>(key: K, value: Bindings[K]): void {
    this.#bindings.set(key, () => value)
  }

  /** Makes `key` resolve to what the factory returns; it is called when first asked for, and once. */
  singleton<K extends Key>(key: K, factory: (app: Application) => Bindings[K]): void {
    let made: { readonly value: Bindings[K] } | undefined
    this.#bindings.set(key, () => {
      made ??= { value: factory(asApplication(this)) }
      return made.value
    })
  }

  /** Whether something is bound to `key`. */
  has(key: string): boolean {
    return this.#bindings.has(key)
  }

  /** What is bound to `key`. Throws a {@link MissingBindingError} that lists what is bound. */
  make<K extends Key>(key: K): Bindings[K] {
    const resolve = this.#bindings.get(key)
    if (resolve === undefined) throw new MissingBindingError(key, [...this.#bindings.keys()])
    // bind() and singleton() accept nothing else for this key.
    return resolve() as Bindings[K]
  }

  /**
   * Loads `.env`, then registers all providers, boots them one after another and tells each that all are booted.
   * When one fails, those that were registered are shut down before the error is thrown. Further calls change nothing.
   * Rejects with a {@link ProviderError} after `shutdown()`, and where a provider calls it while it boots.
   */
  boot(): Promise<void> {
    if (bootingApplication() === this) return Promise.reject(waitsForItself('boot'))
    if (this.#shutdown !== undefined) return Promise.reject(alreadyShutDown())
    this.#boot ??= this.#start()
    return this.#boot
  }

  /**
   * Shuts the providers down in reverse; every one gets its turn before an error is thrown. Further calls change nothing.
   * Waits for a boot that is under way; rejects with a {@link ProviderError} where a provider calls it while it boots.
   */
  shutdown(): Promise<void> {
    if (bootingApplication() === this) return Promise.reject(waitsForItself('shutdown'))
    if (this.#boot === undefined) return Promise.resolve()
    this.#shutdown ??= this.#end(this.#boot)
    return this.#shutdown
  }

  async #start(): Promise<void> {
    running.push(this)
    const boot = { application: this, over: false }
    try {
      await boots.run(boot, () => this.#bootProviders())
    } finally {
      boot.over = true
    }
  }

  async #bootProviders(): Promise<void> {
    try {
      if (this.#givenEnv === undefined) loadEnvOf(this.basePath)
      for (const [index, entry] of this.#entries.entries()) this.#register(this.#create(entry, index))
      for (const provider of this.#providers) await provider.boot()
      for (const provider of this.#providers) await provider.booted()
    } catch (error) {
      for (const failure of await this.#stop()) {
        process.emitWarning(`While shutting down after a failed boot: ${messageOf(failure)}`)
      }
      throw error
    }
  }

  async #end(boot: Promise<void>): Promise<void> {
    try {
      await boot
    } catch {
      return // A boot that failed has already stopped what it had started.
    }
    const failures = await this.#stop()
    if (failures.length === 1) throw failures[0]
    if (failures.length > 1) throw new AggregateError(failures, 'Several providers failed to shut down')
  }

  async #stop(): Promise<unknown[]> {
    const failures: unknown[] = []
    for (const provider of this.#providers.splice(0).reverse()) {
      try {
        await provider.shutdown()
      } catch (error) {
        failures.push(error)
      }
    }
    if (running.includes(this)) running.splice(running.indexOf(this), 1)
    return failures
  }

  #create(entry: ProviderEntry<object>, index: number): Lifecycle {
    if (typeof entry === 'function') return new entry(asApplication(this), {})
    if (!Array.isArray(entry) || typeof entry[0] !== 'function') {
      const given = entry === undefined ? 'undefined' : `an instance of ${entry?.constructor?.name}`
      throw new ProviderError(
        `providers[${index}] is ${given}; expected a provider class, or [class, configuration]`,
      )
    }
    const [ProviderClass, config] = entry
    const given: unknown = typeof config === 'function' ? config(asApplication(this)) : config
    return new ProviderClass(asApplication(this), checkProviderConfig(ProviderClass.name, given))
  }

  #register(provider: Lifecycle): void {
    const returned: unknown = provider.register()
    if (isPromise(returned)) {
      ignoreRejection(returned)
      throw new ProviderError(
        `${provider.constructor.name}.register() returned a promise; it must be synchronous: wait in boot()`,
      )
    }
    this.#providers.push(provider)
  }
}

/** A service container with providers; integrations add their own members, such as `fastify`, by declaration merging. */
export interface Application extends Container {}

/** Makes an application, inert until `boot()`; the configuration of each pair must fit its provider. */
export interface ApplicationConstructor {
  new <Configs extends readonly object[]>(options: ApplicationOptions<Configs>): Application
  /** Where an integration puts the members that it declares. */
  readonly prototype: Application
}

// A class cannot have a generic constructor, which the typed pairs need; and what integrations declare is set later.
export const Application = Container as ApplicationConstructor

/**
 * The applications that code without a reference to one may mean, the likeliest first: for a provider that boots its own
 * alone, for all other code those that are running, the one whose boot started last first.
 */
export function currentApplications(): readonly Application[] {
  const booting = bootingApplication()
  return (booting ? [booting] : running.toReversed()).map(asApplication)
}

/** The application in whose boot the calling code runs. */
function bootingApplication(): Container | undefined {
  const boot = boots.getStore()
  return boot?.over === false ? boot.application : undefined
}

function waitsForItself(method: 'boot' | 'shutdown'): ProviderError {
  return new ProviderError(
    `${method}() was called by a provider of the application that is booting, and would wait for itself; ` +
      'throw an error to stop the boot',
  )
}

function alreadyShutDown(): ProviderError {
  return new ProviderError('boot(): this application has been shut down; make a new one')
}

/** A container as its users see it: with what integrations declare (`app.fastify`) and set when they register. */
function asApplication(container: Container): Application {
  return container as Application
}

/** `.env` of the base path, else of the working directory; a missing file is fine. */
function loadEnvOf(basePath: string): void {
  const file = [basePath, process.cwd()].map((folder) => join(folder, '.env')).find(existsSync)
  if (file !== undefined) loadEnvFile(file)
}
