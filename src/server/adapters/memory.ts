import type { Adapter, Relay } from '../adapter.ts'
import { MemoryEventLog } from './memory-log.ts'
import { MemoryRegistry } from './memory-registry.ts'

/** The relay of a server that stands alone: there is nobody to reach. */
export const memoryRelay: Relay = {
  alone: true,
  listen() {},
  follow() {},
  unfollow() {},
  send: () => true,
  order: () => true,
}

/** What a server shares that stands alone: nothing, so everything is known at once. */
export class MemoryAdapter implements Adapter {
  readonly relay = memoryRelay
  readonly registry = new MemoryRegistry()
  readonly log = new MemoryEventLog()
  readonly trouble = undefined

  start(): void {}

  sweep(now: number): void {
    this.log.sweep(now)
  }

  drain(): void {}

  async close(): Promise<void> {
    this.registry.close()
  }
}
