import type { ChannelName } from '../../protocol/names.ts'
import type { EventLog, Kept, KeptEvent, LoggedEvent } from '../adapter.ts'
import type { App } from '../apps/app.ts'
import type { EventStore } from './broker.ts'
import { type ClusterRelay, roadOf } from './cluster-relay.ts'
import type { Link } from './link.ts'

const notKept: Kept = { position: 0, arrives: false }

/**
 * The log of a node among others: what it keeps comes to all of them in its order. Out of reach it keeps and knows nothing;
 * an event that was under way at the moment of the loss rejects, since nobody knows what became of it.
 */
export class ClusterLog implements EventLog {
  readonly #link: Link
  readonly #store: EventStore
  readonly #relay: ClusterRelay

  constructor(link: Link, store: EventStore, relay: ClusterRelay) {
    this.#link = link
    this.#store = store
    this.#relay = relay
  }

  async keep(app: App, channel: ChannelName, { event, data, frame, except }: LoggedEvent): Promise<Kept> {
    if (!this.#link.up) return notKept
    const place = { appId: app.id, channel }
    const kept = { event, data, ttl: app.cacheTtl }
    const envelope = this.#relay.envelope(frame, except)
    // Failing now, it may have been done: delivered here as well, it would come twice, and out of its order.
    const position = await this.#link.ask(() =>
      this.#store.keep(place, kept, roadOf(app.id, channel), envelope),
    )
    return { position, arrives: true }
  }

  async last({ id: appId }: App, channel: ChannelName): Promise<KeptEvent | undefined> {
    try {
      return await this.#link.ask(() => this.#store.last({ appId, channel }, roadOf(appId, channel)))
    } catch {
      return undefined
    }
  }
}
