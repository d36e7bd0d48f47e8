import { doAll } from '../support/awaitable.ts'
import type { Logger } from '../support/logger.ts'
import type { Broadcaster, BroadcasterFactory } from './broadcaster.ts'
import { channelKey } from './channel-key.ts'
import { connectionOf, type ResolvedBroadcastingConfig } from './config.ts'
import type { ConnectionConfig } from './connection-config.ts'
import { refuseUnknownConnectionOptions } from './connection-options.ts'
import { BrokenDriverError, ShutDownError, UnknownDriverError } from './errors.ts'

/** A way to broadcast, ready for use. */
export interface Connection {
  readonly driver: string
  readonly broadcaster: Broadcaster
  /** Makes the keys of encrypted channels; Base64. */
  readonly masterKey: string | undefined
}

/** What connections are made of. */
export interface ConnectionsParts {
  readonly builtIn: ReadonlyMap<string, BroadcasterFactory>
  /** Those of the app, which win; may still grow. */
  readonly registered: ReadonlyMap<string, BroadcasterFactory>
  readonly logger: Logger
}

/** The configured connections, whose drivers are made when first used and kept. */
export class Connections {
  readonly #config: ResolvedBroadcastingConfig
  readonly #parts: ConnectionsParts
  readonly #opened = new Map<string, Connection>()
  #closed = false

  constructor(config: ResolvedBroadcastingConfig, parts: ConnectionsParts) {
    this.#config = config
    this.#parts = parts
  }

  /** The configuration of a connection, by default of the one that broadcasts; the name of a driver is one, too. */
  configOf(name = this.#config.defaultConnection): ConnectionConfig {
    return connectionOf(this.#config, name)
  }

  /** A connection, by default the one that broadcasts. Throws a {@link ShutDownError} once they are closed. */
  open(name = this.#config.defaultConnection): Connection {
    if (this.#closed) throw new ShutDownError()
    const known = this.#opened.get(name)
    if (known !== undefined) return known
    const config = this.configOf(name)
    const { driver } = config
    const broadcaster = this.#factoryOf(name)(config, { logger: this.#parts.logger })
    if (typeof broadcaster?.broadcast !== 'function') throw new BrokenDriverError(driver)
    const connection = { driver, broadcaster, masterKey: this.#masterKeyOf(config) }
    this.#opened.set(name, connection)
    return connection
  }

  /**
   * The key of an encrypted channel, as the connection to the app seals with it, else the one that broadcasts.
   * Throws an EncryptionKeyError where there is none.
   */
  channelKey(channel: string, appKey: string | undefined): Uint8Array {
    const { connections } = this.#config
    const toApp = Object.values(connections).find(({ app }) => app !== undefined && app === appKey)
    return channelKey(channel, this.#masterKeyOf(toApp ?? this.configOf()))
  }

  /**
   * Throws an {@link UnknownDriverError} for the first connection whose driver nobody has registered, a ConfigurationError for
   * one with an option that its driver does not have.
   */
  verify(): void {
    const { defaultConnection, connections } = this.#config
    for (const name of [defaultConnection, ...Object.keys(connections)]) this.#factoryOf(name)
  }

  /** Closes what was opened; each gets its turn before the failure of one is thrown. */
  async close(): Promise<void> {
    this.#closed = true
    const opened = [...this.#opened.values()]
    this.#opened.clear()
    await doAll(
      opened.map(
        ({ broadcaster }) =>
          () =>
            broadcaster.close?.(),
      ),
    )
  }

  #masterKeyOf({ encryptionMasterKey }: ConnectionConfig): string | undefined {
    return encryptionMasterKey ?? this.#config.encryptionMasterKey
  }

  #factoryOf(name: string): BroadcasterFactory {
    const config = this.configOf(name)
    const { driver } = config
    const { builtIn, registered } = this.#parts
    const own = registered.get(driver)
    if (own !== undefined) return own
    refuseUnknownConnectionOptions(config)
    const factory = builtIn.get(driver)
    if (factory !== undefined) return factory
    const known = new Set([...builtIn.keys(), ...registered.keys(), ...Object.keys(this.#config.connections)])
    known.delete(name)
    throw new UnknownDriverError(driver, name, [...known].sort())
  }
}
