import { channelEvent } from '../protocol/messages.ts'
import { type ChannelName, kindOf, type SocketId } from '../protocol/names.ts'
import { type Awaitable, andThen } from '../support/awaitable.ts'
import type { EventLog } from './adapter.ts'
import type { App } from './apps/app.ts'
import type { ChannelManager } from './channels/channel-manager.ts'
import type { Connection } from './connection.ts'
import { deliver } from './deliver.ts'
import { encodeFrame } from './frame.ts'
import type { Metrics } from './metrics.ts'
import type { Outbox } from './outbox.ts'
import type { Trace } from './trace.ts'

/** The thing that fans out: an event on a channel of an app. */
export interface ChannelEvent {
  /** Of the application, of a client, or of the server itself; only those of the application are ever kept. */
  readonly kind: 'published' | 'client' | 'internal'
  readonly app: App
  readonly channel: ChannelName
  readonly event: string
  /** The text that subscribers get, byte for byte. */
  readonly data: string
  /** The connection that does not get it. */
  readonly except?: SocketId | undefined
  /** Who sent it; only for client events on presence channels. */
  readonly userId?: string | undefined
}

/** Publishes an event; resolves to the number of connections it was handed to. Never waits for a socket. */
export type Publish = (event: ChannelEvent) => Awaitable<number>

interface PublishParts {
  readonly channels: ChannelManager
  readonly connections: ReadonlyMap<SocketId, Connection>
  readonly log: EventLog
  readonly outbox: Outbox
  readonly metrics: Metrics
  readonly trace: Trace | undefined
}

/** The one door out, for events of the application, of clients and of the server itself. */
export function createPublish({ channels, connections, log, outbox, metrics, trace }: PublishParts): Publish {
  return function publish(published) {
    metrics.eventsPublished++
    if (published.kind !== 'published' || !kindOf(published.channel).cached) return distribute(published, 0)
    const { app, channel, event, data } = published
    return andThen(log.keep(app, channel, event, data), (position) => distribute(published, position))
  }

  /** Events that are kept have a position above 0. */
  function distribute(published: ChannelEvent, position: number): Awaitable<number> {
    const { app, channel, event, data, except, userId } = published
    const target = channels.find(app, channel)
    if (target === undefined) return 0
    const text = channelEvent(channel, event, data, userId)
    trace?.('out', channel, text)
    const frame = encodeFrame(text)
    const recipients = deliver(outbox, target, frame, except && connections.get(except), position)
    metrics.deliveries += recipients
    return recipients > 0 && outbox.published(frame.length) ? afterThisTurn(outbox, recipients) : recipients
  }
}

/** A publisher that never leaves the microtask queue would keep the outbox from writing: it waits for the loop. */
async function afterThisTurn(outbox: Outbox, recipients: number): Promise<number> {
  await outbox.turnEnded()
  return recipients
}
