import { messageOf } from '../../../support/errors.ts'
import { stale } from '../../cluster/broker.ts'
import type { LocalCalls } from '../../cluster/calls.ts'
import type { Listener, MemoryExchange } from '../../cluster/memory-exchange.ts'
import { Line, type SendMessage } from './line.ts'
import { type PrimaryWord, unpack, type WorkerQuestion, type WorkerWord } from './wire.ts'

/** The primary's side of one broker of a worker. */
interface Visit {
  readonly exchange: MemoryExchange
  readonly listener: Listener
  readonly calls: LocalCalls
}

/** Bytes that may wait for a worker that does not read; beyond them it loses its visits. */
const maxUnsent = 64 * 1024 * 1024

/** The primary's side of one worker: answers its brokers, and tells them what they want to hear. */
export class Desk {
  readonly #exchangeOf: (prefix: string) => MemoryExchange
  readonly #line: Line<PrimaryWord>
  readonly #visits = new Map<number, Visit>()
  /** Nodes of the worker, by where they live. */
  readonly #lives = new Map<MemoryExchange, Set<string>>()
  /** What has come in this turn of the event loop. */
  #received: WorkerWord[] = []
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
    if (this.#received.length === 0) setImmediate(() => this.#hearAll())
    for (const word of received.words) this.#received.push(word)
  }

  /** Nothing can be told to the worker any more; what its nodes have stays until their time is over. */
  disconnected(): void {
    this.#received = []
    for (const number of this.#visits.keys()) this.#leave(number)
  }

  /** The worker has ended, and nothing of its nodes remains. */
  exited(): void {
    this.#over = true
    this.disconnected()
    for (const [exchange, lives] of this.#lives) for (const life of lives) exchange.end(life)
  }

  /**
   * A primary that was frozen finds questions that have been given up since: their askers would never learn what was done,
   * so that no webhook told of it.
   */
  #hearAll(): void {
    const words = this.#received
    this.#received = []
    const ended = new Set(words.flatMap(({ kind, visit }) => (kind === 'bye' ? [visit] : [])))
    for (const word of words) if (word.kind !== 'question' || !ended.has(word.visit)) this.#hear(word)
  }

  #hear(word: WorkerWord): void {
    if (word.kind === 'hello') {
      this.#visits.set(word.visit, this.#visitOf(word.visit, this.#exchangeOf(word.prefix)))
      this.#line.say({ kind: 'welcome', visit: word.visit })
    } else if (word.kind === 'bye') this.#leave(word.visit)
    else this.#answer(word)
  }

  #visitOf(visit: number, exchange: MemoryExchange): Visit {
    const tell = (word: PrimaryWord, bytes?: number) => {
      if (this.#line.unsent > maxUnsent) this.#lose(visit)
      else this.#line.say(word, bytes)
    }
    const listener: Listener = {
      message: (road, message) => tell({ kind: 'message', visit, road, message }, message.length),
      changed: (place, notice) => tell({ kind: 'changed', visit, place, notice }),
    }
    return { exchange, listener, calls: exchange.callsOf(listener) }
  }

  #answer({ visit, question, name, said }: WorkerQuestion): void {
    const found = this.#visits.get(visit)
    if (found === undefined) return
    try {
      // The worker's half of the driver has put the question together from a call with these types.
      const call = found.calls[name] as (...said: readonly unknown[]) => unknown
      const answer = call(...said)
      if (name === 'renew') this.#note(found.exchange, String(said[0]), answer !== stale)
      if (name === 'forget') this.#note(found.exchange, String(said[0]), false)
      this.#line.say({ kind: 'answer', visit, question, answer })
    } catch (thrown) {
      this.#line.say({ kind: 'failure', visit, question, reason: messageOf(thrown) })
    }
  }

  #note(exchange: MemoryExchange, life: string, alive: boolean): void {
    const lives = this.#lives.get(exchange) ?? new Set()
    if (alive) lives.add(life)
    else lives.delete(life)
    this.#lives.set(exchange, lives)
  }

  #lose(visit: number): void {
    this.#leave(visit)
    this.#line.say({ kind: 'lost', visit })
  }

  #leave(number: number): void {
    const visit = this.#visits.get(number)
    this.#visits.delete(number)
    if (visit !== undefined) visit.exchange.leave(visit.listener)
  }
}
