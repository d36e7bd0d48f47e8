import type { Notice } from '../../cluster/broker.ts'
import { type Entry, LostMemoryError } from './bucket.ts'
import type { NatsMessage } from './connection.ts'
import { isVacant, type PlaceChange, type PlaceRecord, unknownPlace } from './place-record.ts'

/** A place as it is stored: without a version when that is its own revision, counted from the base. */
interface StoredPlace extends Omit<PlaceRecord, 'version'> {
  readonly base: number
  readonly version?: number
}

/** The notice that is stored with a place, and sent on by the server once that is done, with the revision. */
interface StoredNotice extends Omit<Notice, 'version' | 'previous'> {
  readonly base: number
  /** Undefined when the lists were too long to be told. */
  readonly previous?: number
}

/** Bytes that NATS has room for in the headers of a message, less those of the others. */
const room = 60_000

/** What is known of a place, in a memory that is known by this base; throws when it is another by now. */
export function recordOf(entry: Entry | undefined, known: number): PlaceRecord {
  if (entry === undefined) return unknownPlace
  // Written below.
  const { base, version, ...rest } = entry.value as StoredPlace
  if (base > known) throw new LostMemoryError()
  // Whoever wrote it took this memory for an earlier one, whose versions are of no use here.
  const isOutdated = base < known && version !== 0
  const own = known + entry.revision
  return { ...rest, version: isOutdated ? own : (version ?? own) }
}

/** How the place is stored after a change. */
export function placeValue({ record, told }: PlaceChange, base: number): unknown {
  const { version, ...rest } = record
  if (isVacant(record)) return { ...rest, base, version: 0 } satisfies StoredPlace
  return told ? { ...rest, base } : ({ ...rest, base, version } satisfies StoredPlace)
}

/** The headers that tell of a change, if anybody is told. */
export function noticeFields({ told, ...change }: PlaceChange, base: number): Record<string, string> {
  if (!told) return {}
  const { subscriptions, added, removed, record } = change
  const notice: StoredNotice = { base, previous: record.version, subscriptions, added, removed }
  const text = JSON.stringify(notice)
  if (Buffer.byteLength(text) <= room) return { Notice: text }
  return { Notice: JSON.stringify({ base, subscriptions, added: [], removed: [] } satisfies StoredNotice) }
}

/** The notice that a message brings, if it brings one; none of a memory that began after that with this base. */
export function noticeOf(message: NatsMessage, known: number): Notice | undefined {
  const text = message.headers?.get('Notice') ?? ''
  if (text === '') return undefined
  // Written above.
  const { base, previous, ...rest } = JSON.parse(text) as StoredNotice
  if (base > known) return undefined
  const version = known + revisionOf(message)
  // Nobody knows the version as that before itself: whoever watches asks for the state.
  return { ...rest, version, previous: previous ?? version }
}

/** The revision with which the server has stored what it sends on. */
export function revisionOf({ headers }: NatsMessage): number {
  return Number(headers?.get('Nats-Sequence') ?? 0)
}
