import { messageOf } from '../../../support/errors.ts'
import type { BrokerListener } from '../../cluster/broker.ts'
import type { Ask, Calls } from '../../cluster/calls.ts'
import { Beginning } from './beginning.ts'
import { Bucket, LostMemoryError } from './bucket.ts'
import { ServerClock } from './clock.ts'
import type { NatsConnection } from './connection.ts'
import { Due } from './due.ts'
import { checked, isLoss, type JetStream } from './jetstream.ts'
import { NatsLedger } from './ledger.ts'
import { Line } from './line.ts'
import { Lives } from './lives.ts'
import { NatsRoads } from './roads.ts'
import { Shares } from './shares.ts'
import { NatsStore } from './store.ts'
import { streamsOf } from './streams.ts'
import { tokenOf } from './token.ts'
import type { Unanswered } from './unanswered.ts'

/** What may still be under way of the sessions before. */
export interface UnansweredParts {
  readonly ledger: Unanswered
  readonly due: Unanswered
}

/** What a session is made of. */
export interface SessionParts {
  readonly connection: NatsConnection
  /** Resolves when all servers know what was subscribed to over it. */
  readonly reach: () => Promise<void>
  readonly jetStream: JetStream
  readonly prefix: string
  readonly replicas: number
  readonly unanswered: UnansweredParts
  /** Lives of this node that were renewed over the sessions before; those over this one come to them. */
  readonly ownLives: Set<string>
  readonly listener: Pick<BrokerListener, 'message' | 'changed'>
}

/** Bytes of a message that servers take unless they are told otherwise, and those that its headers may need. */
const [usualPayload, headerRoom] = [1_048_576, 66_000]

/** All that can be asked, by name, and the promises of it that one connection has. */
type RemoteCalls = {
  readonly [Name in keyof Calls]: (
    ...said: Parameters<Calls[Name]>
  ) => Promise<Awaited<ReturnType<Calls[Name]>>>
}

/** What one connection, as long as it lasts, can be asked for. */
export class Session {
  /** Resolves to the reason when nothing can be asked any more. */
  readonly ended: Promise<string>
  readonly #calls: RemoteCalls
  readonly #release: () => void
  readonly #waiting = new Set<(reason: Error) => void>()
  #end: (reason: string) => void = () => {}
  #reason: string | undefined

  constructor(calls: RemoteCalls, release: () => void) {
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
    this.#release = release
    this.#calls = calls
  }

  /** Resolves when the streams are there and the server's time is known. */
  static async open({
    connection,
    prefix,
    replicas,
    unanswered,
    ownLives,
    listener,
    ...given
  }: SessionParts): Promise<Session> {
    const root = tokenOf(prefix)
    // Each stream may be led by another server, whose clock is another; only that of the ledger is told here.
    const [clock, eventsClock] = [new ServerClock(), new ServerClock()]
    const line = new Line(connection, given.reach)
    const jetStream = checked(given.jetStream, () => line.check())
    const { ledger, events, due } = streamsOf(root, replicas)
    // Reminders after what they remind of: by then it is sure whether that was done.
    const bucket = await Bucket.open(jetStream, ledger, `${root}.l`, unanswered.ledger)
    const dueBucket = await Bucket.open(jetStream, due, `${root}.d`, unanswered.due)
    const reminders = new Due(dueBucket, clock)
    const eventBucket = await Bucket.open(jetStream, events, `${root}.e`)
    const eventsBeginning = await Beginning.of(eventBucket, eventsClock)
    const dueBeginning = await Beginning.of(dueBucket, new ServerClock())
    const beginning = await Beginning.of(bucket, clock)
    const lives = new Lives(bucket, clock, ownLives)
    const beginnings = [beginning, dueBeginning, eventsBeginning]
    const check = () => Promise.all(beginnings.map((each) => each.check()))
    const room = (connection.info?.max_payload ?? usualPayload) - headerRoom
    const parts = {
      ...{ line, check, room, bucket, beginning, clock, lives },
      ...{ due: reminders, shares: new Shares(bucket, clock), notices: `${root}.n` },
    }
    const roads = new NatsRoads(line, `${root}.r`, (road, message) => listener.message(road, message))
    const natsLedger = new NatsLedger(parts, (place, notice) => listener.changed(place, notice))
    await natsLedger.remind(dueBeginning.base)
    const store = new NatsStore({
      bucket: eventBucket,
      beginning: eventsBeginning,
      clock: eventsClock,
      roads,
    })
    return new Session(callsOf(roads, natsLedger, store), () => {
      line.end()
      roads.end()
    })
  }

  /** Rejects, too, when the session ends before the answer. */
  ask: Ask = (name, said) =>
    new Promise((resolve, reject) => {
      if (this.#reason !== undefined) throw new Error(this.#reason)
      const answer = this.#calls[name](...said)
      this.#waiting.add(reject)
      answer
        .finally(() => this.#waiting.delete(reject))
        .then(resolve, (error: unknown) => {
          reject(error)
          if (error instanceof LostMemoryError || isLoss(error)) this.end(messageOf(error))
        })
    })

  /** Nothing can be asked any more: what was asked rejects. */
  end(reason: string): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    for (const reject of this.#waiting) reject(new Error(reason))
    this.#waiting.clear()
    this.#release()
    this.#end(reason)
  }
}

function callsOf(roads: NatsRoads, ledger: NatsLedger, store: NatsStore): RemoteCalls {
  return {
    subscribe: (...said) => roads.subscribe(...said),
    unsubscribe: (...said) => roads.unsubscribe(...said),
    send: (...said) => roads.send(...said),
    renew: (...said) => ledger.renew(...said),
    hold: (...said) => ledger.hold(...said),
    watch: (...said) => ledger.watch(...said),
    unwatch: (...said) => ledger.unwatch(...said),
    state: (...said) => ledger.state(...said),
    occupied: (...said) => ledger.occupied(...said),
    connect: (...said) => ledger.connect(...said),
    connections: (...said) => ledger.connections(...said),
    sign: (...said) => ledger.sign(...said),
    online: (...said) => ledger.online(...said),
    reap: (...said) => ledger.reap(...said),
    settle: (...said) => ledger.settle(...said),
    forget: (...said) => ledger.forget(...said),
    keep: (...said) => store.keep(...said),
    last: (...said) => store.last(...said),
  }
}
