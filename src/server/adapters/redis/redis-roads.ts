import type { Roads } from '../../cluster/broker.ts'
import type { RedisLink } from './redis-link.ts'
import type { RedisNames } from './redis-names.ts'

/** Messages by the channels of a Redis. */
export class RedisRoads implements Roads {
  readonly #link: () => RedisLink
  readonly #names: RedisNames

  /** `link` throws while there is none. */
  constructor(link: () => RedisLink, names: RedisNames) {
    this.#link = link
    this.#names = names
  }

  async subscribe(roads: readonly string[]): Promise<void> {
    await this.#link().subscribe(roads.map((road) => this.#names.road(road)))
  }

  async unsubscribe(roads: readonly string[]): Promise<void> {
    await this.#link().unsubscribe(roads.map((road) => this.#names.road(road)))
  }

  async send(road: string, message: Buffer): Promise<void> {
    await this.#link().publish(this.#names.road(road), message)
  }
}
