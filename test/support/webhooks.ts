import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import type { Webhook, WebhookEvent } from '../../src/protocol/webhook.ts'
import type { App } from '../../src/server/apps/app.ts'
import type { WebhookOptions } from '../../src/server/index.ts'
import { Lifecycle, type LifecycleEvent } from '../../src/server/lifecycle.ts'
import { Metrics } from '../../src/server/metrics.ts'
import { type WebhookTimings, webhookTimings } from '../../src/server/webhooks/timings.ts'
import { Webhooks } from '../../src/server/webhooks/webhooks.ts'
import type { Logger } from '../../src/support/logger.ts'
import { Inbox } from '../../src/testing/inbox.ts'
import { listen } from './host.ts'
import { channelName, makeApp, socketIdOf } from './parts.ts'
import { portOf } from './server.ts'

/** A request as an endpoint gets it. */
export interface Told {
  readonly method: string | undefined
  readonly path: string | undefined
  readonly headers: IncomingHttpHeaders
  /** Names and values of the headers, in turn, as they stood on the wire. */
  readonly rawHeaders: readonly string[]
  readonly body: string
  readonly webhook: Webhook
  readonly events: readonly WebhookEvent[]
}

/** What an endpoint does with a request, the first one being number 1. */
export type Reaction = (response: ServerResponse, told: Told, number: number) => void

/** Takes whatever it is told. */
export const takes: Reaction = (response) => void response.writeHead(204).end()

/** Never answers. */
export const hangs: Reaction = () => {}

/** Answers with a status. */
export function answers(status: number, headers: Record<string, string> = {}): Reaction {
  return (response) => void response.writeHead(status, headers).end()
}

/** Reacts to its first requests in turn, and to all further ones as to the last. */
export function inTurn(...reactions: readonly [Reaction, ...Reaction[]]): Reaction {
  return (response, told, number) => {
    const reaction = reactions[Math.min(number, reactions.length) - 1] ?? takes
    reaction(response, told, number)
  }
}

/** An HTTP server that is told things and remembers all of it; it ends with the test. */
export class Endpoint {
  readonly url: string
  /** Everything so far. */
  readonly told: Told[] = []
  readonly server: Server
  readonly #inbox = new Inbox<Told>(10_000)
  readonly #reaction: Reaction

  constructor(server: Server, reaction: Reaction, scheme: 'http' | 'https') {
    this.server = server
    this.#reaction = reaction
    this.url = `${scheme}://127.0.0.1:${portOf(server)}/hook`
    server.on('request', (request, response) => void this.#take(request, response))
  }

  static async open(reaction: Reaction = takes, server?: Server): Promise<Endpoint> {
    const http = server ?? createServer()
    await listen(http)
    return new Endpoint(http, reaction, server === undefined ? 'http' : 'https')
  }

  /** The next request; rejects when none comes within ten seconds. */
  next(): Promise<Told> {
    return this.#inbox.take()
  }

  /** All events so far, in the order in which they came. */
  get events(): readonly WebhookEvent[] {
    return this.told.flatMap(({ events }) => events)
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url: path, headers, rawHeaders } = request
    const body = await text(request)
    // The server under test has made it; tests look at what is in it.
    const webhook = JSON.parse(body) as Webhook
    const told = { method, path, headers, rawHeaders, body, webhook, events: webhook.events }
    this.told.push(told)
    this.#inbox.put(told)
    this.#reaction(response, told, this.told.length)
  }
}

interface TellerOptions {
  batchMs?: number
  wanted?: boolean
  timings?: Partial<WebhookTimings>
}

/** Something that tells webhooks, without a server around it; it ends with the test. */
export class Teller {
  readonly metrics = new Metrics()
  /** Every line that was logged, with its level. */
  readonly lines: string[] = []
  readonly lifecycle: Lifecycle
  readonly webhooks: Webhooks

  constructor({ batchMs = 0, wanted = true, timings = {} }: TellerOptions = {}) {
    const note = (level: string) => (line: string) => void this.lines.push(`${level}: ${line}`)
    const logger: Logger = {
      debug: note('debug'),
      info: note('info'),
      warn: note('warn'),
      error: note('error'),
    }
    const { metrics } = this
    this.lifecycle = new Lifecycle(metrics, logger)
    this.webhooks = new Webhooks(
      { lifecycle: this.lifecycle, wanted, batchMs, metrics, logger },
      { ...webhookTimings, ...timings },
    )
    onTestFinished(() => this.webhooks.flush(0))
  }

  /** A channel of an app is occupied for the first time. */
  occupied(app: App, ...channels: readonly string[]): void {
    for (const channel of channels) {
      this.lifecycle.announce({ name: 'channel_occupied', app, channel: channelName(channel) })
    }
  }

  /** A client of an app sends an event. */
  clientEvent(app: App, channel: string, data: string, userId?: string): void {
    const socketId = socketIdOf('1.1')
    const said = { event: 'client-typing', data, socketId, userId }
    this.lifecycle.announce({ name: 'client_event', app, channel: channelName(channel), ...said })
  }

  /** Something happens in a channel. */
  happens(app: App, name: 'cache_miss' | 'channel_vacated', channel: string): void {
    const event: LifecycleEvent = { name, app, channel: channelName(channel) }
    this.lifecycle.announce(event)
  }

  /** A user joins or leaves. */
  member(app: App, name: 'member_added' | 'member_removed', channel: string, userId: string): void {
    this.lifecycle.announce({ name, app, channel: channelName(channel), userId })
  }
}

/** An app that tells endpoints of everything, unless they are described. */
export function appTelling(
  endpoints: readonly (Endpoint | WebhookOptions)[],
  options: { id?: string; key?: string; secret?: string; previousSecret?: string } = {},
): App {
  const webhooks = endpoints.map((given) => (given instanceof Endpoint ? { url: given.url } : given))
  return makeApp({ ...options, webhooks })
}
