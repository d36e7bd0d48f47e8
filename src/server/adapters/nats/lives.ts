import { type Renewed, stale } from '../../cluster/broker.ts'
import { type Bucket, type Entry, LostMemoryError, type Step } from './bucket.ts'
import type { ServerClock } from './clock.ts'

/** One life of a node. */
interface Life {
  /** Milliseconds since 1970 on the server's clock: when it was renewed. */
  readonly at: number
  /** Milliseconds. */
  readonly ttl: number
  /** Somebody has begun to take away what it had: it cannot come back. */
  readonly dead?: boolean
  /** Since when nothing is left of it, on the server's clock. */
  readonly gone?: number
}

type Table = Readonly<Record<string, Life>>

/** The table as it is stored: the server's time of a renewal is that of the message, so only later ones can hold it. */
interface StoredTable {
  readonly renewed?: string
  readonly lives: Readonly<Record<string, Omit<Life, 'at'> & { readonly at?: number }>>
}

const key = 'lives'

/** Milliseconds after which the last words of a dead node must have arrived, however long they were on their way. */
const mourning = 120_000

/** Who is alive: one table, in which the server's clock alone tells the time. */
export class Lives {
  readonly #bucket: Bucket
  readonly #clock: ServerClock
  /** Those that were renewed by this node, over whichever connection. */
  readonly #own: Set<string>
  /** Until when those are alive that were renewed here. */
  readonly #until = new Map<string, number>()
  #graves: readonly string[] = []

  /** `own` outlives the connections. */
  constructor(bucket: Bucket, clock: ServerClock, own = new Set<string>()) {
    this.#bucket = bucket
    this.#clock = clock
    this.#own = own
  }

  /** Dead nodes of which something may have arrived since nothing was left of them, as of the last renewal. */
  get graves(): readonly string[] {
    return this.#graves
  }

  async renew(node: string, ttl: number, fresh: boolean): Promise<Renewed | typeof stale> {
    const renewed = await this.#renew(node, ttl, fresh)
    if (renewed === stale) this.#own.delete(node)
    else this.#own.add(node)
    return renewed
  }

  async #renew(node: string, ttl: number, fresh: boolean): Promise<Renewed | typeof stale> {
    let sent = 0
    const before = await this.#change((table): Step<Life | undefined | typeof stale> => {
      const life = table[node]
      if (!fresh) {
        if (life === undefined) return this.#disown(node, ttl, table)
        if (this.#isOver(life)) return { result: () => stale }
      }
      sent = this.#clock.moment()
      const renewed = { ...table, [node]: { ttl } }
      return { write: { renewed: node, lives: renewed } satisfies StoredTable, result: () => life }
    })
    if (before === stale) return stale
    const acknowledged = this.#clock.moment()
    const table = tableOf(await this.#bucket.read(key))
    const now = table[node]
    // It was written a moment ago.
    if (now === undefined) throw new LostMemoryError()
    if (now.dead) return stale
    this.#clock.learn(now.at, sent, acknowledged)
    if (!fresh && before !== undefined && now.at >= before.at + before.ttl) {
      // It was over before the renewal came, and others may have begun to act on that.
      await this.bury(node)
      return stale
    }
    this.#until.set(node, now.at + ttl)
    return this.#answer(node, table)
  }

  /** Until when the node is alive at least, on the server's clock; undefined when it is not. */
  async until(node: string): Promise<number | undefined> {
    // Nobody takes it for dead before its time is over.
    const known = this.#until.get(node)
    if (known !== undefined && this.isSure(node, known)) return known
    this.#until.delete(node)
    const life = tableOf(await this.#bucket.read(key))[node]
    if (life === undefined || life.dead) return undefined
    const until = life.at + life.ttl
    return this.isSure(node, until) ? until : undefined
  }

  /** Whether what was done until now was done while the node was alive, as it was until that time at least. */
  isSure(node: string, until: number): boolean {
    return this.#clock.latest < Math.max(until, this.#until.get(node) ?? 0)
  }

  /** The node can no longer be renewed. */
  async bury(node: string): Promise<void> {
    this.#until.delete(node)
    await this.#bury(node, () => true)
  }

  /** The same, unless it is alive. */
  buryExpired(node: string): Promise<'alive' | 'dead'> {
    return this.#bury(node, (life) => this.#isOver(life))
  }

  /** Nothing is left of a dead node; that is looked at once more later. */
  mourn(node: string): Promise<void> {
    return this.#change((table) => {
      const { [node]: life, ...lives } = table
      const now = this.#clock.earliest
      const result = () => undefined
      if (life === undefined || (life.gone !== undefined && !this.#isMourned(life))) return { result }
      if (life.gone !== undefined) return without(lives)
      return { write: { lives: { ...lives, [node]: { ...life, gone: now } } }, result }
    })
  }

  /** Nothing is known of the node any more. */
  forget(node: string): Promise<void> {
    return this.#change((table) => {
      const { [node]: life, ...lives } = table
      return life === undefined ? { result: () => undefined } : without(lives)
    })
  }

  /**
   * A memory that knows nothing of an own life is another than it was renewed in, and may have been written to before anybody
   * knew that: what it has is taken away when its node has had the time to say everything again.
   */
  #disown(node: string, ttl: number, lives: Table): Step<typeof stale> {
    const result = (): typeof stale => stale
    if (!this.#own.has(node)) return { result }
    const stray = { ttl, dead: true, gone: this.#clock.earliest + ttl - mourning }
    return { write: { lives: { ...lives, [node]: stray } } satisfies StoredTable, result }
  }

  #bury(node: string, may: (life: Life) => boolean): Promise<'alive' | 'dead'> {
    return this.#change((table) => {
      const life = table[node]
      if (life === undefined || life.dead) return { result: () => 'dead' }
      if (!may(life)) return { result: () => 'alive' }
      return { write: { lives: { ...table, [node]: { ...life, dead: true } } }, result: () => 'dead' }
    })
  }

  #answer(node: string, table: Table): Renewed {
    const over = Object.entries(table).filter(([id, life]) => id !== node && this.#isOver(life))
    this.#graves = over.filter(([, life]) => this.#isMourned(life)).map(([id]) => id)
    return {
      expired: over.filter(([, { gone }]) => gone === undefined).map(([id]) => id),
      alive: Object.keys(table).length - over.length,
    }
  }

  #isMourned({ gone }: Life): boolean {
    return gone !== undefined && this.#clock.earliest - gone > mourning
  }

  /** It is over for everybody: for nobody is it earlier. */
  #isOver(life: Life): boolean {
    return life.dead === true || this.#clock.earliest >= life.at + life.ttl
  }

  #change<Result>(step: (table: Table) => Step<Result>): Promise<Result> {
    return this.#bucket.change(key, (entry) => step(tableOf(entry)))
  }
}

/** The table without whom it does not hold any more. */
function without(lives: Table): Step<undefined> {
  const result = () => undefined
  return Object.keys(lives).length === 0 ? { remove: true, result } : { write: { lives }, result }
}

function tableOf(entry: Entry | undefined): Table {
  if (entry === undefined) return {}
  // Written above.
  const { renewed, lives } = entry.value as StoredTable
  return Object.fromEntries(
    Object.entries(lives).map(([id, life]) => {
      const at = life.at ?? (id === renewed ? entry.time : 0)
      return [id, { ...life, at }]
    }),
  )
}
