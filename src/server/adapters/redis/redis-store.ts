import type { KeptEvent } from '../../adapter.ts'
import type { EventStore, NewEvent, Place } from '../../cluster/broker.ts'
import type { RedisLink } from './redis-link.ts'
import type { RedisNames } from './redis-names.ts'
import { textsOf } from './redis-replies.ts'
import { keep, last } from './scripts/events.ts'

/** Bytes of a position in a message. */
const positionSize = 8

/** The last event of each cache channel in a Redis. */
export class RedisStore implements EventStore {
  readonly #link: () => RedisLink
  readonly #names: RedisNames

  /** `link` throws while there is none. */
  constructor(link: () => RedisLink, names: RedisNames) {
    this.#link = link
    this.#names = names
  }

  async keep(place: Place, { event, data, ttl }: NewEvent, road: string, message: Buffer): Promise<number> {
    const milliseconds = String(Math.ceil(ttl * 1000))
    const rest = message.subarray(positionSize)
    const words = [event, data, milliseconds, this.#names.road(road), rest]
    return Number(await this.#link().run(keep, this.#names.event(place, road), words))
  }

  async last(place: Place, road: string): Promise<KeptEvent | undefined> {
    const reply = textsOf(await this.#link().run(last, this.#names.event(place, road), []))
    const [event, data, position, left] = reply
    if (event === undefined || data === undefined) return undefined
    return { event, data, position: Number(position), ttl: Number(left) / 1000 }
  }
}
