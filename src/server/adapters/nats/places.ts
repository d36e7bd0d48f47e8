import {
  type Departure,
  type Held,
  type Holding,
  type Ledger,
  type Notice,
  type Place,
  type PlaceState,
  stale,
} from '../../cluster/broker.ts'
import type { Entry, Step } from './bucket.ts'
import { Notes } from './due.ts'
import { keyOf, shareKeyOf, subjectOf } from './keys.ts'
import type { LedgerParts } from './parts.ts'
import { noticeFields, noticeOf, placeValue, recordOf, revisionOf } from './place-entry.ts'
import {
  applyFarewell,
  applyHolding,
  applyNothing,
  isVacant,
  type PlaceChange,
  type PlaceRecord,
  settlePlace,
  subscriptionsOf,
  unknownPlace,
} from './place-record.ts'
import { refreshed } from './shares.ts'
import { tokenOf } from './token.ts'

/** Places that are read at the same time. */
const readAtOnce = 100

type Apply = (record: PlaceRecord, now: number) => PlaceChange

interface Done {
  readonly change: PlaceChange
  readonly previous: number
  readonly version: number
}

/** What the nodes hold where: one value for each place, changed in one step with its notice. */
export class Places {
  readonly #parts: LedgerParts
  readonly #changed: (place: Place, notice: Notice) => void

  constructor(parts: LedgerParts, changed: (place: Place, notice: Notice) => void) {
    this.#parts = parts
    this.#changed = changed
  }

  async hold(life: string, place: Place, holding: Holding, known: number): Promise<Held | typeof stale> {
    const { lives } = this.#parts
    const until = await lives.until(life)
    if (until === undefined) return stale
    const key = keyOfPlace(place)
    const done = await this.#change(key, life, (record, now) => this.#hold(record, life, holding, now))
    if (!lives.isSure(life, until)) {
      // Whoever has taken away what the life had may have been here before.
      await this.release(life, key)
      return stale
    }
    const { change, previous, version } = done
    const { subscriptions, added, removed, refused, back, occupied, record } = change
    const members = known === previous ? undefined : record.members.map(({ id, info }) => ({ id, info }))
    const ids = added.map(({ id }) => id)
    return { version, previous, subscriptions, added: ids, removed, refused, back, occupied, members }
  }

  /** Nothing is left of the life in the place of this key, nor of the key of its share; false when there was nothing. */
  async release(life: string, key: string): Promise<boolean> {
    let had = false
    await this.#change(key, life, (record, now) => {
      had = Object.hasOwn(record.shares, life)
      return applyFarewell(record, life, now)
    })
    return had
  }

  /** The place, and the key of what the life has there, are not forgotten for their age. */
  async refresh(life: string, key: string): Promise<void> {
    await this.#change(key, life, applyNothing)
  }

  /** Everything that is to be looked at later is reminded of. */
  async remind(key: string): Promise<void> {
    const { bucket, clock } = this.#parts
    const notes = new Notes(clock)
    this.#remind(key, unknownPlace, this.#recordOf(await bucket.read(key)), notes)
    await notes.done()
  }

  async state(place: Place): Promise<PlaceState> {
    const record = this.#recordOf(await this.#parts.bucket.read(keyOfPlace(place)))
    const members = record.members.map(({ id, info }) => ({ id, info }))
    return { version: record.version, subscriptions: subscriptionsOf(record), members }
  }

  async occupied(appId: string, prefix: string): ReturnType<Ledger['occupied']> {
    const { bucket } = this.#parts
    const { keys } = await bucket.keys(`place.${tokenOf(appId)}.*`)
    const found = keys.map(subjectOf).filter(({ name }) => name.startsWith(prefix))
    const occupied = new Map<string, { subscriptions: number; users: number }>()
    for (let index = 0; index < found.length; index += readAtOnce) {
      const some = found.slice(index, index + readAtOnce)
      const entries = await Promise.all(some.map(({ key }) => bucket.read(key)))
      for (const [at, { name }] of some.entries()) {
        const record = this.#recordOf(entries[at])
        if (isVacant(record)) continue
        occupied.set(name, { subscriptions: subscriptionsOf(record), users: record.members.length })
      }
    }
    return occupied
  }

  watch(places: readonly Place[]): Promise<void> {
    const { beginning, bucket, line } = this.#parts
    for (const place of places) {
      let told = 0
      line.hear(this.#noticesOf(place), (message) => {
        bucket.outdate(keyOfPlace(place), revisionOf(message))
        const notice = noticeOf(message, beginning.base)
        // One that was overtaken is missed by nobody: whoever was told of the next has asked for the state.
        if (notice === undefined || notice.version <= told) return
        told = notice.version
        this.#changed(place, notice)
      })
    }
    return line.reach()
  }

  unwatch(places: readonly Place[]): Promise<void> {
    const { line } = this.#parts
    for (const place of places) line.ignore(this.#noticesOf(place))
    return line.flush()
  }

  /** Ends the time of those who were kept, and takes out what has departed that long ago. */
  async settle(key: string, grace: number): Promise<Departure[]> {
    const { appId, name } = subjectOf(key)
    const latest = this.#parts.clock.latest
    let departed: readonly { readonly userId?: string }[] = []
    await this.#change(key, undefined, (record) => {
      const settled = settlePlace(record, latest, grace)
      departed = settled.departed
      return settled.change
    })
    return departed.map(({ userId }) => ({ appId, channel: name, userId }))
  }

  /** Where a message has no room for more users, the place is full; where it has none for who is kept, nobody is. */
  #hold(record: PlaceRecord, life: string, holding: Holding, now: number): PlaceChange {
    const change = applyHolding(record, life, holding, now)
    if (this.#hasRoom(change)) return change
    const limit = Math.max(1, record.members.length)
    const full = applyHolding(record, life, { ...holding, limit }, now)
    if (holding.keep === 0 || this.#hasRoom(full)) return full
    return applyHolding(record, life, { ...holding, limit, keep: 0 }, now)
  }

  #hasRoom({ record }: PlaceChange): boolean {
    return Buffer.byteLength(JSON.stringify(record)) <= this.#parts.room
  }

  async #change(key: string, life: string | undefined, apply: Apply): Promise<Done> {
    const { bucket, clock } = this.#parts
    const notes = new Notes(clock)
    const done = await bucket.change(key, (entry) => this.#step(key, life, entry, apply, notes))
    await notes.done()
    return done
  }

  #step(
    key: string,
    life: string | undefined,
    entry: Entry | undefined,
    apply: Apply,
    notes: Notes,
  ): Step<Done> {
    const { clock, beginning } = this.#parts
    const now = clock.earliest
    const { base } = beginning
    const before = this.#recordOf(entry)
    const change = apply(before, now)
    const { record, told } = change
    const drop = life === undefined ? undefined : this.#shareOf(life, key, before, record, notes)
    const result = (revision: number) => {
      return { change, previous: before.version, version: told ? base + revision : before.version }
    }
    const old = entry !== undefined && now - entry.time > refreshed
    // Whoever leaves and comes anew with the same info changes nothing but is told of.
    if (!old && !told && JSON.stringify(record) === JSON.stringify(before)) return { result }
    const fields = noticeFields(change, base)
    if (isVacant(record) && record.departures.length === 0) return { remove: true, fields, drop, result }
    this.#remind(key, before, record, notes)
    return { write: placeValue(change, base), fields, drop, at: now, result }
  }

  /** Has the life's share in a place written down; its key, when it is to be deleted. */
  #shareOf(life: string, key: string, before: PlaceRecord, after: PlaceRecord, notes: Notes) {
    const { shares } = this.#parts
    if (!Object.hasOwn(after.shares, life)) {
      shares.delete(life, key)
      return Object.hasOwn(before.shares, life) ? shareKeyOf(life, key) : undefined
    }
    // What was written down in another memory counts for nothing.
    if (!Object.hasOwn(before.shares, life) || !shares.has(life, key)) shares.add(life, key, notes)
    return undefined
  }

  /** Reminds of everything that is to be looked at later and was not there before. */
  #remind(key: string, before: PlaceRecord, after: PlaceRecord, notes: Notes): void {
    const { due } = this.#parts
    const known = new Set<unknown>([...before.departures, ...before.members])
    for (const departure of after.departures) {
      if (!known.has(departure)) due.departed(departure.at, key, notes)
    }
    for (const member of after.members) {
      if (member.until !== undefined && !known.has(member)) due.kept(member.until, key, notes)
    }
  }

  #recordOf(entry: Entry | undefined): PlaceRecord {
    return recordOf(entry, this.#parts.beginning.base)
  }

  #noticesOf({ appId, channel }: Place): string {
    return `${this.#parts.notices}.${tokenOf(appId)}.${tokenOf(channel)}`
  }
}

function keyOfPlace({ appId, channel }: Place): string {
  return keyOf('place', appId, channel)
}
