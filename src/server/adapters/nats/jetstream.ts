import { messageOf } from '../../../support/errors.ts'

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
  /** Makes the stream, unless there is one of its name; resolves to the replicas that it has. */
  readonly open: (settings: StreamSettings) => Promise<number>
  /** Subjects of a stream that a message is kept for, as of a revision. */
  readonly subjects: (stream: string, filter: string) => Promise<Subjects>
  /** The message of a subject; `direct` may be answered by a replica that is behind. */
  readonly read: (stream: string, subject: string, direct: boolean) => Promise<StoredMessage | undefined>
  /** Resolves to the revision. */
  readonly publish: (subject: string, data: string | Uint8Array, options: PublishOptions) => Promise<number>
  /** Deletes the message of this revision; rejects when there is none. */
  readonly remove: (stream: string, revision: number) => Promise<void>
  /** Deletes the message of a subject, unless it came after this revision. */
  readonly purge: (stream: string, subject: string, revision: number) => Promise<void>
}

/** What a message is published with. */
export interface PublishOptions {
  /** It is refused unless this is the present one of the subject; 0: none. */
  readonly revision?: number | undefined
  /** For two minutes nothing else is stored with it, whatever the subject: that is answered as the first was. */
  readonly id?: string
  /** Headers. */
  readonly fields?: Readonly<Record<string, string>> | undefined
}

/** Subjects that there are messages of. */
export interface Subjects {
  readonly subjects: readonly string[]
  /** Of the last message in the whole stream by then. */
  readonly revision: number
}

/** The same, as long as a check does not throw; a silence is explained. */
export function checked(jetStream: JetStream, check: () => void): JetStream {
  const after = <Said extends readonly unknown[], Answer>(ask: (...said: Said) => Promise<Answer>) => {
    return async (...said: Said): Promise<Answer> => {
      check()
      try {
        return await ask(...said)
      } catch (error) {
        throw isSilence(error) ? explained(error) : error
      }
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
const codes = {
  wrongRevision: [10071, 10164],
  noSuchMessage: [10043, 10037],
  nameTaken: [10058],
  /** A message with this id is being stored. */
  idTaken: [10158],
}

/** Whether JetStream has refused for one of these reasons. */
export function isRefusal(error: unknown, reason: keyof typeof codes): boolean {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'number' && codes[reason].includes(code)
}

/** Whether an error says that nobody has the stream any more, as far as anybody can know. */
export function isLoss(error: unknown): boolean {
  return isNamed(error, 'StreamNotFoundError') || isSilence(error)
}

/** Nobody answers, in time or at all. */
function isSilence(error: unknown): boolean {
  return isNamed(error, 'JetStreamNotEnabled', 'NoResponders', 'TimeoutError')
}

function explained(cause: unknown): Error {
  const reason = messageOf(cause)
  return new Error(`Nobody answers for a stream of NATS, whose servers may be down (${reason})`, { cause })
}

function isNamed(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof Error && (names.includes(error.name) || isNamed(error.cause, ...names))
}
