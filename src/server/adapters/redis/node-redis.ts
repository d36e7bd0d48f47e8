import type {
  Connect,
  ConnectionListener,
  ConnectionSettings,
  ConnectionTarget,
  RedisConnection,
} from './redis-connection.ts'
import { connectTimeout, keepAlive } from './redis-connection.ts'
import type { RedisAddress } from './redis-options.ts'
import { Pending } from './redis-pending.ts'
import { reasonOf } from './redis-reason.ts'

type Hear = (message: Buffer, channel: Buffer) => void

/** What a sentinel client tells of what it does by itself. */
interface SentinelEvent {
  readonly type: string
}

/** What we need of a client of the package `redis`. */
export interface NodeRedisClient {
  connect(): Promise<unknown>
  destroy(): unknown
  on(event: 'error', listener: (error: unknown) => void): unknown
  on(event: 'connect' | 'end' | 'sharded-channel-moved', listener: () => void): unknown
  on(event: 'topology-change' | 'client-error', listener: (event: SentinelEvent) => void): unknown
  sendCommand(words: readonly (string | Buffer)[]): Promise<unknown>
  subscribe(channels: string[], hear: Hear, buffers: true): Promise<unknown>
  unsubscribe(channels: string[], hear: Hear, buffers: true): Promise<unknown>
  sSubscribe(channels: string[], hear: Hear, buffers: true): Promise<unknown>
  sUnsubscribe(channels: string[], hear: Hear, buffers: true): Promise<unknown>
  duplicate(overrides: NodeRedisSettings): NodeRedisClient
}

/** The part of its options that we set or read. */
export interface NodeRedisSettings {
  readonly url?: undefined
  readonly socket?: { readonly tls?: boolean } | undefined
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly database?: number | undefined
  readonly [other: string]: unknown
}

// Each connection ends with the first failure: what follows is decided once, for both libraries, by the link. Commands have
// no time limit of their own: each would cost a timer, and an answer that does not come is noticed by the pings.
const settings = {
  url: undefined,
  keyPrefix: undefined,
  disableOfflineQueue: true,
  commandsQueueMaxLength: undefined,
  commandOptions: { timeout: 0 },
  maintNotifications: 'disabled',
  readonly: false,
}

/** Connections by the package `redis`; rejects when it is not installed. */
export async function connectByNodeRedis(given: ConnectionSettings): Promise<Connect> {
  const { createClient } = await import('redis')
  return (target, listener) => {
    const { username, password } = target.sentinel
      ? { username: undefined, password: given.sentinelPassword }
      : given
    const options: NodeRedisSettings = {
      ...settings,
      socket: socketOf({ tls: given.tls }, target.address ?? given.address),
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      ...(!target.sentinel && given.db !== undefined && { database: given.db }),
    }
    // Its own types tell apart replies that we take as unknown.
    const client = createClient(options as object) as unknown as NodeRedisClient
    return new NodeRedisConnection(client, target, listener, { tls: given.tls })
  }
}

/** Connections like the one of the client, whose options are given. */
export function connectLikeNodeRedis(client: NodeRedisClient, like: NodeRedisSettings): Connect {
  return (target, listener) => {
    const socket = socketOf(like.socket, target.address)
    const tls = like.socket?.tls === true
    return new NodeRedisConnection(client.duplicate({ ...settings, socket }), target, listener, { tls })
  }
}

/** Connections by way of a sentinel client: each is a sentinel client, which finds the master by itself. */
export function connectLikeNodeSentinel(sentinel: NodeRedisClient): Connect {
  return (target, listener) => {
    const overrides = {
      commandOptions: settings.commandOptions,
      keyPrefix: undefined,
      // What a failover interrupted is not done again behind our back.
      maxCommandRediscovers: 0,
      // Else each command waits until the one before is answered.
      reserveClient: true,
    }
    const client = sentinel.duplicate(overrides)
    return new NodeRedisConnection(client, target, listener, { sentinel: true })
  }
}

function socketOf(socket: object | undefined, address: RedisAddress | undefined): object {
  return { connectTimeout, keepAliveInitialDelay: keepAlive, ...socket, ...address, reconnectStrategy: false }
}

/** What a client does not tell of itself. */
interface NodeRedisKind {
  /** Left out: nobody knows. */
  readonly tls?: boolean
  readonly sentinel?: boolean
}

class NodeRedisConnection implements RedisConnection {
  readonly opened: Promise<void>
  readonly #client: NodeRedisClient
  readonly #sharded: boolean
  readonly #send: RedisConnection['command']
  readonly #hear: Hear
  readonly #pending = new Pending()
  /** Whether it has no socket yet that could be ended. */
  #connecting: boolean
  #over = false
  /** Forgotten when the connection is open: whatever ends it then is no matter of TLS. */
  #tls: boolean | undefined
  /** Why it does not open; empty while nothing has failed. */
  #reason = ''

  constructor(
    client: NodeRedisClient,
    target: ConnectionTarget,
    listener: ConnectionListener,
    { tls, sentinel = false }: NodeRedisKind,
  ) {
    this.#client = client
    this.#sharded = target.sharded
    this.#tls = tls
    this.#connecting = !sentinel
    // A sentinel client is told that the command is for the master.
    const send = client.sendCommand as (...said: unknown[]) => Promise<unknown>
    this.#send = sentinel ? (words) => send.call(client, false, words) : (words) => client.sendCommand(words)
    this.#hear = (message, channel) => this.#over || listener.message(channel.toString(), message)
    const end = (reason: string) => {
      if (this.#over) return
      this.#end(reason)
      listener.ended(reason)
    }
    client.on('connect', () => this.#connected())
    // A sentinel client asks one sentinel after the other; then it changes to what it has found.
    let asking = sentinel
    client.on('topology-change', () => {
      asking = false
    })
    client.on('error', (error) => {
      if (this.#over) return
      this.#reason = reasonOf(error, this.#tls)
      if (!asking) end(this.#reason)
    })
    client.on('end', () => end(this.#reason || reasonOf('The connection was closed', this.#tls)))
    client.on('sharded-channel-moved', () => end('A part of the cluster has moved'))
    const opening = this.#open(() => {
      client.on('topology-change', ({ type }) => type === 'MASTER_CHANGE' && end('The master has changed'))
      client.on(
        'client-error',
        ({ type }) => type === 'MASTER' && end('The connection to the master is lost'),
      )
    })
    this.opened = this.#pending.until(opening)
  }

  command(words: readonly (string | Buffer)[]): Promise<unknown> {
    return this.#pending.until(this.#send(words))
  }

  async subscribe(channels: readonly string[]): Promise<void> {
    const subscribe = this.#sharded ? this.#client.sSubscribe : this.#client.subscribe
    await this.#pending.until(subscribe.call(this.#client, [...channels], this.#hear, true))
  }

  async unsubscribe(channels: readonly string[]): Promise<void> {
    const unsubscribe = this.#sharded ? this.#client.sUnsubscribe : this.#client.unsubscribe
    await this.#pending.until(unsubscribe.call(this.#client, [...channels], this.#hear, true))
  }

  destroy(reason = 'The connection was closed'): void {
    this.#end(reasonOf(reason, this.#tls))
  }

  #end(reason: string): void {
    this.#over = true
    this.#pending.end(reason)
    if (!this.#connecting) void this.#destroy()
  }

  #connected(): void {
    this.#connecting = false
    if (this.#over) void this.#destroy()
  }

  async #destroy(): Promise<void> {
    // Some versions throw when there is nothing to destroy any more.
    try {
      await this.#client.destroy()
    } catch {}
  }

  async #open(watch: () => void): Promise<void> {
    try {
      await this.#client.connect()
    } catch (error) {
      // "Disconnects client", or "None of the sentinels are available", where the reason was told before.
      throw new Error(this.#reason || reasonOf(error, this.#tls))
    } finally {
      // What is destroyed while it connects goes on connecting, and has to be destroyed again.
      this.#connected()
    }
    this.#tls = undefined
    this.#reason = ''
    // From here on: a sentinel client finds its first master by changing to it.
    watch()
  }
}
