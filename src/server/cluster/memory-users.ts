import type { Settled } from './broker.ts'
import { MemoryDepartures } from './memory-departures.ts'

type User = Settled['offline'][number]

/** The signed-in users of a `MemoryLedger`: who is online on some node, or was a moment ago. */
export class MemoryUsers {
  /** Nodes by user. */
  readonly #nodes = new Map<string, Set<string>>()
  readonly #users = new Map<string, Map<string, User>>()
  readonly #departures: MemoryDepartures<User>

  constructor(clock: () => number) {
    this.#departures = new MemoryDepartures(clock)
  }

  /** True when the user was not online. */
  signIn(node: string, appId: string, userId: string): boolean {
    const key = keyOf(appId, userId)
    const nodes = this.#nodes.get(key) ?? new Set()
    const users = this.#users.get(node) ?? new Map<string, User>()
    const first = nodes.size === 0
    this.#nodes.set(key, nodes.add(node))
    this.#users.set(node, users.set(key, { appId, userId }))
    return first && !this.#departures.takeBack(key)
  }

  /** Never true: the user is online until that is settled. */
  signOut(node: string, appId: string, userId: string): boolean {
    const key = keyOf(appId, userId)
    const users = this.#users.get(node)
    if (!users?.delete(key)) return false
    if (users.size === 0) this.#users.delete(node)
    const nodes = this.#nodes.get(key)
    nodes?.delete(node)
    if (nodes?.size !== 0) return false
    this.#nodes.delete(key)
    this.#departures.note(key, { appId, userId })
    return false
  }

  /** Signs the node's users out. */
  release(node: string): void {
    for (const { appId, userId } of this.#users.get(node)?.values() ?? []) this.signOut(node, appId, userId)
  }

  isOnline(appId: string, userId: string): boolean {
    const key = keyOf(appId, userId)
    return this.#nodes.has(key) || this.#departures.has(key)
  }

  /** Users who have been offline for so many milliseconds at least; each is handed out once. */
  settle(grace: number): User[] {
    return this.#departures.settle(grace)
  }
}

function keyOf(appId: string, userId: string): string {
  return JSON.stringify([appId, userId])
}
