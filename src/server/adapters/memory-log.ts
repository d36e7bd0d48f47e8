import type { ChannelName } from '../../protocol/names.ts'
import type { EventLog, Kept, KeptEvent, LoggedEvent } from '../adapter.ts'
import type { App } from '../apps/app.ts'

interface Entry {
  readonly event: string
  readonly data: string
  readonly position: number
  /** Milliseconds on the monotonic clock. */
  readonly expires: number
}

/** Milliseconds between two sweeps. */
const sweepInterval = 60_000

/** The log of a server that stands alone: keeps the last event of each cache channel in memory until it expires. */
export class MemoryEventLog implements EventLog {
  readonly #apps = new Map<string, Map<ChannelName, Entry>>()
  #position = 0
  #swept = 0

  keep({ id, cacheTtl }: App, channel: ChannelName, { event, data }: LoggedEvent): Kept {
    const position = ++this.#position
    const entries = this.#apps.get(id) ?? new Map<ChannelName, Entry>()
    entries.set(channel, { event, data, position, expires: performance.now() + cacheTtl * 1000 })
    this.#apps.set(id, entries)
    return { position, arrives: false }
  }

  last({ id }: App, channel: ChannelName): KeptEvent | undefined {
    const entry = this.#apps.get(id)?.get(channel)
    const left = entry === undefined ? 0 : entry.expires - performance.now()
    if (entry === undefined || left <= 0) return undefined
    const { event, data, position } = entry
    return { event, data, position, ttl: left / 1000 }
  }

  /** Forgets what has expired, once a minute; `now` in milliseconds on the monotonic clock. */
  sweep(now: number): void {
    if (now - this.#swept < sweepInterval) return
    this.#swept = now
    for (const [id, entries] of this.#apps) {
      for (const [channel, { expires }] of entries) if (expires <= now) entries.delete(channel)
      if (entries.size === 0) this.#apps.delete(id)
    }
  }
}
