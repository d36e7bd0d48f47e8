import { readEnvelope, writeEnvelope } from '../../protocol/envelope.ts'
import { type ChannelName, parseSocketId, type SocketId } from '../../protocol/names.ts'
import { ignoreRejection } from '../../support/awaitable.ts'
import { asObject, parseObject } from '../../support/json.ts'
import type { Order, Relay, RelayListener } from '../adapter.ts'
import type { App } from '../apps/app.ts'
import type { Frame } from '../frame.ts'
import { Grace } from '../grace.ts'
import type { Metrics } from '../metrics.ts'
import type { Broker } from './broker.ts'
import { Gatherer, inBatches } from './gatherer.ts'
import type { Link } from './link.ts'

/** Milliseconds for which a channel is followed that nobody here is in any more: most come back. */
const lingering = 3_000

/** The road that every node listens on. */
const everyone = 'all'

/** What nodes tell one another beside events. */
export type Control =
  | { readonly order: Order }
  /** Whether a user is online has changed, or may have. */
  | { readonly user: { readonly appId: string; readonly userId: string } }

/** A channel that this node follows. */
interface Followed {
  readonly appId: string
  readonly channel: ChannelName
  /** Resolves when its events arrive. */
  readonly ready: Promise<void>
}

interface RelayParts {
  readonly link: Link
  readonly broker: Broker
  readonly metrics: Metrics
  /** Called for what another node tells of a user. */
  readonly userMayHaveChanged: (appId: string, userId: string) => void
}

/** The relay of a node among others: a road for each channel, taken while somebody here is in it. */
export class ClusterRelay implements Relay {
  readonly alone = false
  readonly #parts: RelayParts
  readonly #followed = new Map<string, Followed>()
  readonly #lingering = new Grace(lingering)
  readonly #subscribe: Gatherer<string>
  readonly #unsubscribe: Gatherer<string>
  #listener: RelayListener | undefined

  constructor(parts: RelayParts) {
    const { link, broker } = parts
    this.#parts = parts
    this.#subscribe = new Gatherer((roads) => link.ask(() => broker.roads.subscribe(roads)))
    this.#unsubscribe = new Gatherer((roads) =>
      link.ask(() => broker.roads.unsubscribe(roads.filter((road) => !this.#followed.has(road)))),
    )
  }

  listen(listener: RelayListener): void {
    this.#listener = listener
  }

  follow({ id: appId }: App, channel: ChannelName): Promise<void> {
    const road = roadOf(appId, channel)
    this.#lingering.cancel(road)
    let followed = this.#followed.get(road)
    if (followed === undefined) {
      followed = { appId, channel, ready: this.#begin(road) }
      this.#followed.set(road, followed)
    }
    return followed.ready
  }

  unfollow({ id: appId }: App, channel: ChannelName): void {
    const road = roadOf(appId, channel)
    this.#lingering.hold(road, () => {
      this.#followed.delete(road)
      // Whoever is out of reach will not send us anything either.
      ignoreRejection(this.#unsubscribe.add(road))
    })
  }

  async send(
    { id }: App,
    channel: ChannelName,
    frame: Frame,
    except: SocketId | undefined,
  ): Promise<boolean> {
    const envelope = this.envelope(frame, except)
    return this.#send(roadOf(id, channel), envelope)
  }

  order(order: Order): Promise<boolean> {
    return this.tell({ order })
  }

  /** Tells every other node; false when they could not be reached. Never rejects. */
  tell(control: Control): Promise<boolean> {
    const { instance: sender } = this.#parts.link
    const body = Buffer.from(JSON.stringify(control))
    return this.#send(everyone, writeEnvelope({ kind: 'control', sender, except: '', body }))
  }

  /** An event as it goes to other nodes. */
  envelope(frame: Frame, except: SocketId | undefined): Buffer {
    const { instance: sender } = this.#parts.link
    return writeEnvelope({ kind: 'event', sender, except: except ?? '', body: frame })
  }

  /** Takes every road again. */
  async recover(): Promise<void> {
    const { link, broker } = this.#parts
    await inBatches([everyone, ...this.#followed.keys()], async (batch) => {
      // Meanwhile some may have been given up.
      const roads = batch.filter((road) => road === everyone || this.#followed.has(road))
      await link.ask(() => broker.roads.subscribe(roads))
    })
  }

  /** A message from the broker. What is no envelope is counted and forgotten. */
  message(road: string, bytes: Buffer): void {
    const { link, metrics } = this.#parts
    const envelope = readEnvelope(bytes)
    if (envelope === undefined) {
      metrics.relayRefused++
      return
    }
    const { kind, sender, except, body, position } = envelope
    // What the log has numbered comes to its sender too.
    if (sender === link.instance && position === 0) return
    metrics.relayReceived++
    if (kind === 'control') this.#controlled(body)
    const followed = this.#followed.get(road)
    if (followed === undefined) return
    this.#listener?.arrived(followed.appId, followed.channel, body, parseSocketId(except), position)
  }

  stop(): void {
    this.#lingering.stop()
  }

  async #begin(road: string): Promise<void> {
    try {
      await this.#subscribe.add(road)
    } catch {
      // The others are out of reach, and the road is taken when they are not.
    }
  }

  async #send(road: string, envelope: Buffer): Promise<boolean> {
    const { link, broker, metrics } = this.#parts
    try {
      await link.ask(() => broker.roads.send(road, envelope))
      metrics.relaySent++
      return true
    } catch {
      metrics.relayFailed++
      return false
    }
  }

  #controlled(body: Buffer): void {
    const control = parseControl(body)
    if (control === undefined) this.#parts.metrics.relayRefused++
    else if ('order' in control) this.#listener?.ordered(control.order)
    else this.#parts.userMayHaveChanged(control.user.appId, control.user.userId)
  }
}

/** The road of a channel; no two channels of any apps have the same. */
export function roadOf(appId: string, channel: string): string {
  return `event:${appId.length}:${appId}:${channel}`
}

function parseControl(body: Buffer): Control | undefined {
  const control = parseObject(body.toString())
  if (asObject(control?.['order'] ?? control?.['user']) === undefined) return undefined
  // A node of the cluster wrote it.
  return control as unknown as Control
}
