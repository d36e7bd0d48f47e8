import { messageOf } from '../../../support/errors.ts'
import { stale } from '../../cluster/broker.ts'
import type { LocalCalls } from '../../cluster/calls.ts'
import type { Listener, MemoryExchange } from '../../cluster/memory-exchange.ts'
import { Line, type SendMessage } from './line.ts'
import { type PrimaryWord, unpack, type WorkerQuestion, type WorkerWord } from './wire.ts'

/** The primary's side of one broker of a worker. */
interface Seat {
  readonly exchange: MemoryExchange
  readonly listener: Listener
  readonly calls: LocalCalls
}

/** Bytes that may wait for a worker that does not read; beyond them it loses its seats. */
const maxUnsent = 64 * 1024 * 1024

/** The primary's side of one worker: answers its brokers, and tells them what they want to hear. */
export class Desk {
  readonly #exchangeOf: (prefix: string) => MemoryExchange
  readonly #line: Line<PrimaryWord>
  readonly #seats = new Map<number, Seat>()
  /** Nodes of the worker, by where they live. */
  readonly #lives = new Map<MemoryExchange, Set<string>>()
  #over = false

  constructor(exchangeOf: (prefix: string) => MemoryExchange, send: SendMessage) {
    this.#exchangeOf = exchangeOf
    this.#line = new Line(send)
  }

  /** A message of the worker, of whatever kind. */
  receive(message: unknown): void {
    // What a process has said before it ended may arrive after the news of its end.
    const received = this.#over ? undefined : unpack<WorkerWord>(message)
    if (received === undefined) return
    this.#line.advanced = received.advanced
    for (const word of received.words) this.#hear(word)
  }

  /** Nothing can be told to the worker any more; what its nodes have stays until their time is over. */
  disconnected(): void {
    for (const number of this.#seats.keys()) this.#leave(number)
  }

  /** The worker has ended, and nothing of its nodes remains. */
  exited(): void {
    this.#over = true
    this.disconnected()
    for (const [exchange, lives] of this.#lives) for (const life of lives) exchange.end(life)
  }

  #hear(word: WorkerWord): void {
    if (word.kind === 'hello') {
      this.#seats.set(word.seat, this.#seatOf(word.seat, this.#exchangeOf(word.prefix)))
      this.#line.say({ kind: 'welcome', seat: word.seat })
    } else if (word.kind === 'bye') this.#leave(word.seat)
    else this.#answer(word)
  }

  #seatOf(seat: number, exchange: MemoryExchange): Seat {
    const tell = (word: PrimaryWord, bytes?: number) => {
      if (this.#line.unsent > maxUnsent) this.#lose(seat)
      else this.#line.say(word, bytes)
    }
    const listener: Listener = {
      message: (road, message) => tell({ kind: 'message', seat, road, message }, message.length),
      changed: (place, notice) => tell({ kind: 'changed', seat, place, notice }),
    }
    return { exchange, listener, calls: exchange.callsOf(listener) }
  }

  #answer({ seat, question, name, said }: WorkerQuestion): void {
    const found = this.#seats.get(seat)
    if (found === undefined) return
    try {
      // The worker's half of the driver has put the question together from a call with these types.
      const call = found.calls[name] as (...said: readonly unknown[]) => unknown
      const answer = call(...said)
      if (name === 'renew') this.#note(found.exchange, String(said[0]), answer !== stale)
      if (name === 'forget') this.#note(found.exchange, String(said[0]), false)
      this.#line.say({ kind: 'answer', seat, question, answer })
    } catch (thrown) {
      this.#line.say({ kind: 'failure', seat, question, reason: messageOf(thrown) })
    }
  }

  #note(exchange: MemoryExchange, life: string, alive: boolean): void {
    const lives = this.#lives.get(exchange) ?? new Set()
    if (alive) lives.add(life)
    else lives.delete(life)
    this.#lives.set(exchange, lives)
  }

  #lose(seat: number): void {
    this.#leave(seat)
    this.#line.say({ kind: 'lost', seat })
  }

  #leave(number: number): void {
    const seat = this.#seats.get(number)
    this.#seats.delete(number)
    if (seat !== undefined) seat.exchange.leave(seat.listener)
  }
}
