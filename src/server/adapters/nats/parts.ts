import type { Beginning } from './beginning.ts'
import type { Bucket } from './bucket.ts'
import type { ServerClock } from './clock.ts'
import type { Due } from './due.ts'
import type { Line } from './line.ts'
import type { Lives } from './lives.ts'
import type { Shares } from './shares.ts'

/** What the parts of a ledger work with, as long as one connection lasts. */
export interface LedgerParts {
  readonly line: Line
  readonly bucket: Bucket
  readonly beginning: Beginning
  readonly clock: ServerClock
  readonly lives: Lives
  readonly due: Due
  readonly shares: Shares
  /** Rejects when one of the streams is another than it was. */
  readonly check: () => Promise<unknown>
  /** Bytes that a place may take. */
  readonly room: number
  /** The subject under which the places' notices are sent. */
  readonly notices: string
}
