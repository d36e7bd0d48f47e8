import type { ChannelName } from '../../protocol/names.ts'
import type { EventLog, Kept, KeptEvent, LoggedEvent } from '../adapter.ts'
import type { App } from '../apps/app.ts'
import type { EventStore } from './broker.ts'
import { type ClusterRelay, roadOf } from './cluster-relay.ts'
import type { Link } from './link.ts'

/** The log of a node among others: what it keeps comes to all of them in its order. Out of reach it keeps and knows nothing. */
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
    const place = { appId: app.id, channel }
    const kept = { event, data, ttl: app.cacheTtl }
    const envelope = this.#relay.envelope(frame, except)
    const road = roadOf(app.id, channel)
    const expected = this.#relay.expect(road, frame)
    try {
      const position = await this.#link.ask(() => this.#store.keep(place, kept, road, envelope))
      return { position, arrives: true }
    } catch {
      // The link has counted and logged it; whoever publishes is told. What has come back was kept, and must not come twice.
      return { position: 0, arrives: expected.arrived }
    } finally {
      this.#relay.expectNoMore(expected)
    }
  }

  async last({ id: appId }: App, channel: ChannelName): Promise<KeptEvent | undefined> {
    try {
      return await this.#link.ask(() => this.#store.last({ appId, channel }, roadOf(appId, channel)))
    } catch {
      return undefined
    }
  }
}
