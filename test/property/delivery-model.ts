import { cacheMiss, subscriptionSucceeded } from '../../src/protocol/messages.ts'
import { kindOf } from '../../src/protocol/names.ts'
import { clipped } from '../support/clipped.ts'

/** A client by the model: what must be written to it, in this order and nothing else. */
export class Reader {
  readonly expected: string[] = []
  /** `lost`: from some point on nothing reaches it, so that only a beginning of the above must have been written. */
  fate: 'here' | 'closed' | 'lost' = 'here'

  /** What is wrong with what was written, or undefined. */
  difference(written: readonly string[]): string | undefined {
    const { expected, fate } = this
    const length = fate === 'lost' ? written.length : Math.max(written.length, expected.length)
    for (let index = 0; index < length; index++) {
      const [was, must] = [written[index], expected[index]]
      if (was === must) continue
      return `Message ${index} was ${clipped(was ?? 'none')}, not ${clipped(must ?? 'none')} (${fate})`
    }
    return undefined
  }
}

/** A subscribe that is not answered yet. */
export interface Joining {
  readonly reader: Reader
  readonly channel: string
  answers: number
  readonly held: Event[]
}

interface Event {
  readonly text: string
  /** Whether a cache channel keeps it. */
  readonly kept: boolean
}

/** How many an event is handed to; whoever is lost may have left unseen. */
export interface Recipients {
  readonly least: number
  readonly most: number
}

/** What subscribers must get, said as simply as can be: no turns, no batches, no lists, no bytes. */
export class DeliveryModel {
  readonly #channels = new Map<string, Map<Reader, Joining | 'live'>>()
  readonly #last = new Map<string, string>()

  /** A subscribe arrives; returns what {@link answered} takes unless there is a subscription already. */
  joins(reader: Reader, channel: string): Joining | undefined {
    const readers = this.#channels.get(channel) ?? new Map<Reader, Joining | 'live'>()
    this.#channels.set(channel, readers)
    const existing = readers.get(reader)
    if (existing === 'live') reader.expected.push(subscriptionSucceeded(channel))
    else if (existing !== undefined) existing.answers++
    if (existing !== undefined) return undefined
    const joining = { reader, channel, answers: 1, held: [] }
    readers.set(reader, joining)
    return joining
  }

  /** Live from here on, unless it has left: the answers, the last event of a cache channel, what was held. */
  answered(joining: Joining): void {
    const { reader, channel, answers, held } = joining
    const readers = this.#channels.get(channel)
    if (readers?.get(reader) !== joining) return
    readers.set(reader, 'live')
    const { cached } = kindOf(channel)
    for (let owed = answers; owed > 0; owed--) reader.expected.push(subscriptionSucceeded(channel))
    if (cached) reader.expected.push(this.#last.get(channel) ?? cacheMiss(channel))
    for (const { text, kept } of held) if (!kept) reader.expected.push(text)
  }

  isLive(reader: Reader, channel: string): boolean {
    return this.#channels.get(channel)?.get(reader) === 'live'
  }

  leaves(reader: Reader, channel: string): void {
    this.#channels.get(channel)?.delete(reader)
  }

  leavesAll(reader: Reader): void {
    for (const channel of this.#channels.keys()) this.leaves(reader, channel)
  }

  /** An event of the application, unless it has a sender, which does not get it. */
  publishes(channel: string, text: string, except: Reader | undefined, isWhisper: boolean): Recipients {
    const kept = kindOf(channel).cached && !isWhisper
    if (kept) this.#last.set(channel, text)
    let [least, most] = [0, 0]
    for (const [reader, state] of this.#channels.get(channel) ?? []) {
      if (reader === except) continue
      if (state === 'live') reader.expected.push(text)
      else state.held.push({ text, kept })
      most++
      if (reader.fate === 'here') least++
    }
    return { least, most }
  }
}
