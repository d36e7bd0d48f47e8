import type {
  Connect,
  ConnectionListener,
  ConnectionSettings,
  ConnectionTarget,
  RedisConnection,
} from './redis-connection.ts'
import { connectTimeout, keepAlive } from './redis-connection.ts'

/** What we need of a `Redis` of the package `ioredis`. */
export interface IoRedisClient {
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
  enableAutoPipelining: false,
  commandTimeout: undefined,
  keyPrefix: '',
  readOnly: false,
  stringNumbers: false,
  keepAlive,
  connectTimeout,
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
    return new IoRedisConnection(client, target, listener)
  }
}

/** Connections like the one of the client. */
export function connectLikeIoRedis(client: IoRedisClient): Connect {
  return (target, listener) => {
    return new IoRedisConnection(client.duplicate({ ...settings, ...target.address }), target, listener)
  }
}

class IoRedisConnection implements RedisConnection {
  readonly opened: Promise<void>
  readonly #client: IoRedisClient
  readonly #sharded: boolean
  #over = false
  #reason = 'The connection was closed'

  constructor(client: IoRedisClient, target: ConnectionTarget, listener: ConnectionListener) {
    this.#client = client
    this.#sharded = target.sharded
    const end = (reason: string) => {
      if (this.#over) return
      this.destroy()
      listener.ended(reason)
    }
    client.on('error', ({ message }) => {
      this.#reason = message
    })
    client.on('end', () => end(this.#reason))
    client.on('moved', () => end('A part of the cluster has moved'))
    client.on(target.sharded ? 'smessageBuffer' : 'messageBuffer', (channel, message) => {
      listener.message(channel.toString(), message)
    })
    this.opened = this.#open()
  }

  command([command = '', ...words]: readonly (string | Buffer)[]): Promise<unknown> {
    return this.#client.call(String(command), words)
  }

  async subscribe(channels: readonly string[]): Promise<void> {
    if (this.#sharded) await this.#client.ssubscribe(...channels)
    else await this.#client.subscribe(...channels)
  }

  async unsubscribe(channels: readonly string[]): Promise<void> {
    if (this.#sharded) await this.#client.sunsubscribe(...channels)
    else await this.#client.unsubscribe(...channels)
  }

  destroy(): void {
    this.#over = true
    this.#client.disconnect()
  }

  async #open(): Promise<void> {
    try {
      await this.#client.connect()
    } catch (error) {
      // "Connection is closed", where the reason was told before.
      throw this.#reason === 'The connection was closed' ? error : new Error(this.#reason)
    }
  }
}
