import { userChannel } from '../protocol/names.ts'
import { messageOf } from '../support/errors.ts'
import { guardedLogger, type Logger } from '../support/logger.ts'
import { loggerOf } from '../support/logger-settings.ts'
import type { Env } from '../support/settings.ts'
import { AnonymousEvent } from './anonymous-event.ts'
import type { BroadcastEvent } from './broadcast-event.ts'
import type { BroadcasterFactory } from './broadcaster.ts'
import { type ChannelLike, channelName } from './channel.ts'
import type { ChannelAuthorizer, ChannelRule } from './channel-authorizer.ts'
import { type BroadcastManagerConfig, resolveBroadcastingConfig } from './config.ts'
import type { ConnectionConfig } from './connection-config.ts'
import { Connections } from './connections.ts'
import { LogBroadcaster } from './drivers/log.ts'
import { NullBroadcaster } from './drivers/null.ts'
import { createPusherBroadcaster } from './drivers/pusher.ts'
import { createReverbBroadcaster, type LocalServer } from './drivers/reverb.ts'
import { EventError, UnsupportedError } from './errors.ts'
import type { RemoteServer } from './http/reverb-target.ts'
import { type BroadcastRoute, type PendingBatch, PendingBroadcast } from './pending-broadcast.ts'
import { Registrations } from './registrations.ts'
import { ReportedPromise } from './reported-promise.ts'
import { type ResolvedEvent, resolveEvent } from './resolve-event.ts'
import type { RuleOptions } from './rule-options.ts'
import { Shipment, sendAll } from './shipment.ts'
import { toUserId } from './user-id.ts'

declare module '../foundation/application.ts' {
  interface Bindings {
    /** What `broadcast()` and `Broadcast` use; bound by ReverbProvider. */
    broadcasting: BroadcastManager
  }
}

/** What a manager is given beside its configuration. */
export interface BroadcastManagerParts {
  /** The server of this process, for driver `reverb`. @default none: it sends over HTTP to that of another process */
  readonly server?: LocalServer | undefined
  /** What code says about the server of another process. @default what the environment says */
  readonly remote?: RemoteServer | undefined
  /**
   * Environment variables, which settings come from that code leaves out.
   * @default process.env
   */
  readonly env?: Env
}

/** What a manager has done so far. */
export interface BroadcastCounters {
  /** Broadcasts that a driver took; a batch counts once. */
  readonly sent: number
  /** Broadcasts that failed, be it in part, awaited or not. */
  readonly failed: number
}

/** Broadcasts events over named connections, whose drivers it makes when first used and keeps; and knows the channel rules. */
export class BroadcastManager {
  /** Where lines go: what the configuration gives, else one line of text each on stdout. */
  readonly logger: Logger
  /** The configured connections by name, those that are always there among them. */
  readonly connections: Readonly<Record<string, ConnectionConfig>>
  /** For lines that must disturb nobody: what is broadcast without being awaited has no one to tell of a broken logger. */
  readonly #lines: Logger
  readonly #registrations = new Registrations()
  readonly #connections: Connections
  readonly #counters = { sent: 0, failed: 0 }
  readonly #warned = new Set<unknown>()
  readonly #isProduction: boolean

  constructor(
    config: BroadcastManagerConfig = {},
    { server, remote, env = process.env }: BroadcastManagerParts = {},
  ) {
    const resolved = resolveBroadcastingConfig(config, env)
    this.logger = config.logger ?? loggerOf(env)
    this.#lines = guardedLogger(this.logger)
    this.connections = resolved.connections
    this.#isProduction = env['NODE_ENV'] === 'production'
    this.#connections = new Connections(resolved, {
      builtIn: new Map<string, BroadcasterFactory>([
        ['log', (_connection, { logger }) => this.#logInPlace(logger, resolved.namedBy)],
        ['null', () => new NullBroadcaster()],
        ['pusher', (connection, { logger }) => createPusherBroadcaster(connection, env, logger)],
        [
          'reverb',
          (connection, { logger }) => createReverbBroadcaster(connection, { server, remote, env, logger }),
        ],
      ]),
      registered: this.#registrations.drivers,
      logger: this.logger,
    })
  }

  /** The rules of private and presence channels. */
  get authorizer(): ChannelAuthorizer {
    return this.#registrations.authorizer
  }

  /** What it has done since it was made; the numbers go on. */
  get counters(): BroadcastCounters {
    return this.#counters
  }

  /** Broadcasts an event on the next microtask, awaited or not. */
  broadcast(event: BroadcastEvent): PendingBroadcast {
    return this.#pending(event?.constructor?.name ?? 'event', async (route) => {
      const shipment = this.#pack(event, route)
      await this.#send([shipment], route)
      return shipment.receipt
    })
  }

  /** Broadcasts several events in their order, with as few requests as the driver needs. */
  batch(events: readonly BroadcastEvent[]): PendingBatch {
    return this.#pending('a batch', async (route) => {
      if (!Array.isArray(events)) throw new EventError('batch()', 'takes an array of events')
      const shipments = events.map((event: BroadcastEvent) => this.#pack(event, route))
      await this.#send(shipments, route)
      return shipments.map(({ receipt }) => receipt)
    })
  }

  /** Begins an event without a class. */
  on(...channels: readonly ChannelLike[]): AnonymousEvent {
    return new AnonymousEvent((event) => this.broadcast(event), channels)
  }

  /** Begins an event for one signed-in user, on all of the user's connections. Throws a UserIdError. */
  user(id: string | number): AnonymousEvent {
    return this.on(userChannel(toUserId(id)))
  }

  /**
   * Ends every signed-in connection of a user; clients do not come back by themselves. Rejects with an
   * {@link UnsupportedError} where the driver cannot do it; a failure that nobody awaits goes to the logger.
   */
  disconnectUser(id: string | number, { via }: { readonly via?: string } = {}): ReportedPromise<void> {
    return this.#reported('Disconnecting a user', async () => {
      const { driver, broadcaster } = this.#connections.open(via)
      if (broadcaster.disconnectUser === undefined) throw new UnsupportedError(driver, 'disconnect a user')
      await broadcaster.disconnectUser(toUserId(id))
    })
  }

  /**
   * Withdraws a channel from a user, on all of the user's signed-in connections; whether the user may join it again is for
   * the channel's rule to say. Rejects with an {@link UnsupportedError} where the driver cannot do it; a failure that
   * nobody awaits goes to the logger.
   */
  unsubscribeUser(
    id: string | number,
    channel: ChannelLike,
    { via }: { readonly via?: string } = {},
  ): ReportedPromise<void> {
    return this.#reported('Unsubscribing a user', async () => {
      const { driver, broadcaster } = this.#connections.open(via)
      if (broadcaster.unsubscribeUser === undefined) {
        throw new UnsupportedError(driver, 'unsubscribe a user; the driver "reverb" can')
      }
      await broadcaster.unsubscribeUser(toUserId(id), channelName(channel))
    })
  }

  /**
   * The key of an encrypted channel, in Base64, as the auth endpoint gives it to whom a rule admits; that of the connection
   * to the app, else of the connection that broadcasts. Throws an EncryptionKeyError where there is none.
   */
  sharedSecret(channel: string, appKey?: string): string {
    return Buffer.from(this.#connections.channelKey(channel, appKey)).toString('base64')
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
  configOf(connection?: string): ConnectionConfig {
    return this.#connections.configOf(connection)
  }

  /** Throws when a connection has a driver that nobody has registered, or an option that its driver does not have. */
  verify(): void {
    this.#connections.verify()
  }

  /** Makes the driver of the connection that broadcasts now, not when it is first used: a boot tells what it lacks. */
  open(): void {
    this.#connections.open()
  }

  /** Closes the connections that were used; from then on every broadcast fails with a ShutDownError. */
  close(): Promise<void> {
    return this.#connections.close()
  }

  #pending<Receipt>(
    subject: string,
    send: (route: BroadcastRoute) => Promise<Receipt>,
  ): PendingBroadcast<Receipt> {
    return new PendingBroadcast({
      send: (route) => this.#countFailure(() => send(route)),
      reportUnawaited: (error) => this.#logUnawaited(`Broadcasting ${subject}`, error),
      reportMissingSocket: (given) => this.#reportMissingSocket(given),
    })
  }

  #reported(doing: string, run: () => Promise<void>): ReportedPromise<void> {
    return new ReportedPromise(run(), (error) => this.#logUnawaited(doing, error))
  }

  #logUnawaited(doing: string, error: unknown): void {
    this.#lines.error(`${doing} failed, and nobody awaited it: ${messageOf(error)}`)
  }

  async #countFailure<Result>(run: () => Promise<Result>): Promise<Result> {
    try {
      return await run()
    } catch (error) {
      this.#counters.failed++
      throw error
    }
  }

  /** Asks the event everything, and seals what is to be sealed; sends nothing. */
  #pack(event: BroadcastEvent, { via, except }: BroadcastRoute): Shipment {
    const resolved = resolveEvent(event)
    this.#warnOfMinifiedName(event, resolved)
    const { driver, masterKey } = this.#connections.open(via)
    return new Shipment(resolved, { driver, masterKey, socketId: except })
  }

  async #send(shipments: readonly Shipment[], { via }: BroadcastRoute): Promise<void> {
    if (!shipments.some(({ parts }) => parts.length > 0)) return
    await sendAll(this.#connections.open(via).broadcaster, shipments)
    this.#counters.sent++
  }

  /** Driver `log`; where nobody has chosen it, production loses what it sends, and must hear of that. */
  #logInPlace(logger: Logger, namedBy: string | undefined): LogBroadcaster {
    if (this.#isProduction && namedBy === undefined) {
      logger.warn(
        'Nobody gets what is broadcast: BROADCAST_DRIVER is not set, so events only go to the log, at level info. ' +
          'Set it to reverb or pusher; BROADCAST_DRIVER=log says that the log is meant',
      )
    }
    return new LogBroadcaster(logger)
  }

  #reportMissingSocket(given: unknown): void {
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
    this.#lines.warn(message)
  }
}
