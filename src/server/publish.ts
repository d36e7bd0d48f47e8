import { channelEvent } from '../protocol/messages.ts'
import { type ChannelName, kindOf, type SocketId } from '../protocol/names.ts'
import { type Awaitable, andThen } from '../support/awaitable.ts'
import type { EventLog, Relay, RelayListener } from './adapter.ts'
import type { App } from './apps/app.ts'
import type { Channel } from './channels/channel.ts'
import type { ChannelManager } from './channels/channel-manager.ts'
import type { Connection } from './connection.ts'
import { deliver } from './deliver.ts'
import { UnreachableError } from './errors.ts'
import { encodeFrame, type Frame } from './frame.ts'
import type { Metrics } from './metrics.ts'
import type { Outbox } from './outbox.ts'
import type { Trace } from './trace.ts'

/** The thing that fans out: an event on a channel of an app. */
export interface ChannelEvent {
  /**
   * Of the application, of a client, or of the server itself, which tells this node's subscribers of counts and members;
   * only those of the application are ever kept.
   */
  readonly kind: 'published' | 'client' | 'count' | 'member'
  readonly app: App
  readonly channel: ChannelName
  readonly event: string
  /** The text that subscribers get, byte for byte. */
  readonly data: string
  /** The connection that does not get it. */
  readonly except?: SocketId | undefined
  /** Who sent it; only for client events on presence channels. */
  readonly userId?: string | undefined
  /** To every node, or to nobody: rejects with an {@link UnreachableError} when the others cannot be reached. */
  readonly everywhere?: boolean
}

/** Publishes an event; resolves to the number of connections of this node it was handed to. Never waits for a socket. */
export type Publish = (event: ChannelEvent) => Awaitable<number>

interface PublishParts {
  readonly channels: ChannelManager
  readonly connections: ReadonlyMap<SocketId, Connection>
  readonly log: EventLog
  readonly relay: Relay
  readonly outbox: Outbox
  readonly metrics: Metrics
  readonly trace: Trace | undefined
}

/** Makes the one door out, for events of the application, of clients and of the server itself, and what takes those of other nodes. */
export function createPublish({ channels, connections, log, relay, outbox, metrics, trace }: PublishParts): {
  readonly publish: Publish
  readonly arrived: RelayListener['arrived']
} {
  return { publish, arrived }

  function publish(published: ChannelEvent): Awaitable<number> {
    metrics.eventsPublished++
    const { kind, app, channel } = published
    const target = channels.find(app, channel)
    const isLocal = kind === 'count' || kind === 'member'
    const isKept = kind === 'published' && kindOf(channel).cached
    // Nobody here, nobody elsewhere: nothing is encoded.
    if (target === undefined && !isKept && (isLocal || relay.alone)) return 0
    const frame = encode(published)
    if (isLocal) return target === undefined ? 0 : hand(target, frame, undefined, 0, kind === 'count')
    if (isKept) return keep(published, frame)
    return distribute(published, frame)
  }

  function encode({ channel, event, data, userId }: ChannelEvent): Frame {
    const text = channelEvent(channel, event, data, userId)
    trace?.('out', channel, text)
    return encodeFrame(text)
  }

  /** To this node first and at once, unless it shall be everywhere or nowhere. */
  function distribute(published: ChannelEvent, frame: Frame): Awaitable<number> {
    const { app, channel, except, everywhere } = published
    if (everywhere) {
      return andThen(relay.send(app, channel, frame, except), (reached) => {
        if (!reached) throw undelivered(channel)
        return handHere(published, frame, 0)
      })
    }
    const recipients = handHere(published, frame, 0)
    return andThen(relay.send(app, channel, frame, except), () => recipients)
  }

  /** In the order of the log: with other nodes, this one too gets it from there. */
  function keep(published: ChannelEvent, frame: Frame): Awaitable<number> {
    const { app, channel, event, data, except, everywhere } = published
    return andThen(log.keep(app, channel, { event, data, frame, except }), ({ position, arrives }) => {
      if (arrives) return audience(channels.find(app, channel), except)
      if (position > 0) return handHere(published, frame, position)
      if (everywhere) throw undelivered(channel)
      return distribute(published, frame)
    })
  }

  function handHere(
    { app, channel, except }: ChannelEvent,
    frame: Frame,
    position: number,
  ): Awaitable<number> {
    const target = channels.find(app, channel)
    return target === undefined ? 0 : hand(target, frame, except, position, true)
  }

  function arrived(
    id: string,
    channel: ChannelName,
    frame: Frame,
    except: SocketId | undefined,
    position: number,
  ): void {
    const target = channels.find({ id }, channel)
    if (target !== undefined) void hand(target, frame, except, position, true)
  }

  function hand(
    target: Channel,
    frame: Frame,
    except: SocketId | undefined,
    position: number,
    joining: boolean,
  ): Awaitable<number> {
    const recipients = deliver(outbox, target, frame, except && connections.get(except), position, joining)
    metrics.deliveries += recipients
    return recipients > 0 && outbox.published(frame.length) ? afterThisTurn(outbox, recipients) : recipients
  }

  /** How many connections of this node an event will reach. */
  function audience(target: Channel | undefined, except: SocketId | undefined): number {
    if (target === undefined) return 0
    const excepted = except && connections.get(except)?.subscriptions.get(target.name)?.channel === target
    return target.live.size + target.joining.size - (excepted ? 1 : 0)
  }
}

/** A publisher that never leaves the microtask queue would keep the outbox from writing: it waits for the loop. */
async function afterThisTurn(outbox: Outbox, recipients: number): Promise<number> {
  await outbox.turnEnded()
  return recipients
}

/** What was under way when the others stopped answering may have reached them. */
function undelivered(channel: ChannelName): UnreachableError {
  return new UnreachableError(`The event on ${channel} was not delivered here, and perhaps nowhere`)
}
