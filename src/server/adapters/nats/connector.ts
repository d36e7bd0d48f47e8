import { setImmediate as nextTurn } from 'node:timers/promises'
import type { NatsAddress } from './address.ts'
import type { NatsConnection } from './connection.ts'
import type { NatsLibrary } from './library.ts'

/** Where connections come from. */
export interface Connector {
  /** Resolves to one that works, as far as anybody knows. */
  connect(library: NatsLibrary): Promise<NatsConnection>
  /** Resolves to the reason when the connection of the last call is lost. */
  lost(): Promise<string>
  /** It is no longer used. */
  release(): Promise<void>
  /** It is taken for broken. */
  reset(): Promise<void>
}

/** Makes connections of its own, one after the other. */
export class OwnConnections implements Connector {
  readonly #address: NatsAddress
  #connection: NatsConnection | undefined

  constructor(address: NatsAddress) {
    this.#address = address
  }

  async connect(library: NatsLibrary): Promise<NatsConnection> {
    this.#connection = await library.connect(this.#address)
    return this.#connection
  }

  async lost(): Promise<string> {
    const error = await this.#connection?.closed()
    return error instanceof Error ? error.message : 'The connection to NATS was lost'
  }

  async release(): Promise<void> {
    // What has just been written may fail as soon as this turn has ended, and a closed connection has no ear for that.
    await nextTurn()
    await this.#connection?.close()
  }

  async reset(): Promise<void> {}
}

/** Uses a connection of somebody else, which connects again by itself. */
export class GivenConnection implements Connector {
  readonly #connection: NatsConnection
  #followed: Promise<void> | undefined
  #isUp = Promise.resolve()
  #goUp: () => void = () => {}
  #goDown: (reason: string) => void = () => {}

  constructor(connection: NatsConnection) {
    this.#connection = connection
  }

  async connect(): Promise<NatsConnection> {
    this.#followed ??= this.#follow()
    await this.#isUp
    return this.#connection
  }

  lost(): Promise<string> {
    return new Promise((resolve) => {
      this.#goDown = resolve
    })
  }

  async release(): Promise<void> {
    this.#goDown('The connection to NATS is no longer used')
  }

  async reset(): Promise<void> {
    this.#wait()
    await this.#connection.reconnect()
  }

  async #follow(): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      if (type === 'disconnect') this.#wait()
      if (type === 'disconnect' || type === 'close') this.#goDown('The connection to NATS was lost')
      if (type === 'reconnect') this.#goUp()
    }
  }

  #wait(): void {
    this.#goUp()
    this.#isUp = new Promise((resolve) => {
      this.#goUp = resolve
    })
  }
}
