import {
  type Departure,
  type Holding,
  type Ledger,
  type Notice,
  type Place,
  type Renewed,
  type Settled,
  stale,
} from '../../cluster/broker.ts'
import { shareKeyOf, subjectOf } from './keys.ts'
import type { LedgerParts } from './parts.ts'
import { Places } from './places.ts'
import { Quotas } from './quotas.ts'
import { Users } from './users.ts'

/** Values that one call of `reap`, or of `settle`, looks at. */
const [reapedByCall, settledByCall] = [500, 500]

/** Values that are looked at at the same time. */
const atOnce = 50

/** The ledger in JetStream: a value for each place, user and app, each changed by itself. */
export class NatsLedger implements Ledger {
  readonly #parts: LedgerParts
  readonly #places: Places
  readonly #users: Users
  readonly #quotas: Quotas

  constructor(parts: LedgerParts, changed: (place: Place, notice: Notice) => void) {
    this.#parts = parts
    this.#places = new Places(parts, changed)
    this.#users = new Users(parts)
    this.#quotas = new Quotas(parts)
  }

  async renew(node: string, ttl: number, fresh: boolean): Promise<Renewed | typeof stale> {
    const { beginning, check, lives } = this.#parts
    const [renewed] = await Promise.all([lives.renew(node, ttl, fresh), check()])
    return renewed === stale ? stale : { ...renewed, memory: String(beginning.base) }
  }

  hold(node: string, place: Place, holding: Holding, known: number) {
    return this.#places.hold(node, place, holding, known)
  }

  watch(places: readonly Place[]): Promise<void> {
    return this.#places.watch(places)
  }

  unwatch(places: readonly Place[]): Promise<void> {
    return this.#places.unwatch(places)
  }

  state(place: Place) {
    return this.#places.state(place)
  }

  occupied(appId: string, prefix: string) {
    return this.#places.occupied(appId, prefix)
  }

  connect(node: string, appId: string, connections: number, limit: number) {
    return this.#quotas.connect(node, appId, connections, limit)
  }

  connections(appId: string): Promise<number> {
    return this.#quotas.connections(appId)
  }

  sign(node: string, appId: string, userId: string, signedIn: boolean) {
    return this.#users.sign(node, appId, userId, signedIn)
  }

  online(appId: string, userIds: readonly string[]): Promise<ReadonlySet<string>> {
    return this.#users.online(appId, userIds)
  }

  async reap(node: string): Promise<boolean> {
    return (await this.#parts.lives.buryExpired(node)) === 'alive' || this.#reap(node)
  }

  async settle(life: string, grace: number): Promise<Settled | typeof stale> {
    if ((await this.#parts.lives.until(life)) === undefined) return stale
    for (const node of this.#parts.lives.graves) await this.#reap(node)
    const departures: Departure[] = []
    const offline: Settled['offline'][number][] = []
    const due = (await this.#parts.due.due(grace)).slice(0, settledByCall)
    await inGroups(due, async (reminder) => {
      const { subject, past } = reminder
      if (subject.kind === 'user') offline.push(...(await this.#users.settle(subject.key, grace)))
      else departures.push(...(await this.#places.settle(subject.key, grace)))
      if (past) await this.#parts.due.forget(reminder)
    }).catch((error: unknown) => {
      // What was taken out must be handed out; the rest is still there.
      if (departures.length === 0 && offline.length === 0) throw error
    })
    return { departures, offline }
  }

  async forget(node: string): Promise<void> {
    const { lives } = this.#parts
    await lives.bury(node)
    await this.#release(node, Number.POSITIVE_INFINITY)
    await lives.forget(node)
  }

  async #reap(node: string): Promise<boolean> {
    const done = await this.#release(node, reapedByCall)
    if (done) await this.#parts.lives.mourn(node)
    return done
  }

  /** Takes a dead node out of so many values; true when it was in no others. */
  async #release(node: string, values: number): Promise<boolean> {
    const { keys, revision } = await this.#parts.bucket.keys(shareKeyOf(node, '>'))
    const some = keys.slice(0, values)
    await inGroups(some, (key) => this.#releaseOne(node, key, revision))
    return keys.length === some.length
  }

  async #releaseOne(node: string, share: string, revision: number): Promise<void> {
    const { kind, key } = subjectOf(share)
    const holder = { place: this.#places, user: this.#users, app: this.#quotas }[kind]
    if (await holder.release(node, key)) return
    // It was written for something that then was not.
    await this.#parts.bucket.drop(share, revision)
  }
}

/** Does something with each, with a group of them at the same time; rejects when all have ended and some have failed. */
async function inGroups<Item>(items: readonly Item[], run: (item: Item) => Promise<void>): Promise<void> {
  for (let index = 0; index < items.length; index += atOnce) {
    const results = await Promise.allSettled(items.slice(index, index + atOnce).map(run))
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }
}
