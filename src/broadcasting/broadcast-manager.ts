import { messageOf } from '../support/errors.ts'
import type { Logger } from '../support/logger.ts'
import { loggerOf } from '../support/logger-settings.ts'
import type { Env } from '../support/settings.ts'
import { AnonymousEvent } from './anonymous-event.ts'
import type { BroadcastEvent } from './broadcast-event.ts'
import type { Broadcaster, BroadcasterFactory } from './broadcaster.ts'
import type { ChannelLike } from './channel.ts'
import type { ChannelAuthorizer, ChannelRule, RuleOptions } from './channel-authorizer.ts'
import {
  type BroadcastManagerConfig,
  type ConnectionConfig,
  connectionOf,
  type ResolvedBroadcastingConfig,
  resolveBroadcastingConfig,
} from './config.ts'
import { LogBroadcaster } from './drivers/log.ts'
import { NullBroadcaster } from './drivers/null.ts'
import { type LocalServer, ReverbBroadcaster } from './drivers/reverb.ts'
import { BrokenDriverError, NoServerError, ShutDownError, UnknownDriverError } from './errors.ts'
import {
  type BroadcastReceipt,
  type BroadcastRoute,
  type BroadcastSender,
  PendingBroadcast,
  type ReceiptChannel,
} from './pending-broadcast.ts'
import { Registrations } from './registrations.ts'
import { type ResolvedEvent, resolveEvent } from './resolve-event.ts'

declare module '../foundation/application.ts' {
  interface Bindings {
    broadcasting: BroadcastManager
  }
}

/** What a manager is given beside its configuration. */
export interface BroadcastManagerParts {
  /** The server of this process, for driver `reverb`. */
  readonly server?: LocalServer | undefined
  /** @default process.env */
  readonly env?: Env
}

/** What a manager has done so far. */
export interface BroadcastCounters {
  /** Broadcasts that a driver took. */
  readonly sent: number
  /** Broadcasts that failed, awaited or not. */
  readonly failed: number
}

interface Connection {
  readonly driver: string
  readonly broadcaster: Broadcaster
}

/** Broadcasts events over named connections, whose drivers it makes when first used and keeps; and knows the channel rules. */
export class BroadcastManager implements BroadcastSender {
  readonly logger: Logger
  readonly #config: ResolvedBroadcastingConfig
  readonly #builtIn: ReadonlyMap<string, BroadcasterFactory>
  readonly #registrations = new Registrations()
  readonly #connections = new Map<string, Connection>()
  readonly #counters = { sent: 0, failed: 0 }
  readonly #warned = new Set<unknown>()
  readonly #isProduction: boolean
  #closed = false

  constructor(
    config: BroadcastManagerConfig = {},
    { server, env = process.env }: BroadcastManagerParts = {},
  ) {
    this.#config = resolveBroadcastingConfig(config, env)
    this.logger = config.logger ?? loggerOf(env)
    this.#isProduction = env['NODE_ENV'] === 'production'
    this.#builtIn = new Map<string, BroadcasterFactory>([
      ['log', (_connection, { logger }) => new LogBroadcaster(logger)],
      ['null', () => new NullBroadcaster()],
      ['reverb', ({ app }) => new ReverbBroadcaster(server ?? missingServer(this.#config), app)],
    ])
  }

  /** The rules of private and presence channels. */
  get authorizer(): ChannelAuthorizer {
    return this.#registrations.authorizer
  }

  get counters(): BroadcastCounters {
    return this.#counters
  }

  /** The configured connections by name, those that are always there among them. */
  get connections(): Readonly<Record<string, ConnectionConfig>> {
    return this.#config.connections
  }

  /** Broadcasts an event on the next microtask, awaited or not. */
  broadcast(event: BroadcastEvent): PendingBroadcast {
    return new PendingBroadcast(event, this)
  }

  /** Begins an event without a class. */
  on(...channels: readonly ChannelLike[]): AnonymousEvent {
    return new AnonymousEvent(this, channels)
  }

  /** Registers who may join the private and presence channels of a pattern; the first rule that matches decides. */
  channel<const Pattern extends string, Guest extends boolean = false>(
    pattern: Pattern,
    rule: ChannelRule<Pattern, Guest>,
    options?: RuleOptions<Guest>,
  ): void {
    this.#registrations.channel(pattern, rule, options)
  }

  /** Makes a driver known, or replaces one; connections made before keep what they have. */
  extend(driver: string, factory: BroadcasterFactory): void {
    this.#registrations.extend(driver, factory)
  }

  /** Takes over rules and drivers that were registered elsewhere. */
  adopt(registrations: Registrations): void {
    this.#registrations.addAll(registrations)
  }

  /** The configuration of a connection, by default of the one that broadcasts. */
  configOf(connection = this.#config.defaultConnection): ConnectionConfig {
    return connectionOf(this.#config, connection)
  }

  /** Throws an {@link UnknownDriverError} when a connection has a driver that nobody has registered. */
  verify(): void {
    for (const connection of [this.#config.defaultConnection, ...Object.keys(this.connections)]) {
      this.#factoryOf(connection)
    }
  }

  /** Sends an event at once; `broadcast()` is the way to call it. */
  async send(event: BroadcastEvent, { via, except }: BroadcastRoute): Promise<BroadcastReceipt> {
    try {
      if (this.#closed) throw new ShutDownError()
      const resolved = resolveEvent(event)
      this.#warnOfMinifiedName(event, resolved)
      const { driver, broadcaster } = this.#open(via ?? this.#config.defaultConnection)
      const { channels } = resolved
      if (channels.length === 0) return { driver, event: resolved.event, channels: [] }
      const answer = await broadcaster.broadcast({ ...resolved, socketId: except })
      this.#counters.sent++
      const recipients = typeof answer === 'object' ? answer : undefined
      return { driver, event: resolved.event, channels: channels.map((name) => receiptOf(name, recipients)) }
    } catch (error) {
      this.#counters.failed++
      throw error
    }
  }

  reportUnawaited(event: BroadcastEvent, error: unknown): void {
    const name = event?.constructor?.name ?? 'event'
    this.logger.error(`Broadcasting ${name} failed, and nobody awaited it: ${messageOf(error)}`)
  }

  reportMissingSocket(given?: unknown): void {
    const problem =
      typeof given === 'string'
        ? `${JSON.stringify(given.slice(0, 40))} is not a socket id (digits, a dot, digits)`
        : 'no socket id is known'
    this.#warnOnce(
      'toOthers',
      `toOthers(): ${problem}, so everybody gets the event. The client must send its id as X-Socket-ID; ` +
        'outside of a request, give toOthers() the request or the id',
    )
  }

  /** Closes the connections that were used; from then on every broadcast fails with a {@link ShutDownError}. */
  async close(): Promise<void> {
    this.#closed = true
    const connections = [...this.#connections.values()]
    this.#connections.clear()
    await Promise.all(connections.map(({ broadcaster }) => broadcaster.close?.()))
  }

  #open(name: string): Connection {
    const known = this.#connections.get(name)
    if (known !== undefined) return known
    const config = this.configOf(name)
    const broadcaster = this.#factoryOf(name)(config, { logger: this.logger })
    if (typeof broadcaster?.broadcast !== 'function') throw new BrokenDriverError(config.driver)
    const connection = { driver: config.driver, broadcaster }
    this.#connections.set(name, connection)
    return connection
  }

  #factoryOf(connection: string): BroadcasterFactory {
    const { driver } = this.configOf(connection)
    const { drivers } = this.#registrations
    const factory = drivers.get(driver) ?? this.#builtIn.get(driver)
    if (factory !== undefined) return factory
    const known = new Set([...this.#builtIn.keys(), ...drivers.keys(), ...Object.keys(this.connections)])
    known.delete(connection)
    throw new UnknownDriverError(driver, connection, [...known].sort())
  }

  #warnOfMinifiedName(event: BroadcastEvent, { event: name }: ResolvedEvent): void {
    if (this.#isProduction || name.length > 2 || name !== event.constructor.name) return
    this.#warnOnce(
      event.constructor,
      `The event name "${name}" is that of a class and looks minified; give the class a static eventName`,
    )
  }

  #warnOnce(subject: unknown, message: string): void {
    if (this.#warned.has(subject)) return
    this.#warned.add(subject)
    this.logger.warn(message)
  }
}

function receiptOf(name: string, recipients: ReadonlyMap<string, number> | undefined): ReceiptChannel {
  const count = recipients?.get(name)
  return count === undefined ? { name } : { name, recipients: count }
}

function missingServer({ mayServe }: ResolvedBroadcastingConfig): never {
  throw new NoServerError(
    mayServe
      ? 'Driver "reverb": this process carries no server. Boot an Application with ReverbProvider whose driver is ' +
          'reverb, or give a manager of your own one: new BroadcastManager(config, { server })'
      : 'Driver "reverb": REVERB_SERVER=none keeps this process from carrying a server, and sending to that of another ' +
          'process is not available yet. Broadcast in the process that carries it, or set BROADCAST_DRIVER=log here',
  )
}
