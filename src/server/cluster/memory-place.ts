import type { Member } from '../../protocol/messages.ts'
import type { Held, Holding, Place, PlaceState } from './broker.ts'

/** What one node has in a place, and how it wants changes told. */
interface Holder {
  readonly subscriptions: number
  readonly users: Set<string>
  readonly counted: boolean
  readonly settled: boolean
}

/** A user who is nobody's for a while. */
interface Kept {
  /** Milliseconds on the clock of the ledger. */
  readonly until: number
  readonly settled: boolean
}

interface User {
  readonly member: Member
  readonly nodes: Set<string>
  kept: Kept | undefined
}

/** What has changed: of the users only those who came or went in the whole cluster. */
export type PlaceChange = Pick<Held, 'added' | 'removed' | 'refused'>

/** One place of a `MemoryLedger`: who holds what there, and what that makes in the whole cluster. */
export class MemoryPlace {
  readonly place: Place
  /** The version of the last notice; 0 before the first. */
  version = 0
  #subscriptions = 0
  readonly #holders = new Map<string, Holder>()
  /** In the order in which they came. */
  readonly #users = new Map<string, User>()

  constructor({ appId, channel }: Place) {
    this.place = { appId, channel }
  }

  get subscriptions(): number {
    return this.#subscriptions
  }

  get users(): number {
    return this.#users.size
  }

  get members(): Member[] {
    return [...this.#users.values()].map(({ member }) => member)
  }

  get state(): PlaceState {
    return { version: this.version, subscriptions: this.#subscriptions, members: this.members }
  }

  /** Neither a subscription nor a user is left, not even one who is kept. */
  get vacant(): boolean {
    return this.#subscriptions === 0 && this.#users.size === 0
  }

  /** The node has nothing here. */
  isFreeOf(node: string): boolean {
    return !this.#holders.has(node)
  }

  /** Those leave who are to leave, then those come who find room. */
  hold(node: string, holding: Holding, now: number): PlaceChange {
    const { subscriptions, add, remove, limit, counted, settled, keep } = holding
    const before = this.#holders.get(node)
    const users = before?.users ?? new Set<string>()
    this.#subscriptions += subscriptions - (before?.subscriptions ?? 0)
    const kept = keep > 0 ? { until: now + keep, settled } : undefined
    const removed = remove.filter((id) => users.delete(id) && this.#leave(node, id, kept))
    const change: Record<keyof PlaceChange, string[]> = { added: [], removed, refused: [] }
    for (const member of add) {
      const entered = this.#enter(node, member, limit)
      if (entered !== 'refused') users.add(member.id)
      if (entered !== 'known') change[entered].push(member.id)
    }
    if (subscriptions === 0 && users.size === 0) this.#holders.delete(node)
    else this.#holders.set(node, { subscriptions, users, counted, settled })
    return change
  }

  /** What the node would say if it went away: nothing is left of it, told in the way in which it wanted changes told. */
  farewell(node: string): Holding {
    const { users, counted, settled } = this.#holders.get(node) ?? nobody
    return { subscriptions: 0, add: [], remove: [...users], limit: 0, counted, settled, keep: 0 }
  }

  /** Takes away those who were kept until now, and says which; `settled` are those whose departure shall be settled. */
  endKept(now: number): { readonly removed: readonly string[]; readonly settled: readonly string[] } {
    const due = [...this.#users].filter(([, { kept }]) => kept !== undefined && kept.until <= now)
    for (const [id] of due) this.#users.delete(id)
    return {
      removed: due.map(([id]) => id),
      settled: due.filter(([, { kept }]) => kept?.settled).map(([id]) => id),
    }
  }

  /** Some user is kept. */
  get keeps(): boolean {
    return [...this.#users.values()].some(({ kept }) => kept !== undefined)
  }

  /** The members of these ids. */
  membersOf(ids: readonly string[]): Member[] {
    return ids.flatMap((id) => this.#users.get(id)?.member ?? [])
  }

  #enter(node: string, { id, info }: Member, limit: number): 'added' | 'refused' | 'known' {
    const user = this.#users.get(id)
    if (user !== undefined) {
      user.nodes.add(node)
      user.kept = undefined
      return 'known'
    }
    if (limit > 0 && this.#users.size >= limit) return 'refused'
    this.#users.set(id, { member: { id, info }, nodes: new Set([node]), kept: undefined })
    return 'added'
  }

  /** True when the user is gone from the cluster. */
  #leave(node: string, id: string, kept: Kept | undefined): boolean {
    const user = this.#users.get(id)
    user?.nodes.delete(node)
    if (user === undefined || user.nodes.size > 0) return false
    user.kept = kept
    if (kept === undefined) this.#users.delete(id)
    return kept === undefined
  }
}

const nobody: Holder = { subscriptions: 0, users: new Set(), counted: false, settled: false }
