import type { JetStream, StoredMessage } from '../../src/server/adapters/nats/jetstream.ts'

interface Stored extends StoredMessage {
  readonly subject: string
}

/** JetStream in memory, with a clock of its own; what is asked can be held up. */
export class FakeJetStream {
  /** Milliseconds since 1970. */
  time = 1_000_000
  /** Runs before each write is stored, which waits for it. */
  beforeWrite: () => void | Promise<void> = () => {}
  readonly jetStream: JetStream
  readonly #ids = new Map<string, number>()
  #stored: Stored[] = []
  #revision = 0

  constructor() {
    this.jetStream = {
      open: async ({ replicas }) => replicas,
      subjects: async (_stream, filter) => ({
        subjects: this.#stored.map(({ subject }) => subject).filter((subject) => fits(subject, filter)),
        revision: this.#revision,
      }),
      read: async (_stream, subject) => this.#last(subject),
      publish: async (subject, data, { revision, id }) => {
        await this.beforeWrite()
        const known = id === undefined ? undefined : this.#ids.get(id)
        if (known !== undefined) return known
        if (revision !== undefined && revision !== (this.#last(subject)?.revision ?? 0)) throw refusal(10071)
        const stored = this.#store(subject, Buffer.from(data))
        if (id !== undefined) this.#ids.set(id, stored)
        return stored
      },
      remove: async (_stream, revision) => {
        if (!this.#stored.some((each) => each.revision === revision)) throw refusal(10043)
        this.#stored = this.#stored.filter((each) => each.revision !== revision)
      },
      purge: async (_stream, subject, revision) => this.#purge(subject, revision),
    }
  }

  /** Forgets everything, and counts from the beginning. */
  wipe(): void {
    this.#stored = []
    this.#ids.clear()
    this.#revision = 0
  }

  /** Forgets what is so many milliseconds old. */
  forgetOld(age: number): void {
    this.#stored = this.#stored.filter(({ time }) => this.time - time < age)
  }

  #last(subject: string): Stored | undefined {
    return this.#stored.find((each) => each.subject === subject)
  }

  #store(subject: string, data: Buffer): number {
    this.#purge(subject)
    const revision = ++this.#revision
    this.#stored.push({ subject, data, revision, time: this.time, headers: { get: () => '' } })
    return revision
  }

  #purge(subject: string, revision = this.#revision): void {
    this.#stored = this.#stored.filter((each) => each.subject !== subject || each.revision > revision)
  }
}

/** Whether a subject has the beginning of a filter that ends with `>`. */
function fits(subject: string, filter: string): boolean {
  return subject.startsWith(filter.slice(0, -1))
}

function refusal(code: number): Error {
  return Object.assign(new Error('refused'), { code })
}
