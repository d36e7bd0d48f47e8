import { messageOf } from '../../../support/errors.ts'
import { slotOf } from './cluster-slots.ts'
import type { Connect, ConnectionListener, RedisConnection } from './redis-connection.ts'
import { RedisScripts } from './redis-scripts.ts'
import { addressText } from './redis-settings.ts'
import {
  findMasters,
  type Master,
  masterIndexOf,
  type OpenConnection,
  type Topology,
} from './redis-targets.ts'
import type { Script } from './scripts/script.ts'

/** Where a link goes, and by what. */
export interface RedisRoute {
  readonly topology: Topology
  readonly connect: Connect
}

/** A process that takes writes: Redis answers commands on one connection and sends messages on the other. */
interface Shard {
  readonly commands: RedisConnection
  readonly subscriber: RedisConnection
  /** On the connection for commands. */
  readonly scripts: RedisScripts
}

/** Names that one command takes. */
const batch = 512

/** Milliseconds between two pings. */
const pingInterval = 5_000

// The processes have other tasks than those we know of: nothing can be relied on until they are looked at again.
const elsewhere = /\b(MOVED|ASK|READONLY|CLUSTERDOWN|MASTERDOWN|LOADING|TRYAGAIN|NOAUTH|WRONGPASS)\b/

/**
 * The connections to all processes of a Redis, as long as everything goes well: the first failure ends the link, and
 * with it what was asked, subscribed and believed.
 */
export class RedisLink {
  /** Greater than that of every link before it. */
  readonly turn: number
  /** Whether messages go by shard. */
  readonly #sharded: boolean
  readonly #route: RedisRoute
  readonly #listener: ConnectionListener
  readonly #connections = new Set<RedisConnection>()
  /** Processes that have not answered yet while the link opens. */
  readonly #silent = new Set<string>()
  #masters: readonly Master[] = []
  #shards: readonly Shard[] = []
  #pings: NodeJS.Timeout | undefined
  #endedAt: number | undefined

  constructor(route: RedisRoute, turn: number, listener: ConnectionListener) {
    this.turn = turn
    this.#route = route
    this.#listener = listener
    this.#sharded = route.topology.kind === 'cluster'
  }

  /** Opens all connections; rejects when one of them cannot be, or when the link is destroyed meanwhile. */
  async open(): Promise<void> {
    try {
      await this.#connect()
    } catch (error) {
      this.destroy()
      throw error
    }
  }

  /** Milliseconds on the monotonic clock; undefined while it has not ended. */
  get endedAt(): number | undefined {
    return this.#endedAt
  }

  /** Who is waited for while it opens, for people. */
  get silent(): string {
    return [...this.#silent].join(', ') || 'Redis'
  }

  /** Runs a script, whose keys are in the slot of the key; it gets the command for messages, then the words. */
  async run(script: Script, key: string, words: readonly (string | Buffer)[]): Promise<unknown> {
    try {
      const command = this.#sharded ? 'SPUBLISH' : 'PUBLISH'
      return await this.#shardOf(key).scripts.run(script, ['1', key, command, ...words])
    } catch (error) {
      throw this.#suspect(error)
    }
  }

  /** Sends a message to whoever has subscribed to the channel. */
  async publish(channel: string, message: Buffer): Promise<void> {
    try {
      const command = this.#sharded ? 'SPUBLISH' : 'PUBLISH'
      await this.#shardOf(channel).commands.command([command, channel, message])
    } catch (error) {
      throw this.#suspect(error)
    }
  }

  /** Resolves when Redis has confirmed all. */
  async subscribe(channels: readonly string[]): Promise<void> {
    await this.#each(channels, (subscriber, names) => subscriber.subscribe(names))
  }

  async unsubscribe(channels: readonly string[]): Promise<void> {
    await this.#each(channels, (subscriber, names) => subscriber.unsubscribe(names))
  }

  /** Ends all connections; the listener hears nothing of it, nor of anything else. */
  destroy(): void {
    this.#endedAt ??= performance.now()
    clearInterval(this.#pings)
    for (const connection of this.#connections) connection.destroy()
    this.#connections.clear()
  }

  get #over(): boolean {
    return this.#endedAt !== undefined
  }

  async #connect(): Promise<void> {
    this.#masters = await findMasters(this.#route.topology, this.#open, (reason) => this.#end(reason))
    this.#shards = await Promise.all(this.#masters.map((master) => this.#openShard(master)))
    if (this.#over) throw new Error('The connection was closed')
    this.#watch()
  }

  #open: OpenConnection = (target, hears = {}) => {
    if (this.#over) throw new Error('The connection was closed')
    const connection = this.#route.connect(target, {
      message: hears.message ?? ((channel, message) => this.#listener.message(channel, message)),
      ended: hears.ended ?? ((reason) => this.#end(reason)),
    })
    this.#connections.add(connection)
    return connection
  }

  async #openShard({ address }: Master): Promise<Shard> {
    const name = address === undefined ? 'Redis' : addressText(address)
    const target = { address, sharded: this.#sharded }
    const [commands, subscriber] = [this.#open(target), this.#open(target)]
    this.#silent.add(name)
    await Promise.all([this.#openToMaster(commands), this.#openToMaster(subscriber)])
    const scripts = new RedisScripts(commands)
    await scripts.load()
    this.#silent.delete(name)
    return { commands, subscriber, scripts }
  }

  /** A process that was a master a moment ago may have become another's replica: it would take no writes. */
  async #openToMaster(connection: RedisConnection): Promise<void> {
    await connection.opened
    const role = await connection.command(['ROLE'])
    if (!Array.isArray(role) || String(role[0]) !== 'master') throw new Error('The Redis is a replica')
  }

  #watch(): void {
    let waiting = 0
    const ping = async (connection: RedisConnection) => {
      waiting++
      try {
        await connection.command(['PING'])
        waiting--
      } catch (error) {
        this.#end(messageOf(error))
      }
    }
    this.#pings = setInterval(() => {
      // After what has arrived meanwhile was read: this process itself may have been held up.
      if (waiting > 0) setImmediate(() => waiting > 0 && this.#end('Redis does not answer'))
      else for (const { commands, subscriber } of this.#shards) void [commands, subscriber].map(ping)
    }, pingInterval)
  }

  #end(reason: string): void {
    if (this.#over) return
    this.destroy()
    this.#listener.ended(reason)
  }

  #shardOf(name: string): Shard {
    const shard = this.#shards[masterIndexOf(this.#masters, name)]
    if (shard === undefined) throw new Error('No process of the Redis Cluster has the slot')
    return shard
  }

  #suspect(error: unknown): unknown {
    const message = messageOf(error)
    if (elsewhere.test(message)) this.#end(message)
    return error
  }

  async #each(
    channels: readonly string[],
    call: (subscriber: RedisConnection, names: readonly string[]) => Promise<void>,
  ): Promise<void> {
    try {
      await Promise.all(
        this.#batches(channels).map((names) => call(this.#shardOf(names[0] ?? '').subscriber, names)),
      )
    } catch (error) {
      throw this.#suspect(error)
    }
  }

  /** Names for one command each: not too many, and in a cluster only those of one slot. */
  #batches(channels: readonly string[]): string[][] {
    const bySlot = new Map<number, string[]>()
    for (const channel of channels) {
      const slot = this.#sharded ? slotOf(channel) : 0
      const names = bySlot.get(slot)
      if (names) names.push(channel)
      else bySlot.set(slot, [channel])
    }
    return [...bySlot.values()].flatMap((names) =>
      Array.from({ length: Math.ceil(names.length / batch) }, (_, at) =>
        names.slice(at * batch, at * batch + batch),
      ),
    )
  }
}
