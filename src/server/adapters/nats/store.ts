import type { KeptEvent } from '../../adapter.ts'
import type { EventStore, NewEvent, Place } from '../../cluster/broker.ts'
import type { Beginning } from './beginning.ts'
import type { Bucket } from './bucket.ts'
import type { ServerClock } from './clock.ts'
import { eventOf, keptMessage, positionOf } from './road-message.ts'
import type { NatsRoads } from './roads.ts'
import { tokenOf } from './token.ts'

/** The stream's subjects that are sent on to the roads, below the root of its bucket. */
export const sentOn = 'at'

/** What a `NatsStore` is made of. */
export interface StoreParts {
  readonly bucket: Bucket
  readonly beginning: Beginning
  readonly clock: ServerClock
  readonly roads: NatsRoads
}

/**
 * The last event of each road: one message that holds the event behind what is sent. The server stores it, numbers it and
 * sends it on in one step; those who hear it bring what it sends into the order of the numbers.
 */
export class NatsStore implements EventStore {
  readonly #parts: StoreParts

  constructor(parts: StoreParts) {
    this.#parts = parts
  }

  async keep(_place: Place, event: NewEvent, road: string, message: Buffer): Promise<number> {
    const { bucket, beginning } = this.#parts
    const { base } = beginning
    const { data, fields } = keptMessage(message, event, base)
    return base + (await bucket.store(keyOfRoad(road), data, fields))
  }

  async last(_place: Place, road: string): Promise<KeptEvent | undefined> {
    const { bucket, clock, roads } = this.#parts
    // What it is heard in counts from before the question: what is stored after the answer is heard then.
    const order = roads.orderOf(road)
    const found = await bucket.load(keyOfRoad(road))
    if (found === undefined) return undefined
    const position = positionOf(found.headers, found.revision)
    order?.learn(position)
    const { event, data, ttl } = eventOf(found)
    const left = ttl - (clock.latest - found.time) / 1000
    return left > 0 ? { event, data, position, ttl: Math.min(left, ttl) } : undefined
  }
}

function keyOfRoad(road: string): string {
  return `${sentOn}.${tokenOf(road)}`
}
