import { setTimeout as wait } from 'node:timers/promises'
import {
  isRefusal,
  type JetStream,
  type PublishOptions,
  type StoredMessage,
  type StreamSettings,
} from './jetstream.ts'
import { Turns } from './turns.ts'
import { Unanswered } from './unanswered.ts'

/** The value of a key. */
export interface Entry {
  /** Decoded JSON that this driver has written. */
  readonly value: unknown
  /** Grows with every write to the bucket. */
  readonly revision: number
  /** Milliseconds since 1970, on the server's clock. */
  readonly time: number
}

/** What becomes of a key: a value, nothing, or what it was. */
export interface Step<Result> {
  readonly write?: unknown
  /** Nothing, in two steps: what is written then says so, and may go at any time. */
  readonly remove?: boolean
  /** Headers of the write. */
  readonly fields?: Readonly<Record<string, string>>
  /** Remembers the write, as one of this time. */
  readonly at?: number
  /** A key that is deleted then, unless it is written after this. */
  readonly drop?: string | undefined
  /** Made when it is done; the revision is that of the write. */
  readonly result: (revision: number) => Result
}

/** What a bucket is asked after its memory has begun anew: everything that was known of it is worth nothing. */
export class LostMemoryError extends Error {
  override readonly name = 'LostMemoryError'

  constructor() {
    super('NATS has lost its memory')
  }
}

/** Milliseconds after which a change that others are always faster than gives up. */
const patience = 5000

/** Milliseconds of the longest pause before the second try. */
const firstPause = 2

/** Where a message is stored to take its id away from another, which then cannot be stored any more. */
const fence = 'fence'

/** Own writes that are remembered, lest what nobody else has changed must be read again. */
const rememberedWrites = 256

/** Keys with JSON values, in one stream; a change takes effect only if nobody has changed the key in between. */
export class Bucket {
  /** What it was asked, on this connection and on those before. */
  readonly unanswered: Unanswered
  readonly #jetStream: JetStream
  readonly #settings: StreamSettings
  readonly #root: string
  /** Changes of this node by key, each waiting for the one before. */
  readonly #changing = new Map<string, Promise<unknown>>()
  /** The last writes of this node, which others may have replaced. */
  readonly #written = new Map<string, Entry>()
  readonly #turns = new Turns()
  #revision = 0

  private constructor(jetStream: JetStream, settings: StreamSettings, root: string, unanswered: Unanswered) {
    this.#jetStream = jetStream
    this.#settings = settings
    this.#root = root
    this.unanswered = unanswered
  }

  /**
   * Makes the stream where there is none; all keys stand below the root, in the subjects that the stream is for. What is
   * unanswered of earlier connections will not be done any more.
   */
  static async open(
    jetStream: JetStream,
    settings: StreamSettings,
    root: string,
    unanswered = new Unanswered(),
  ): Promise<Bucket> {
    const replicas = await jetStream.open(settings).catch((error: unknown) => {
      // Another node was faster; its replicas may be others, but the stream is the same.
      if (isRefusal(error, 'nameTaken')) return jetStream.open(settings)
      throw error
    })
    const bucket = new Bucket(jetStream, { ...settings, replicas }, root, unanswered)
    await unanswered.end(
      (id) => jetStream.publish(bucket.#subject(fence), '', { id }),
      (key) => bucket.write(key, 1),
    )
    return bucket
  }

  async read(key: string): Promise<Entry | undefined> {
    return entryOf(await this.load(key))
  }

  /** Reads what is no JSON. */
  load(key: string): Promise<StoredMessage | undefined> {
    const { name, replicas } = this.#settings
    // A replica may be behind, where there is more than one.
    return this.#jetStream.read(name, this.#subject(key), replicas === 1)
  }

  /** Writes, whatever was there. */
  write(key: string, value: unknown): Promise<number> {
    return this.store(key, JSON.stringify(value), {})
  }

  /** Writes what is no JSON, with headers; resolves to the revision. */
  store(key: string, data: string | Uint8Array, fields: Readonly<Record<string, string>>): Promise<number> {
    return this.#publish(key, data, { fields })
  }

  /**
   * Looks at a key and changes it, again and again until nobody comes in between; at first it looks at what this node
   * remembers to have written there.
   */
  change<Result>(key: string, step: (entry: Entry | undefined) => Step<Result>): Promise<Result> {
    const before = this.#changing.get(key)
    const changed = this.#change(key, step, before)
    this.#changing.set(key, changed)
    const done = () => {
      if (this.#changing.get(key) === changed) this.#changing.delete(key)
    }
    changed.then(done, done)
    return changed
  }

  /** Somebody has written the key: what this node has written before is of no use any more. */
  outdate(key: string, revision: number): void {
    const written = this.#written.get(key)
    if (written !== undefined && written.revision < revision) this.#written.delete(key)
  }

  /** Deletes a key, unless it was written after this revision. */
  async drop(key: string, revision: number): Promise<void> {
    await this.#jetStream.purge(this.#settings.name, this.#subject(key), revision)
  }

  /** Keys that a wildcard stands for, in no order, and the revision at which they were there. */
  async keys(filter: string): Promise<{ readonly keys: readonly string[]; readonly revision: number }> {
    const { subjects, revision } = await this.#jetStream.subjects(this.#settings.name, this.#subject(filter))
    return { keys: subjects.map((subject) => subject.slice(this.#root.length + 1)), revision }
  }

  async #change<Result>(
    key: string,
    step: (entry: Entry | undefined) => Step<Result>,
    before: Promise<unknown> | undefined,
  ): Promise<Result> {
    await before?.catch(() => {})
    await this.#turns.take(key)
    const end = performance.now() + patience
    for (let pause = firstPause; ; pause = Math.min(pause * 2, 50)) {
      const written = this.#written.get(key)
      this.#written.delete(key)
      const found = written === undefined ? await this.load(key) : undefined
      const { result, ...todo } = step(written ?? entryOf(found))
      // Who leaves everything as it is must know how it is.
      if (written !== undefined && todo.write === undefined && !todo.remove) continue
      const revision = await this.#apply(key, (written ?? found)?.revision ?? 0, todo)
      if (revision !== undefined) {
        this.#turns.took(key)
        const { write: value, at: time, remove, drop } = todo
        if (time !== undefined) this.#remember(key, { value, revision, time })
        await Promise.all([
          remove ? this.#remove(revision) : undefined,
          drop === undefined ? undefined : this.drop(drop, revision),
        ])
        return result(revision)
      }
      if (performance.now() > end) throw new Error(`Other nodes were always faster at changing ${key}`)
      if (written === undefined) await wait(Math.random() * pause)
    }
  }

  #remember(key: string, entry: Entry): void {
    this.#written.set(key, entry)
    if (this.#written.size <= rememberedWrites) return
    for (const oldest of this.#written.keys()) {
      this.#written.delete(oldest)
      break
    }
  }

  /** The revision of what is there then; undefined when it is not what it was. */
  async #apply(
    key: string,
    revision: number,
    { write, remove, fields }: Omit<Step<unknown>, 'result'>,
  ): Promise<number | undefined> {
    if (write === undefined && !remove) return revision
    // A deletion has no id to be taken away, so that of a value could come late: this one is of nothing.
    const data = remove ? '' : JSON.stringify(write)
    try {
      return await this.unanswered.run((id) => this.#publish(key, data, { revision, id, fields }))
    } catch (error) {
      if (isRefusal(error, 'wrongRevision')) return undefined
      throw error
    }
  }

  async #remove(revision: number): Promise<void> {
    try {
      await this.#jetStream.remove(this.#settings.name, revision)
    } catch (error) {
      // Somebody has written there.
      if (!isRefusal(error, 'noSuchMessage')) throw error
    }
  }

  /** Revisions only grow, as long as the stream is the one that it was: acknowledgements come in their order. */
  async #publish(key: string, data: string | Uint8Array, options: PublishOptions): Promise<number> {
    const revision = await this.#jetStream.publish(this.#subject(key), data, options)
    if (revision <= this.#revision) throw new LostMemoryError()
    this.#revision = revision
    return revision
  }

  #subject(key: string): string {
    return `${this.#root}.${key}`
  }
}

/** What is written in a key, if it has a value. */
function entryOf(found: StoredMessage | undefined): Entry | undefined {
  if (found === undefined || found.data.length === 0) return undefined
  const { revision, time, data } = found
  return { value: JSON.parse(Buffer.from(data).toString()), revision, time }
}
