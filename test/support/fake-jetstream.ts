import type { JetStream, StoredMessage } from '../../src/server/adapters/nats/jetstream.ts'

interface Stored extends StoredMessage {
  readonly subject: string
}

/** JetStream in memory, with a clock of its own; what is asked can be held up. */
export class FakeJetStream {
  /** Milliseconds since 1970. */
  time = 1_000_000
  /** Runs before each write is stored. */
  beforeWrite: () => void = () => {}
  readonly jetStream: JetStream
  #stored: Stored[] = []
  #revision = 0

  constructor() {
    this.jetStream = {
      open: async () => {},
      subjects: async () => this.#stored.map(({ subject }) => subject),
      read: async (_stream, subject) => this.#last(subject),
      publish: async (subject, data, { revision }) => {
        this.beforeWrite()
        if (revision !== undefined && revision !== (this.#last(subject)?.revision ?? 0)) throw refusal(10071)
        return this.#store(subject, Buffer.from(data))
      },
      remove: async (_stream, revision) => {
        if (!this.#stored.some((each) => each.revision === revision)) throw refusal(10043)
        this.#stored = this.#stored.filter((each) => each.revision !== revision)
      },
      purge: async (_stream, subject) => this.#purge(subject),
    }
  }

  /** Forgets everything, and counts from the beginning. */
  wipe(): void {
    this.#stored = []
    this.#revision = 0
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

  #purge(subject: string): void {
    this.#stored = this.#stored.filter((each) => each.subject !== subject)
  }
}

function refusal(code: number): Error {
  return Object.assign(new Error('refused'), { code })
}
