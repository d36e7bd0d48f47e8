import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import {
  type Broker,
  type Holding,
  type Ledger,
  type Notice,
  type Place,
  stale,
} from '../../src/server/cluster/broker.ts'

/** Something that one of three nodes says, with what it does to a ledger. */
export interface LedgerStep {
  readonly name: string
  /** It asks for something that lasts a millisecond. */
  readonly isBrief: boolean
  take(witness: LedgerWitness): Promise<unknown>
  toString(): string
}

/** Milliseconds after which a millisecond is over, by every clock. */
export const brief = 4

const nodes = ['one', 'two', 'three'] as const
const apps = ['a', 'a:b%'] as const
const channels = ['presence-x', 'presence-%y', 'z'] as const
const users = ['1', 'x:y', 'ü'] as const

const places: readonly Place[] = apps.flatMap((appId) => channels.map((channel) => ({ appId, channel })))

const node = fc.constantFrom(...nodes)
const app = fc.constantFrom('a', 'a', ...apps)
// Most of what is said is about one of them, so that sayings meet.
const place = fc.oneof({ weight: 3, arbitrary: fc.constant(places[0] as Place) }, fc.constantFrom(...places))
const user = fc.constantFrom('1', ...users)
const time = fc.constantFrom(1, 60_000)

const holding = fc
  .record({
    subscriptions: fc.nat(2),
    users: fc.array(fc.record({ id: user, does: fc.constantFrom('come', 'leave', 'come anew') }), {
      maxLength: 3,
    }),
    limit: fc.constantFrom(0, 1, 2),
    counted: fc.boolean(),
    settled: fc.boolean(),
    keep: fc.constantFrom(0, 0, 1, 60_000),
  })
  .map(({ users, ...said }) => {
    // Of each user one thing is said.
    const last = new Map(users.map(({ id, does }) => [id, does]))
    const of = (other: string) => [...last].filter(([, does]) => does !== other).map(([id]) => id)
    return { ...said, come: of('leave'), remove: of('come') }
  })

/** Any step. */
export const ledgerStep: fc.Arbitrary<LedgerStep> = fc.oneof(
  { weight: 1, arbitrary: step('begins', fc.tuple(node), (w, id) => w.beginLife(id)) },
  step('renews', fc.tuple(node, time), (w, id, ttl) => w.renew(id, ttl)),
  {
    weight: 10,
    arbitrary: step('holds', fc.tuple(node, place, holding, fc.boolean()), (w, id, where, said, knows) => {
      const { come, ...others } = said
      const info = JSON.stringify({ from: id, said: said.subscriptions, ':': '\n"é' })
      const add = come.map((user) => ({ id: user, info }))
      return w.hold(id, where, { ...others, add }, knows)
    }),
  },
  step('asks for a place', fc.tuple(place), (w, where) => w.state(where)),
  step('asks for channels', fc.tuple(app, fc.constantFrom('', 'presence-', 'presence-%')), (w, id, prefix) =>
    w.occupied(id, prefix),
  ),
  step('connects', fc.tuple(node, app, fc.nat(3), fc.constantFrom(0, 1, 3)), (w, id, appId, count, limit) =>
    w.ledger.connect(w.life(id), appId, count, limit),
  ),
  step('counts', fc.tuple(app), (w, appId) => w.ledger.connections(appId)),
  {
    weight: 3,
    arbitrary: step('signs', fc.tuple(node, app, user, fc.boolean()), (w, id, appId, userId, signedIn) =>
      w.ledger.sign(w.life(id), appId, userId, signedIn),
    ),
  },
  step('asks who is online', fc.tuple(app), (w, appId) => w.ledger.online(appId, users)),
  {
    weight: 2,
    arbitrary: step('dies', fc.tuple(node), (w, id) => w.die(id)),
  },
  step('reaps', fc.tuple(node), (w, id) => w.ledger.reap(w.life(id))),
  step('forgets', fc.tuple(node), (w, id) => w.ledger.forget(w.life(id))),
  {
    weight: 2,
    arbitrary: step('settles', fc.tuple(node, fc.constantFrom(0, 60_000)), (w, id, grace) =>
      w.settle(id, grace),
    ),
  },
)

function step<Said extends readonly unknown[]>(
  name: string,
  said: fc.Arbitrary<Said>,
  take: (witness: LedgerWitness, ...said: Said) => Promise<unknown>,
): fc.Arbitrary<LedgerStep> {
  return said.map((words) => {
    const text = JSON.stringify(words)
    return {
      name,
      isBrief: /(^\["\w+",1\]$|"keep":1\b)/.test(text),
      take: (witness) => take(witness, ...words),
      toString: () => `${name} ${text}`,
    }
  })
}

/** One ledger, and what it answers and tells, with versions made comparable: they differ between ledgers. */
export class LedgerWitness {
  readonly broker: Broker
  readonly #memories = new Set<string | undefined>()
  readonly #lives = new Map<string, number>()
  readonly #known = new Map<Place, number>()
  readonly #notices = new Map<string, Notice[]>()
  #finished: (() => void) | undefined

  constructor(broker: Broker) {
    this.broker = broker
  }

  get ledger(): Ledger {
    return this.broker.ledger
  }

  /** Resolves when the broker is connected and watches all places, and its nodes live. */
  async begin(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.broker.open({
        connected: resolve,
        disconnected: (reason) => reject(new Error(reason)),
        message: () => this.#finished?.(),
        changed: ({ appId, channel }, notice) => {
          const key = `${appId} ${channel}`
          this.#notices.set(key, [...(this.#notices.get(key) ?? []), notice])
        },
      })
    })
    await this.ledger.watch(places)
    for (const node of nodes) await this.beginLife(node)
  }

  take(step: LedgerStep): Promise<unknown> {
    return step.take(this)
  }

  /** The life that the node is in. */
  life(node: string): string {
    return `${node}.${this.#lives.get(node) ?? 0}`
  }

  beginLife(node: string): Promise<unknown> {
    this.#lives.set(node, (this.#lives.get(node) ?? 0) + 1)
    return this.renew(node, 60_000, true)
  }

  async renew(node: string, ttl: number, fresh = false): Promise<unknown> {
    const renewed = await this.ledger.renew(this.life(node), ttl, fresh)
    if (renewed === stale) return stale
    const { alive, expired, memory } = renewed
    this.#memories.add(memory)
    return { alive, expired: [...expired].sort(), memories: this.#memories.size }
  }

  /** The node is silent for too long, is reaped, and begins its next life. */
  async die(node: string): Promise<unknown> {
    const life = this.life(node)
    await this.renew(node, 1)
    await sleep(brief)
    return [await this.ledger.reap(life), await this.beginLife(node)]
  }

  async hold(node: string, place: Place, holding: Holding, knows: boolean): Promise<unknown> {
    const known = knows ? (this.#known.get(place) ?? 0) : -1
    const held = await this.ledger.hold(this.life(node), place, holding, known)
    if (held === stale) return stale
    const { version, previous, ...others } = held
    this.#known.set(place, version)
    return { ...others, changed: version > previous, isNew: previous === 0 }
  }

  async state(place: Place): Promise<unknown> {
    const { version, ...others } = await this.ledger.state(place)
    this.#known.set(place, version)
    return { ...others, told: version > 0 }
  }

  async occupied(appId: string, prefix: string): Promise<unknown> {
    return new Map([...(await this.ledger.occupied(appId, prefix))].sort())
  }

  async settle(id: string, grace: number): Promise<unknown> {
    const settled = await this.ledger.settle(this.life(id), grace)
    if (settled === stale) return stale
    const { departures, offline } = settled
    const texts = (list: readonly object[]) =>
      list.map((each) => JSON.stringify(Object.entries(each).sort())).sort()
    return { departures: texts(departures), offline: texts(offline) }
  }

  /** All notices so far, by place; each names the one before by its number. */
  async told(): Promise<unknown> {
    await this.broker.roads.subscribe(['end'])
    const finished = new Promise<void>((resolve) => {
      this.#finished = resolve
    })
    await this.broker.roads.send('end', Buffer.from('.'))
    await finished
    const numbered = [...this.#notices].map(([key, notices]) => {
      const versions = [0, ...notices.map(({ version }) => version)]
      const told = notices.map(({ version, previous, removed, ...others }) => ({
        ...others,
        number: versions.indexOf(version),
        previous: versions.indexOf(previous),
        removed: [...removed].sort(),
      }))
      return [key, told] as const
    })
    return new Map(numbered.sort())
  }
}
