import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from './connection.ts'

/** Closes a second at the least, so that a few connections end at once. */
const minPace = 100

/** Milliseconds between two groups of closes. */
const tick = 50

/** Closes every connection with 4200, spread over at most `seconds`, so that not all come back in the same moment. */
export async function drain(connections: ReadonlyMap<string, Connection>, seconds: number): Promise<void> {
  const spread = Math.min(seconds, connections.size / minPace)
  const groups = Math.max(1, Math.floor((spread * 1000) / tick))
  const group = Math.ceil(connections.size / groups)
  while (connections.size > 0) {
    let left = group
    for (const connection of connections.values()) {
      if (left-- === 0) break
      connection.close(4200)
    }
    if (connections.size > 0) await sleep(tick)
  }
}
