import { randomUUID } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { NatsAddress } from './address.ts'
import type { NatsConnection } from './connection.ts'
import { Dials } from './dials.ts'
import type { NatsLibrary } from './library.ts'
import { Outposts } from './outposts.ts'

/** Where connections come from. */
export interface Connector {
  /** Resolves to one that works, as far as anybody knows. */
  connect(library: NatsLibrary): Promise<NatsConnection>
  /** Resolves when all servers, as far as they are known, know what was subscribed to over the connection. */
  reach(): Promise<void>
  /** Resolves to the reason when the connection of the last call is lost. */
  lost(): Promise<string>
  /** It is no longer used. */
  release(): Promise<void>
  /** It is taken for broken. */
  reset(): Promise<void>
  /** Nobody waits for one any more. */
  stop(): void
}

/** Makes connections of its own, one after the other. */
export class OwnConnections implements Connector {
  readonly #address: NatsAddress
  readonly #subject: string
  readonly #dials = new Dials()
  /** Those to try, the next one first. */
  #servers: readonly string[]
  #connection: NatsConnection | undefined
  #outposts: Outposts | undefined

  /** `subject` is for what the connections say to one another. */
  constructor(address: NatsAddress, subject: string) {
    this.#address = address
    this.#subject = subject
    this.#servers = address.servers
  }

  async connect(library: NatsLibrary): Promise<NatsConnection> {
    const servers = this.#servers
    // Whoever comes back comes from the first, which may be what was wrong.
    this.#servers = [...servers.slice(1), ...servers.slice(0, 1)]
    const connectTo = (...some: string[]) =>
      this.#dials.dial(() => library.connect({ ...this.#address, servers: some }))
    const connection = await connectTo(...servers)
    this.#connection = connection
    const dials = servers.length === 1 ? [] : servers.map((server) => () => connectTo(server))
    this.#outposts = await Outposts.open(connection, `${this.#subject}.${randomUUID()}`, dials)
    return connection
  }

  async reach(): Promise<void> {
    await this.#outposts?.reach()
  }

  async lost(): Promise<string> {
    const error = await this.#connection?.closed()
    return error instanceof Error ? error.message : 'The connection to NATS was lost'
  }

  async release(): Promise<void> {
    // What has just been written may fail as soon as this turn has ended, and a closed connection has no ear for that.
    await nextTurn()
    this.#outposts?.end()
    await this.#connection?.close()
  }

  async reset(): Promise<void> {}

  stop(): void {
    this.#dials.end()
  }
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

  async reach(): Promise<void> {}

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

  stop(): void {
    this.#goUp()
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
