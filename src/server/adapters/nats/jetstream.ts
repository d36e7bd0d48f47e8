/** What a stream is made of: it keeps one message for each of its subjects. */
export interface StreamSettings {
  readonly name: string
  readonly subjects: readonly string[]
  readonly replicas: number
  /** Milliseconds that a message is kept. */
  readonly maxAge: number
  /** Messages of these subjects are sent on once they are stored, in the order of their revisions. */
  readonly republish?: { readonly from: string; readonly to: string; readonly headersOnly: boolean }
}

/** A message in a stream. */
export interface StoredMessage {
  /** Its sequence in the stream. */
  readonly revision: number
  /** Milliseconds since 1970, on the server's clock. */
  readonly time: number
  readonly data: Uint8Array
  readonly headers: { get(name: string): string }
}

/** What is asked of JetStream. */
export interface JetStream {
  /** Makes the stream, unless there is one of its name. */
  readonly open: (settings: StreamSettings) => Promise<void>
  /** Subjects of a stream that a message is kept for. */
  readonly subjects: (stream: string, filter: string) => Promise<string[]>
  /** The message of a subject; `direct` may be answered by a replica that is behind. */
  readonly read: (stream: string, subject: string, direct: boolean) => Promise<StoredMessage | undefined>
  /** Resolves to the revision; with `revision`, rejects unless that is the subject's present one, 0 for none. */
  readonly publish: (
    subject: string,
    data: string | Uint8Array,
    options: { readonly revision?: number | undefined; readonly fields?: Readonly<Record<string, string>> },
  ) => Promise<number>
  /** Deletes the message of this revision; rejects when there is none. */
  readonly remove: (stream: string, revision: number) => Promise<void>
  /** Deletes all messages of these subjects. */
  readonly purge: (stream: string, filter: string) => Promise<void>
}

/** The same, as long as a check does not throw. */
export function checked(jetStream: JetStream, check: () => void): JetStream {
  const after = <Said extends readonly unknown[], Answer>(ask: (...said: Said) => Promise<Answer>) => {
    return async (...said: Said): Promise<Answer> => {
      check()
      return ask(...said)
    }
  }
  const { open, subjects, read, publish, remove, purge } = jetStream
  return {
    open: after(open),
    subjects: after(subjects),
    read: after(read),
    publish: after(publish),
    remove: after(remove),
    purge: after(purge),
  }
}

/** The codes of refusals that are an answer. */
const codes = { wrongRevision: [10071, 10164], noSuchMessage: [10043, 10037], nameTaken: [10058] }

/** Whether JetStream has refused for one of these reasons. */
export function isRefusal(error: unknown, reason: keyof typeof codes): boolean {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'number' && codes[reason].includes(code)
}

// Nobody answers, in time or at all, to what is read from a stream that is gone.
const lossNames = ['StreamNotFoundError', 'JetStreamNotEnabled', 'NoResponders', 'TimeoutError']

/** Whether an error says that nobody has the stream any more, as far as anybody can know. */
export function isLoss(error: unknown): boolean {
  return error instanceof Error && (lossNames.includes(error.name) || isLoss(error.cause))
}
