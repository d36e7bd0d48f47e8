import type {
  Connect,
  ConnectionListener,
  ConnectionSettings,
  ConnectionTarget,
  RedisConnection,
} from './redis-connection.ts'
import { connectTimeout, keepAlive } from './redis-connection.ts'
import { Pending } from './redis-pending.ts'
import { reasonOf } from './redis-reason.ts'

/** What we need of a `Redis` of the package `ioredis`. */
export interface IoRedisClient {
  /** The socket, as soon as there is one. */
  readonly stream?: { on(event: 'error', listener: () => void): unknown }
  connect(): Promise<unknown>
  disconnect(): void
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'end' | 'moved', listener: () => void): unknown
  on(event: 'messageBuffer' | 'smessageBuffer', listener: (channel: Buffer, message: Buffer) => void): unknown
  call(command: string, words: (string | Buffer)[]): Promise<unknown>
  subscribe(...channels: string[]): Promise<unknown>
  unsubscribe(...channels: string[]): Promise<unknown>
  ssubscribe(...channels: string[]): Promise<unknown>
  sunsubscribe(...channels: string[]): Promise<unknown>
  duplicate(overrides: object): IoRedisClient
}

// Each connection ends with the first failure: what follows is decided once, for both libraries, by the link.
const settings = {
  lazyConnect: true,
  enableOfflineQueue: false,
  retryStrategy: null,
  sentinelRetryStrategy: null,
  reconnectOnError: null,
  autoResubscribe: false,
  autoResendUnfulfilledCommands: false,
  // The link asks what it needs to know; the check asks for what only an administrator may see.
  enableReadyCheck: false,
  // What has been destroyed has nothing more to say.
  disconnectTimeout: 0,
  enableAutoPipelining: false,
  commandTimeout: undefined,
  keyPrefix: '',
  readOnly: false,
  stringNumbers: false,
  keepAlive,
  connectTimeout,
  // So that the next one is asked.
  sentinelCommandTimeout: 2_000,
}

/** Connections by the package `ioredis`; rejects when it is not installed. */
export async function connectByIoRedis(given: ConnectionSettings): Promise<Connect> {
  const { Redis } = await import('ioredis')
  return (target, listener) => {
    const { username, password } = target.sentinel
      ? { username: undefined, password: given.sentinelPassword }
      : given
    const options = {
      ...settings,
      ...(target.address ?? given.address),
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      ...(!target.sentinel && given.db !== undefined && { db: given.db }),
      ...(given.tls && { tls: {} }),
    }
    // Its own types want to know each option; ours differ by version.
    const client = new Redis(options as object) as unknown as IoRedisClient
    return new IoRedisConnection(client, target, listener, given.tls)
  }
}

/** Connections like the one of the client; `tls`: whether it, or its sentinels if it has some, speaks TLS. */
export function connectLikeIoRedis(client: IoRedisClient, tls: boolean): Connect {
  return (target, listener) => {
    return new IoRedisConnection(client.duplicate({ ...settings, ...target.address }), target, listener, tls)
  }
}

class IoRedisConnection implements RedisConnection {
  readonly opened: Promise<void>
  readonly #client: IoRedisClient
  readonly #sharded: boolean
  readonly #pending = new Pending()
  #over = false
  /** Forgotten when the connection is open: whatever ends it then is no matter of TLS. */
  #tls: boolean | undefined
  /** What has failed; empty while nothing has. */
  #reason = ''

  constructor(client: IoRedisClient, target: ConnectionTarget, listener: ConnectionListener, tls: boolean) {
    this.#client = client
    this.#sharded = target.sharded
    this.#tls = tls
    const end = (reason: string) => {
      if (this.#over) return
      this.#end(reason)
      listener.ended(reason)
    }
    client.on('error', (error) => {
      this.#hush()
      this.#reason = reasonOf(error, this.#tls)
    })
    client.on('end', () => end(this.#reason || reasonOf('The connection was closed', this.#tls)))
    client.on('moved', () => end('A part of the cluster has moved'))
    client.on(target.sharded ? 'smessageBuffer' : 'messageBuffer', (channel, message) => {
      if (!this.#over) listener.message(channel.toString(), message)
    })
    this.opened = this.#pending.until(this.#open())
  }

  command([command = '', ...words]: readonly (string | Buffer)[]): Promise<unknown> {
    return this.#pending.until(this.#client.call(String(command), words))
  }

  async subscribe(channels: readonly string[]): Promise<void> {
    const client = this.#client
    await this.#pending.until(this.#sharded ? client.ssubscribe(...channels) : client.subscribe(...channels))
  }

  async unsubscribe(channels: readonly string[]): Promise<void> {
    const client = this.#client
    await this.#pending.until(
      this.#sharded ? client.sunsubscribe(...channels) : client.unsubscribe(...channels),
    )
  }

  destroy(reason = 'The connection was closed'): void {
    this.#end(reasonOf(reason, this.#tls))
  }

  #end(reason: string): void {
    this.#over = true
    this.#pending.end(reason)
    this.#hush()
    this.#client.disconnect()
  }

  /**
   * The library hears one error of a socket; one that is ended amid its TLS handshake has two, and the second would end the
   * process: https://github.com/redis/ioredis/pull/961.
   */
  #hush(): void {
    this.#client.stream?.on('error', () => {})
  }

  async #open(): Promise<void> {
    try {
      await this.#client.connect()
      // Version 5 is there before it knows whether the password is right.
      await this.#client.call('PING', [])
    } catch (error) {
      // "Connection is closed", where the reason was told before.
      throw new Error(this.#reason || reasonOf(error, this.#tls))
    }
    this.#tls = undefined
    this.#reason = ''
  }
}
