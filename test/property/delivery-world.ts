import { codes } from '../../src/protocol/codes.ts'
import { channelEvent, error, pong } from '../../src/protocol/messages.ts'
import type { Awaitable } from '../../src/support/awaitable.ts'
import { channelName, Parts, type TestClient, turn } from '../support/parts.ts'
import { DeliveryModel, type Joining, Reader, type Recipients } from './delivery-model.ts'
import { Texts } from './texts.ts'

/** Turns of the event loop in which everything must be written at the end, bursts of the largest events too. */
const maxTurns = 5_000

/** A client, beside what the model says of it. */
interface Watched {
  readonly real: TestClient
  readonly reader: Reader
}

/** What a publish has said of its recipients, beside what it may say. */
interface Count {
  readonly answer: Awaitable<number>
  readonly recipients: Recipients
}

/** The real channels, publish, deliver and outbox, beside the model of what they must do. */
export class DeliveryWorld {
  readonly #parts: Parts
  readonly #model = new DeliveryModel()
  readonly #everybody: Watched[] = []
  /** What the registry has not answered yet. */
  readonly #pending: { answer: () => void; joining: Joining | undefined }[] = []
  readonly #counts: Count[] = []
  readonly #texts = new Texts()
  #answersLater = false
  #said = 0

  constructor() {
    const unlimited = { messageRate: 0, clientEventRate: 0, maxChannelsPerConnection: 0 }
    const app = { ...unlimited, clientEvents: 'all' as const }
    // Nobody is too slow but who reads nothing at all.
    this.#parts = new Parts({ app, sendBuffer: 2 ** 40 })
    this.#slowDown()
  }

  connect(): void {
    this.#everybody.push({ real: this.#parts.connect(), reader: new Reader() })
  }

  /** The application publishes; resolves when it may go on. */
  async publish(channel: string, size: number, except?: number): Promise<void> {
    const data = `${++this.#said}${'.'.repeat(size)}`
    const excepted = except === undefined ? undefined : this.#at(except)
    const recipients = this.#publishes(channel, 'news', data, excepted?.reader, false)
    const event = { kind: 'published', app: this.#parts.app, event: 'news', data } as const
    const socketId = excepted?.real.connection.socketId
    const answer = this.#parts.publish({ ...event, channel: channelName(channel), except: socketId })
    this.#counts.push({ answer, recipients })
    await answer
  }

  /** A client event, of a client that may send one. */
  whisper(who: number, channel: string): void {
    const { real, reader } = this.#at(who)
    if (reader.fate !== 'here' || !this.#model.isLive(reader, channel)) return
    const data = `${++this.#said}`
    this.#publishes(channel, 'client-typing', data, reader, true)
    real.say({ event: 'client-typing', channel, data })
  }

  /** The server says something to one client. */
  send(who: number): void {
    const { real, reader } = this.#at(who)
    const text = `{"event":"notice","data":"${++this.#said}"}`
    real.connection.send(text)
    if (reader.fate !== 'closed') reader.expected.push(text)
  }

  ping(who: number): void {
    const { real, reader } = this.#at(who)
    real.say({ event: 'pusher:ping' })
    if (reader.fate !== 'closed') reader.expected.push(pong)
  }

  /** A subscribe, which the registry answers at once or {@link answer later}. */
  join(who: number, channel: string, later: boolean): void {
    const { real, reader } = this.#at(who)
    if (reader.fate !== 'here') return
    this.#answersLater = later
    const asked = this.#pending.length
    real.say({ event: 'pusher:subscribe', data: { channel } })
    const joining = this.#model.joins(reader, channel)
    const question = this.#pending[asked]
    if (question !== undefined) question.joining = joining
    else if (joining !== undefined) this.#model.answered(joining)
  }

  /** The registry answers the oldest questions; whoever waited has gone on afterwards, in the same turn. */
  async answer(count: number): Promise<void> {
    const questions = this.#pending.splice(0, count)
    for (const { answer } of questions) answer()
    // Comes after all microtasks, and is no turn of the event loop.
    await new Promise<void>((resolve) => process.nextTick(resolve))
    for (const { joining } of questions) if (joining !== undefined) this.#model.answered(joining)
  }

  leave(who: number, channel: string): void {
    const { real, reader } = this.#at(who)
    if (reader.fate !== 'here') return
    real.say({ event: 'pusher:unsubscribe', data: { channel } })
    this.#model.leaves(reader, channel)
  }

  /** The server closes the connection, and says why. */
  close(who: number): void {
    const { real, reader } = this.#at(who)
    if (reader.fate !== 'here') return
    real.connection.close(4009)
    this.#model.leavesAll(reader)
    reader.expected.push(error(4009, codes[4009].text))
    reader.fate = 'closed'
  }

  /** The socket is gone, and the server hears of it. */
  end(who: number): void {
    const { real, reader } = this.#at(who)
    this.lose(who)
    real.connection.end()
    this.#model.leavesAll(reader)
  }

  /** The socket takes nothing more, and the server has not heard of it yet. */
  lose(who: number): void {
    const { real, reader } = this.#at(who)
    real.socket.open = false
    if (reader.fate === 'here') reader.fate = 'lost'
  }

  /** The client reads nothing more: the next write finds that it is too slow. */
  stall(who: number): void {
    const { real, reader } = this.#at(who)
    real.socket.queued = Number.POSITIVE_INFINITY
    if (reader.fate === 'here') reader.fate = 'lost'
  }

  /** Lets everything happen that is still to happen, and says where the model is not right. */
  async differences(): Promise<string[]> {
    await this.answer(this.#pending.length)
    for (let turns = 0; turns < maxTurns && this.#somethingWaits; turns++) await turn()
    const counts = await Promise.all(this.#counts.map(differenceOfCount))
    await this.#parts.stop()
    const clients = this.#everybody.map(({ real, reader }) => {
      const { writes, closed } = real.socket
      const written = writes.flatMap((bytes) => this.#texts.in(bytes))
      // The last word to a slow reader.
      if (reader.fate === 'lost' && closed?.code === 4100) written.pop()
      return reader.difference(written)
    })
    return [...counts, ...clients, ...this.#parts.lines].filter((difference) => difference !== undefined)
  }

  get #somethingWaits(): boolean {
    return this.#everybody.some(({ real }) => real.connection.waiting !== null)
  }

  #publishes(channel: string, event: string, data: string, except: Reader | undefined, whisper: boolean) {
    const text = this.#texts.once(channelEvent(channel, event, data))
    return this.#model.publishes(channel, text, except, whisper)
  }

  /** Counted from the newest when it is negative. */
  #at(who: number): Watched {
    const watched = this.#everybody.at(who)
    if (watched === undefined) throw new Error(`Nobody is at ${who}`)
    return watched
  }

  /** The registry knows everything at once, but of joins it says so only when it is told to. */
  #slowDown(): void {
    const { registry } = this.#parts
    const join = registry.join.bind(registry)
    registry.join = (...asked) => {
      const joined = join(...asked)
      if (!this.#answersLater) return joined
      return new Promise((resolve) => {
        this.#pending.push({ answer: () => resolve(joined), joining: undefined })
      })
    }
  }
}

async function differenceOfCount({ answer, recipients }: Count): Promise<string | undefined> {
  const count = await answer
  const { least, most } = recipients
  return count < least || count > most ? `${count} recipients, not ${least} to ${most}` : undefined
}
