import { ConfigurationError } from '../../../support/errors.ts'
import type { Broker, BrokerListener } from '../../cluster/broker.ts'
import { type Ask, partsOver } from '../../cluster/calls.ts'
import { Line } from './line.ts'
import { type PrimaryWord, unpack, type WorkerWord } from './wire.ts'

/** The worker's end of the channel to the primary: `process`, in a worker. */
export interface Channel {
  readonly ppid: number
  readonly connected?: boolean
  send?(message: object, handle: undefined, options: undefined, sent: (error: Error | null) => void): boolean
  on(event: 'message' | 'disconnect', heard: (message: unknown) => void): unknown
  off(event: 'message' | 'disconnect', heard: (message: unknown) => void): unknown
}

interface Question {
  readonly resolve: (answer: unknown) => void
  readonly reject: (reason: Error) => void
}

/** Milliseconds that the primary has for its first answer. */
const patience = 2_000

let visits = 0

/**
 * The broker of a worker process: the primary, which must have called `setupPrimary`. Workers with one prefix make one
 * cluster. Throws a {@link ConfigurationError} in a process that is no worker.
 */
export function createWorkerBroker(prefix: string, channel: Channel = process): Broker {
  if (channel.send === undefined) {
    throw new ConfigurationError(
      'The scaling driver "cluster" joins the workers of node:cluster: start them with reverb start --workers, or fork ' +
        'them in a process that calls setupPrimary()',
    )
  }
  return new WorkerBroker(prefix, channel)
}

class WorkerBroker implements Broker {
  readonly name = 'cluster'
  readonly address: string
  readonly roads: Broker['roads']
  readonly ledger: Broker['ledger']
  readonly store: Broker['store']
  readonly #prefix: string
  readonly #channel: Channel
  readonly #line: Line<WorkerWord>
  readonly #questions = new Map<number, Question>()
  #listener: BrokerListener | undefined
  #visit = 0
  #question = 0
  /** Runs while the primary has not said welcome. */
  #timer: NodeJS.Timeout | undefined
  #welcome = false
  /** The listener has been told that there is no connection. */
  #lost = false

  constructor(prefix: string, channel: Channel) {
    this.address = `process ${channel.ppid}`
    this.#prefix = prefix
    this.#channel = channel
    this.#line = new Line((message, sent) => channel.send?.(message, undefined, undefined, sent))
    const { roads, ledger, store } = partsOver(this.#ask)
    this.roads = roads
    this.ledger = ledger
    this.store = store
  }

  open(listener: BrokerListener): void {
    this.#listener = listener
    this.#channel.on('message', this.#receive)
    this.#channel.on('disconnect', this.#disconnected)
    this.#greet()
  }

  reset(): void {
    this.#again('The connection was reset')
  }

  async close(): Promise<void> {
    this.#listener = undefined
    this.#channel.off('message', this.#receive)
    this.#channel.off('disconnect', this.#disconnected)
    this.#lose('The connection was closed')
  }

  /** Begins a visit, and another one while there is no answer. */
  #greet(): void {
    if (this.#channel.connected === false) return
    this.#visit = ++visits
    this.#line.say({ kind: 'hello', visit: this.#visit, prefix: this.#prefix })
    this.#timer = setTimeout(
      () => this.#again('The primary process does not answer: it must call setupPrimary()'),
      patience,
    )
  }

  readonly #ask: Ask = (name, said) =>
    new Promise((resolve, reject) => {
      if (!this.#welcome) throw new Error('There is no connection to the primary process')
      const question = ++this.#question
      // The primary's half of the driver answers each call with what that call resolves to.
      this.#questions.set(question, { resolve: resolve as Question['resolve'], reject })
      this.#line.say({ kind: 'question', visit: this.#visit, question, name, said })
    })

  readonly #disconnected = () => {
    this.#lose('The primary process has gone')
  }

  readonly #receive = (message: unknown) => {
    const received = unpack<PrimaryWord>(message)
    if (received === undefined) return
    this.#line.advanced = received.advanced
    for (const word of received.words) if (word.visit === this.#visit) this.#hear(word)
  }

  #hear(word: PrimaryWord): void {
    if (word.kind === 'welcome') this.#welcomed()
    else if (word.kind === 'message') this.#listener?.message(word.road, word.message)
    else if (word.kind === 'changed') this.#listener?.changed(word.place, word.notice)
    else if (word.kind === 'lost')
      this.#again('The primary process has given up on this one, which did not listen')
    else this.#answered(word)
  }

  #welcomed(): void {
    clearTimeout(this.#timer)
    this.#welcome = true
    this.#lost = false
    this.#listener?.connected()
  }

  #answered(word: Extract<PrimaryWord, { readonly question: number }>): void {
    const question = this.#questions.get(word.question)
    this.#questions.delete(word.question)
    if (word.kind === 'answer') question?.resolve(word.answer)
    else question?.reject(new Error(word.reason))
  }

  #again(reason: string): void {
    this.#lose(reason)
    this.#greet()
  }

  #lose(reason: string): void {
    clearTimeout(this.#timer)
    this.#welcome = false
    this.#line.say({ kind: 'bye', visit: this.#visit })
    for (const { reject } of this.#questions.values()) reject(new Error(reason))
    this.#questions.clear()
    if (!this.#lost) this.#listener?.disconnected(reason)
    this.#lost = true
  }
}
