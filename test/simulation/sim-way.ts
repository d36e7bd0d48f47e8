import { type BrokerListener, stale } from '../../src/server/cluster/broker.ts'
import type { Ask, Calls, LocalCalls } from '../../src/server/cluster/calls.ts'
import { placeKey } from '../../src/server/cluster/place-key.ts'
import { rightsOf } from './rights.ts'
import type { SimHub } from './sim-hub.ts'
import type { OwnedTask, Process } from './virtual-time.ts'

interface WayParts {
  readonly hub: SimHub
  readonly process: Process
  readonly listener: BrokerListener
  readonly stalled: ReadonlySet<Stretch>
  /** Called when the hub is asked to renew a life over this way. */
  readonly renewed: () => void
}

/** Parts of a way, which stall by themselves: calls and their answers, what changes what the node hears, and what it hears. */
export const stretches = ['calls', 'answers', 'hearing', 'heard'] as const

/** One of them. */
export type Stretch = (typeof stretches)[number]

/** Milliseconds in which an answer is in time for sure. */
const promptly = 500

/** Calls that may be made twice, as by a client that tries again; of `sign` the first answer matters. */
const repeatable = new Set<keyof Calls>(['hold', 'connect', 'watch', 'subscribe'])

/** Calls by which a life says what it has: they may be done long after the end of their way. */
const statements = new Set<keyof Calls>(['hold', 'connect', 'sign'])

/** Calls that change what is remembered. */
const lasting = new Set<keyof Calls>(['renew', 'hold', 'connect', 'sign', 'reap', 'settle', 'forget', 'keep'])

/** Milliseconds after the end of its way at which something still arrives. */
const late = 12_000

/** Calls that change what a node hears. */
const hearing = new Set<keyof Calls>(['subscribe', 'unsubscribe', 'watch', 'unwatch'])

/** One connection between a node and a {@link SimHub}. */
export class SimWay {
  readonly #hub: SimHub
  readonly #exchange: SimHub['exchange']
  readonly #process: Process
  readonly #renewed: () => void
  readonly #calls: LocalCalls
  readonly #heard: Pick<BrokerListener, 'message' | 'changed'>
  readonly #waiting = new Set<(reason: Error) => void>()
  readonly #interests = new Set<string>()
  /** When the last thing on each lane arrives. */
  readonly #lanes = new Map<string, number>()
  #connected = false
  #ended = false
  #stalled: ReadonlySet<Stretch>
  /** What waits for a stretch that has stalled. */
  #held: (() => void)[] = []
  /** What is on its way up, in the order in which it was said. */
  readonly #rising = new Set<{
    readonly name: keyof Calls
    readonly arrive: () => void
    task: OwnedTask | undefined
  }>()

  constructor({ hub, process, listener, stalled, renewed }: WayParts) {
    this.#hub = hub
    this.#exchange = hub.exchange
    this.#process = process
    this.#renewed = renewed
    this.#stalled = stalled
    this.#heard = {
      message: (road, message) => {
        if (!road.startsWith('probe') && hub.random.chance(hub.weather.dropped)) return
        this.#down(`message ${road}`, () => listener.message(road, message))
      },
      changed: (place, notice) =>
        this.#down(`notice ${placeKey(place)}`, () => listener.changed(place, notice)),
    }
    this.#calls = hub.exchange.callsOf(this.#heard)
    this.#down('connected', () => {
      this.#connected = true
      listener.connected()
    })
  }

  get interests(): readonly string[] {
    return [...this.#interests]
  }

  ask: Ask = (name, said) => {
    if (!this.#connected) return Promise.reject(new Error('There is no connection yet'))
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject)
      const begun = this.#hub.time.now
      const { observer, time } = this.#hub
      this.#up(name, this.#laneOf(name, said), () => {
        const answer = this.#do(name, said)
        const rights = rightsOf(name, said, answer)
        observer.decided(rights)
        const lost = () => observer.answered(rights, false)
        const arrive = () => {
          this.#waiting.delete(reject)
          observer.answered(rights, time.now - begun < promptly)
          resolve(answer)
        }
        this.#down(hearing.has(name) ? 'heard' : `answer ${this.#roadOf(name, said) ?? ''}`, arrive, lost)
      })
    })
  }

  stall(stalled: ReadonlySet<Stretch>): void {
    this.#stalled = stalled
    const held = this.#held
    this.#held = []
    for (const step of held) step()
  }

  /** What comes down is lost; what goes up has just arrived, or never does, or statements do so later. */
  end(reason: string): void {
    const { random } = this.#hub
    this.#ended = true
    this.#stalled = new Set()
    this.#held = []
    const [arrives, isLate, delay] = [random.chance(0.5), random.chance(0.5), random.between(0, late)]
    for (const going of [...this.#rising]) {
      if (going.task !== undefined) going.task.cancelled = true
      if (isLate && statements.has(going.name))
        going.task = this.#hub.time.plan(undefined, delay, going.arrive)
      else if (arrives) going.arrive()
      else this.#rising.delete(going)
    }
    this.#exchange.leave(this.#heard)
    this.#interests.clear()
    for (const reject of this.#waiting) reject(new Error(reason))
    this.#waiting.clear()
  }

  /** Nothing arrives any more. */
  fence(): void {
    for (const { task } of this.#rising) if (task !== undefined) task.cancelled = true
    this.#rising.clear()
  }

  #do<Name extends keyof Calls>(name: Name, said: Parameters<Calls[Name]>): Awaited<ReturnType<Calls[Name]>> {
    const { weather, random, observer } = this.#hub
    if (repeatable.has(name) && random.chance(weather.repeated)) {
      const rights = rightsOf(name, said, this.#calls[name](...said))
      observer.decided(rights)
      observer.answered(rights, false)
    }
    if (hearing.has(name) && this.#ended) return undefined as Awaited<ReturnType<Calls[Name]>>
    if (hearing.has(name)) this.#hear(name, said)
    if (name === 'renew') this.#renewed()
    if (name === 'keep') observer.kept(keptData(said))
    if (lasting.has(name) && this.#hub.exchange === this.#exchange)
      this.#hub.done((calls) => calls[name](...said))
    const answer = this.#calls[name](...said)
    // One that has forgotten the last of it has the same name.
    if (name === 'renew' && answer !== stale) return Object.assign({}, answer, { memory: this.#hub.memory })
    return answer
  }

  #hear(name: keyof Calls, said: readonly unknown[]): void {
    // Both kinds of call have one list: of roads, or of places.
    const [list] = said as [readonly (string | { appId: string; channel: string })[]]
    for (const item of list) {
      const key = typeof item === 'string' ? item : placeKey(item)
      if (name.startsWith('un')) this.#interests.delete(key)
      else this.#interests.add(key)
    }
  }

  #laneOf(name: keyof Calls, said: readonly unknown[]): string | undefined {
    const { lanes } = this.#hub
    if (lanes === 'one') return 'up'
    if (hearing.has(name)) return 'hearing'
    if (lanes === 'two') return 'command'
    return this.#roadOf(name, said)
  }

  /** Sent on one road, messages keep their order; those that the store keeps go there, too. */
  #roadOf(name: keyof Calls, said: readonly unknown[]): string | undefined {
    if (name === 'send') return `road ${String(said[0])}`
    return name === 'keep' ? `road ${String(said[2])}` : undefined
  }

  /** To the hub, whatever becomes of the node. */
  #up(name: keyof Calls, lane: string | undefined, arrive: () => void): void {
    const going = {
      name,
      arrive: () => this.#rising.delete(going) && arrive(),
      task: undefined as OwnedTask | undefined,
    }
    this.#rising.add(going)
    const stretch = hearing.has(name) ? 'hearing' : 'calls'
    going.task = this.#travel(stretch, lane, undefined, going.arrive)
  }

  #down(lane: string, step: () => void, lost?: () => void): void {
    const { lanes } = this.#hub
    const isAnswer = lane.startsWith('answer')
    const loose = lane === 'answer ' ? undefined : lane
    const two = isAnswer ? 'answer' : 'heard'
    const common = lanes === 'one' ? 'down' : lanes === 'loose' ? loose : two
    const stretch = lane === 'connected' ? undefined : isAnswer ? 'answers' : 'heard'
    this.#travel(stretch, common, this.#process, () => (this.#ended ? lost?.() : step()))
  }

  /** Without a stretch it takes all of them to get through. */
  #travel(
    stretch: Stretch | undefined,
    lane: string | undefined,
    process: Process | undefined,
    arrive: () => void,
  ): OwnedTask {
    const { time, weather } = this.#hub
    const own = time.now + weather.delay()
    const at = lane === undefined ? own : Math.max(own, this.#lanes.get(lane) ?? 0)
    if (lane !== undefined) this.#lanes.set(lane, at)
    const go = () => {
      const stalls = stretch === undefined ? this.#stalled.size > 0 : this.#stalled.has(stretch)
      if (stalls) this.#held.push(() => void time.plan(undefined, 0, go))
      else time.hand(process, arrive)
    }
    return time.plan(undefined, at - time.now, go)
  }
}

function keptData([, event]: readonly unknown[]): string {
  // The second thing that is said to `keep` is the event.
  return (event as { data: string }).data
}
