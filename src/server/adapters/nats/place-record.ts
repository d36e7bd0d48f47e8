import type { Member } from '../../../protocol/messages.ts'
import type { Held, Holding } from '../../cluster/broker.ts'

/** What one life has in a place, and how it wants changes told. */
export interface Share {
  readonly subscriptions: number
  readonly users: readonly string[]
  readonly counted: boolean
  readonly settled: boolean
}

/** A user in a place; one who is nobody's has `until`, the time that it is kept for. */
export interface KeptMember extends Member {
  readonly until?: number
  /** Whether its departure shall be settled. */
  readonly settled?: boolean
}

/** What a place is like; times are milliseconds since 1970 on the server's clock. */
export interface PlaceRecord {
  /** Of the last notice; 0 when there was none since somebody came. */
  readonly version: number
  readonly shares: Readonly<Record<string, Share>>
  /** In the order in which they came. */
  readonly members: readonly KeptMember[]
  /** What may still be taken back, oldest first; without `userId` the whole place was vacated. */
  readonly departures: readonly { readonly userId?: string; readonly at: number }[]
}

/** A place after a change. */
export interface PlaceChange
  extends Pick<Held, 'subscriptions' | 'removed' | 'refused' | 'back' | 'occupied'> {
  readonly record: PlaceRecord
  /** Users who were not there before. */
  readonly added: readonly Member[]
  /** Whether those who watch the place are told. */
  readonly told: boolean
}

/** A place that nobody knows. */
export const unknownPlace: PlaceRecord = { version: 0, shares: {}, members: [], departures: [] }

/** What becomes of a place when a life has this there from now on; those leave who are to leave, then others find room. */
export function applyHolding(record: PlaceRecord, life: string, holding: Holding, now: number): PlaceChange {
  const { [life]: share = nothing, ...others } = record.shares
  const left = leave(record.members, share, others, holding, now)
  const entered = enter(left.members, holding)
  const users = new Set([...left.users, ...entered.users])
  const { subscriptions, counted, settled } = holding
  const own = { subscriptions, users: [...users], counted, settled }
  const shares = subscriptions === 0 && users.size === 0 ? others : { ...others, [life]: own }
  return conclude(record, { ...record, shares, members: entered.members }, now, {
    added: entered.added,
    removed: left.removed,
    refused: entered.refused,
    counted,
    settled: settled ? left.removed : [],
    vacating: settled,
  })
}

/** What becomes of it when nothing is left of a life, told in the way in which it wanted changes told. */
export function applyFarewell(record: PlaceRecord, life: string, now: number): PlaceChange {
  const { users, counted, settled } = record.shares[life] ?? nothing
  const holding = { subscriptions: 0, add: [], remove: users, limit: 0, counted, settled, keep: 0 }
  return applyHolding(record, life, holding, now)
}

/** What becomes of it when it is only looked at: it is as it was. */
export function applyNothing(record: PlaceRecord, now: number): PlaceChange {
  return conclude(record, record, now, {
    added: [],
    removed: [],
    refused: [],
    counted: false,
    settled: [],
    vacating: false,
  })
}

function endKept(record: PlaceRecord, now: number): PlaceChange {
  const isDue = ({ until }: KeptMember) => until !== undefined && until <= now
  const due = record.members.filter(isDue)
  const settled = due.filter((member) => member.settled).map(({ id }) => id)
  const members = record.members.filter((member) => !isDue(member))
  return conclude(record, { ...record, members }, now, {
    added: [],
    removed: due.map(({ id }) => id),
    refused: [],
    counted: false,
    settled,
    vacating: settled.length > 0,
  })
}

/** What becomes of it when it is settled: of what has departed before that time only the caller knows any longer. */
export function settlePlace(record: PlaceRecord, now: number, grace: number) {
  const change = endKept(record, now)
  const departed = change.record.departures.filter(({ at }) => at <= now - grace)
  const departures = change.record.departures.filter(({ at }) => at > now - grace)
  return { change: { ...change, record: { ...change.record, departures } }, departed }
}

/** Subscriptions of all lives. */
export function subscriptionsOf({ shares }: PlaceRecord): number {
  return Object.values(shares).reduce((sum, { subscriptions }) => sum + subscriptions, 0)
}

/** Neither a subscription nor a user is left, not even one who is kept. */
export function isVacant(record: PlaceRecord): boolean {
  return record.members.length === 0 && subscriptionsOf(record) === 0
}

const nothing: Share = { subscriptions: 0, users: [], counted: false, settled: false }

interface Outcome {
  readonly added: readonly Member[]
  readonly removed: readonly string[]
  readonly refused: readonly string[]
  readonly counted: boolean
  /** Users whose departure shall be settled. */
  readonly settled: readonly string[]
  /** Whether that of the place shall be, if it is vacant now. */
  readonly vacating: boolean
}

/** Takes departures back, notes new ones, and says what is to be told. */
function conclude(before: PlaceRecord, after: PlaceRecord, now: number, outcome: Outcome): PlaceChange {
  const { added, removed, refused, counted, settled, vacating } = outcome
  const subscriptions = subscriptionsOf(after)
  const changed = counted && subscriptions !== subscriptionsOf(before)
  const comes = isVacant(before) && !isVacant(after)
  const goes = isVacant(after) && !isVacant(before)
  const came = new Set<string | undefined>(added.map(({ id }) => id))
  if (comes) came.add(undefined)
  // Who leaves and comes in the same step takes back that, too.
  const departed = [
    ...before.departures,
    ...settled.map((userId) => ({ userId, at: now })),
    ...(goes && vacating ? [{ at: now }] : []),
  ]
  const taken = new Set(departed.map(({ userId }) => userId).filter((userId) => came.has(userId)))
  const departures = departed.filter(({ userId }) => !came.has(userId))
  return {
    record: { ...after, departures },
    subscriptions,
    added,
    removed,
    refused,
    back: added.map(({ id }) => id).filter((id) => taken.has(id)),
    occupied: comes && !taken.has(undefined),
    told: changed || added.length > 0 || removed.length > 0,
  }
}

function leave(
  members: readonly KeptMember[],
  share: Share,
  others: PlaceRecord['shares'],
  { remove, keep, settled }: Holding,
  now: number,
) {
  const own = new Set(share.users)
  const going = new Set(remove.filter((id) => own.has(id)))
  const users = share.users.filter((id) => !going.has(id))
  if (going.size > 0) for (const { users } of Object.values(others)) for (const id of users) going.delete(id)
  if (keep === 0) {
    return { users, removed: [...going], members: members.filter(({ id }) => !going.has(id)) }
  }
  const kept = { until: now + keep, settled }
  return {
    users,
    removed: [],
    members: members.map((member) => (going.has(member.id) ? { ...member, ...kept } : member)),
  }
}

function enter(members: readonly KeptMember[], { add, limit }: Holding) {
  const present = new Map(members.map((member) => [member.id, member]))
  const added: Member[] = []
  const refused: string[] = []
  for (const { id, info } of add) {
    const known = present.get(id)
    if (known !== undefined) present.set(id, { id, info: known.info })
    else if (limit > 0 && present.size >= limit) refused.push(id)
    else {
      present.set(id, { id, info })
      added.push({ id, info })
    }
  }
  const users = add.map(({ id }) => id).filter((id) => present.has(id))
  return { members: [...present.values()], users, added, refused }
}
