// Hot path: deliver → outbox → socket.write. Frames of a turn are collected and written together at its end; see
// docs/hot-path.md. No allocation per recipient, no closure per message, no look-up that could be done earlier.

import type { Frame } from './frame.ts'
import type { Metrics } from './metrics.ts'
import type { Socket } from './transport.ts'

/** Bytes waiting for one connection above which they are written before the turn ends; more where slices matter. */
const writeAtOnce = 65_536
const writeAtOnceOfOthers = 262_144

/** Connections of large channels that get their write in one turn of the event loop; the next follow in the next. */
const slice = 256

/** Bytes published in one turn after which publishers wait for the next, so that nothing piles up. */
const maxPublishedPerTurn = 1_048_576

/** Subscribers of a channel up to which its events are written before those of larger ones. */
export const narrowChannel = 256

/** The frames that wait for a connection, in order; equal sequences are one object, so their bytes are joined once. */
export class Batch {
  readonly size: number
  readonly #previous: Batch | null
  readonly #last: Frame | null
  #successor: Batch | null = null
  #bytes: Buffer | null = null

  constructor(previous: Batch | null, last: Frame | null) {
    this.#previous = previous
    this.#last = last
    this.size = (previous === null ? 0 : previous.size) + (last === null ? 0 : last.length)
  }

  /** The batch that has one frame more; the same object for everyone who adds the same frame here. */
  with(frame: Frame): Batch {
    const successor = this.#successor
    if (successor !== null && successor.#last === frame) return successor
    const batch = new Batch(this, frame)
    this.#successor = batch
    return batch
  }

  /** All frames as one run of bytes. */
  bytes(): Buffer {
    if (this.#bytes === null) this.#bytes = this.#join()
    return this.#bytes
  }

  #join(): Buffer {
    if (this.#last !== null && this.#last.length === this.size) return this.#last
    const bytes = Buffer.allocUnsafeSlow(this.size)
    let end = this.size
    for (let batch: Batch | null = this; batch !== null && batch.#last !== null; batch = batch.#previous) {
      end -= batch.#last.length
      bytes.set(batch.#last, end)
    }
    return bytes
  }
}

/** The sending half of a connection, as the {@link Outbox} sees it. Only the outbox changes its fields. */
export interface Recipient {
  readonly socket: Socket
  /** What waits to be written, or null. */
  waiting: Batch | null
  /** Whether the connection stands in the list that is written first. */
  first: boolean
  /** The last turn in which something was written, and how many bytes in it. */
  writtenTurn: number
  writtenBytes: number
  /** Called when more than the send buffer waits from earlier turns. */
  tooSlow(): void
}

/** Holds the frames of a turn and writes them at its end: one write per connection, large channels in slices. */
export class Outbox {
  /** Bytes that may wait for one connection. */
  readonly sendBuffer: number
  readonly #metrics: Metrics
  #root = new Batch(null, null)
  #first: Recipient[] = []
  #others: Recipient[] = []
  #othersDone = 0
  #turn = 1
  #published = 0
  #scheduled = false

  constructor(sendBuffer: number, metrics: Metrics) {
    this.sendBuffer = sendBuffer
    this.#metrics = metrics
  }

  /** Adds a frame behind everything the recipient already waits for. `first`: it is written before large channels. */
  add(recipient: Recipient, frame: Frame, first: boolean): void {
    if (recipient.waiting === null) {
      recipient.waiting = this.#root.with(frame)
      recipient.first = first
      if (first) this.#first.push(recipient)
      else this.#others.push(recipient)
      if (!this.#scheduled) this.#schedule()
    } else {
      recipient.waiting = recipient.waiting.with(frame)
      if (first && !recipient.first) {
        recipient.first = true
        this.#first.push(recipient)
      }
    }
    if (recipient.waiting.size > (recipient.first ? writeAtOnce : writeAtOnceOfOthers)) this.flush(recipient)
  }

  /** Writes what waits for the recipient now. */
  flush(recipient: Recipient): void {
    const batch = recipient.waiting
    if (batch === null) return
    recipient.waiting = null
    const socket = recipient.socket
    if (!socket.open) {
      this.#metrics.framesDropped++
      return
    }
    if (recipient.writtenTurn !== this.#turn) {
      recipient.writtenTurn = this.#turn
      recipient.writtenBytes = 0
    }
    // Bytes of the present turn are never held against a client: it had no chance to take them.
    if (socket.queued - recipient.writtenBytes > this.sendBuffer) {
      this.#metrics.framesDropped++
      this.#end(recipient)
      return
    }
    recipient.writtenBytes += batch.size
    socket.write(batch.bytes())
  }

  /** Ends a recipient that has not taken what earlier turns wrote, also while nothing more is sent to it. */
  check(recipient: Recipient): void {
    const present = recipient.writtenTurn === this.#turn ? recipient.writtenBytes : 0
    if (recipient.socket.open && recipient.socket.queued - present > this.sendBuffer) this.#end(recipient)
  }

  /** Counts bytes of a published frame, once per event, and says whether this turn has had enough of them. */
  published(bytes: number): boolean {
    this.#published += bytes
    return this.#published > maxPublishedPerTurn
  }

  /** Resolves when the frames of the present turn have been handed to their sockets, slices aside. */
  turnEnded(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve))
  }

  #end(recipient: Recipient): void {
    this.#metrics.slowConnectionsClosed++
    recipient.tooSlow()
  }

  #schedule(): void {
    this.#scheduled = true
    setImmediate(this.#write)
  }

  readonly #write = (): void => {
    // Whoever still waits keeps its batch; everyone else starts from a new, empty one.
    this.#root = new Batch(null, null)
    const first = this.#first
    this.#first = []
    for (const recipient of first) this.flush(recipient)
    const part = this.#others.slice(this.#othersDone, this.#othersDone + slice)
    for (const recipient of part) this.flush(recipient)
    this.#othersDone += part.length
    // Under steady load the list is never done: what is done must go all the same, at an amortised price.
    if (this.#othersDone * 2 >= this.#others.length) {
      this.#others = this.#others.slice(this.#othersDone)
      this.#othersDone = 0
    }
    this.#turn++
    this.#published = 0
    // A flush may add: an error to a slow reader, a notice that a member left.
    if (this.#others.length > 0 || this.#first.length > 0) setImmediate(this.#write)
    else this.#scheduled = false
  }
}
