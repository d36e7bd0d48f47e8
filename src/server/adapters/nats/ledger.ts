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
import type { Reminder } from './due.ts'
import { shareKeyOf, subjectOf } from './keys.ts'
import type { LedgerParts } from './parts.ts'
import { Places } from './places.ts'
import { Quotas } from './quotas.ts'
import { Users } from './users.ts'

/** Values that one call of `reap` looks at. */
const reapedByCall = 500

/** The part of the time that a life has left which one call of `settle` may take: what is handed out too late is lost. */
const settlingPart = 1 / 10

/** Values that one renewal writes again: there is time for three million before the first are forgotten. */
const refreshedByRenewal = 50

/** Where it stands in which memory everything is reminded of. */
const remindedKey = 'reminded'

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
    if (renewed === stale) return stale
    await this.#refresh()
    return { ...renewed, memory: String(beginning.base) }
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

  /** What is to be looked at later is reminded of in the memory that began then; in another it may have been forgotten. */
  async remind(memory: number): Promise<void> {
    const { bucket } = this.#parts
    const known = await bucket.read(remindedKey)
    if (known?.value === memory) return
    const [places, users] = await Promise.all([bucket.keys('place.>'), bucket.keys('user.>')])
    await inGroups(places.keys, (key) => this.#places.remind(key))
    await inGroups(users.keys, (key) => this.#users.remind(key))
    await bucket.write(remindedKey, memory)
  }

  async reap(node: string): Promise<boolean> {
    return (await this.#parts.lives.buryExpired(node)) === 'alive' || this.#reap(node)
  }

  async settle(life: string, grace: number): Promise<Settled | typeof stale> {
    const { lives, clock } = this.#parts
    const until = await lives.until(life)
    if (until === undefined) return stale
    for (const node of lives.graves) await this.#reap(node)
    const departures: Departure[] = []
    const offline: Settled['offline'][number][] = []
    const settleOne = async (reminder: Reminder) => {
      const { subject, past } = reminder
      if (subject.kind === 'user') offline.push(...(await this.#users.settle(subject.key, grace)))
      else departures.push(...(await this.#places.settle(subject.key, grace)))
      if (past) await this.#parts.due.forget(reminder)
    }
    const due = await this.#parts.due.due(grace)
    const end = performance.now() + (until - clock.latest) * settlingPart
    await inGroups(due, settleOne, end).catch((error: unknown) => {
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

  /** What nobody changes must not be forgotten while its node lives: some of it is looked after. */
  async #refresh(): Promise<void> {
    const old = this.#parts.shares.old(refreshedByRenewal)
    await inGroups(old, ({ life, key }) => this.#holderOf(key).refresh(life, key))
  }

  #holderOf(key: string): Places | Users | Quotas {
    return { place: this.#places, user: this.#users, app: this.#quotas }[subjectOf(key).kind]
  }

  /** Takes a dead node out of so many values; true when it was in no others. */
  async #release(node: string, values: number): Promise<boolean> {
    const { keys, revision } = await this.#parts.bucket.keys(shareKeyOf(node, '>'))
    const some = keys.slice(0, values)
    await inGroups(some, (key) => this.#releaseOne(node, key, revision))
    return keys.length === some.length
  }

  async #releaseOne(node: string, share: string, revision: number): Promise<void> {
    const { key } = subjectOf(share)
    if (await this.#holderOf(key).release(node, key)) return
    // It was written for something that then was not.
    await this.#parts.bucket.drop(share, revision)
  }
}

/**
 * Does something with each, with a group of them at the same time; after the end it begins with no more groups. Rejects when
 * all of a group have ended and some have failed.
 */
async function inGroups<Item>(
  items: readonly Item[],
  run: (item: Item) => Promise<void>,
  end = Number.POSITIVE_INFINITY,
): Promise<void> {
  for (let index = 0; index < items.length && performance.now() < end; index += atOnce) {
    const results = await Promise.allSettled(items.slice(index, index + atOnce).map(run))
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }
}
