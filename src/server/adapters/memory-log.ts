import type { ChannelName } from '../../protocol/names.ts'
import type { EventLog, KeptEvent } from '../adapter.ts'
import type { App } from '../apps/app.ts'

interface Entry {
  readonly event: string
  readonly data: string
  readonly position: number
  /** Milliseconds on the monotonic clock. */
  readonly expires: number
}

/** The log of a server that stands alone: keeps the last event of each cache channel in memory until it expires. */
export class MemoryEventLog implements EventLog {
  // The entries of an app lie in the order in which they were kept, so those that expire first come first.
  readonly #apps = new Map<string, Map<ChannelName, Entry>>()
  #position = 0

  keep({ id, cacheTtl }: App, channel: ChannelName, event: string, data: string): number {
    const now = performance.now()
    const entries = this.#apps.get(id) ?? new Map<ChannelName, Entry>()
    this.#apps.set(id, entries)
    dropExpired(entries, now)
    const position = ++this.#position
    entries.delete(channel)
    entries.set(channel, { event, data, position, expires: now + cacheTtl * 1000 })
    return position
  }

  last({ id }: App, channel: ChannelName): KeptEvent | undefined {
    const entry = this.#apps.get(id)?.get(channel)
    const left = entry === undefined ? 0 : entry.expires - performance.now()
    if (entry === undefined || left <= 0) return undefined
    const { event, data, position } = entry
    return { event, data, position, ttl: left / 1000 }
  }
}

function dropExpired(entries: Map<ChannelName, Entry>, now: number): void {
  for (const [channel, { expires }] of entries) {
    if (expires > now) return
    entries.delete(channel)
  }
}
