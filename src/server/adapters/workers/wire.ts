import { deserialize, serialize } from 'node:v8'
import type { Notice, Place } from '../../cluster/broker.ts'
import type { Calls } from '../../cluster/calls.ts'

// What a worker and its primary say to each other. Each broker of a worker visits the primary, by a number of its own.

/** Said by a worker. */
export type WorkerWord =
  /** A broker begins a visit. */
  | { readonly kind: 'hello'; readonly visit: number; readonly prefix: string }
  | WorkerQuestion
  /** The broker ends its visit. */
  | { readonly kind: 'bye'; readonly visit: number }

/** A call of a broker. */
export interface WorkerQuestion {
  readonly kind: 'question'
  readonly visit: number
  readonly question: number
  readonly name: keyof Calls
  readonly said: readonly unknown[]
}

/** Said by the primary. */
export type PrimaryWord = { readonly visit: number } & (
  | { readonly kind: 'welcome' }
  | { readonly kind: 'answer'; readonly question: number; readonly answer: unknown }
  | { readonly kind: 'failure'; readonly question: number; readonly reason: string }
  | { readonly kind: 'message'; readonly road: string; readonly message: Buffer }
  | { readonly kind: 'changed'; readonly place: Place; readonly notice: Notice }
  /** The visit is over: the worker did not listen for too long. */
  | { readonly kind: 'lost' }
)

/** The key of the one field of our messages, which share the channel with those of the application. */
const key = '@startkit/broadcasting'

/** What only the `advanced` serialization of a channel carries as it is: beside buffers, that is. */
const probe: ReadonlySet<never> = new Set()

/** Makes one message for the channel; one of JSON carries bytes only as text. */
export function pack(words: readonly object[], advanced: boolean): object {
  return advanced ? { [key]: words, probe } : { [key]: serialize(words).toString('base64') }
}

/** What a message of ours says. */
export interface Unpacked<Word> {
  readonly words: readonly Word[]
  /** Whether the channel carries buffers as they are. */
  readonly advanced: boolean
}

/** Reads a message of the channel; undefined when it is none of ours. */
export function unpack<Word>(message: unknown): Unpacked<Word> | undefined {
  if (typeof message !== 'object' || message === null || !(key in message)) return undefined
  const packed = message[key]
  const words = typeof packed === 'string' ? deserialize(Buffer.from(packed, 'base64')) : packed
  const advanced = 'probe' in message && message.probe instanceof Set
  // Both ends of the channel are this package, in processes of one application.
  return { words: words as Word[], advanced }
}
