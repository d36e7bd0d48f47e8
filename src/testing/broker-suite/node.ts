import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Member } from '../../protocol/messages.ts'
import {
  type Broker,
  type Held,
  type Holding,
  type Notice,
  type Place,
  type Renewed,
  type Settled,
  stale,
} from '../../server/cluster/broker.ts'
import { Inbox } from '../inbox.ts'

/** Milliseconds after which what does not come will not come. */
const patience = 25_000

/** Long enough for every test, in milliseconds. */
const aWhile = 60_000

/** What a node says that says nothing about users, and wants to know of everything. */
const plain: Holding = {
  subscriptions: 1,
  add: [],
  remove: [],
  limit: 0,
  counted: true,
  settled: true,
  keep: 0,
}

/** A broker in the hands of one node, and what it has told that node. */
export class BrokerNode {
  readonly broker: Broker
  readonly id: string
  readonly #connected = new Inbox<true>(patience)
  readonly #messages = new Map<string, Inbox<Buffer>>()
  readonly #notices = new Map<string, Inbox<Notice>>()

  constructor(broker: Broker, id: string) {
    this.broker = broker
    this.id = id
    broker.open({
      connected: () => this.#connected.put(true),
      disconnected: () => {},
      message: (road, message) => inboxOf(this.#messages, road).put(message),
      changed: (place, notice) => inboxOf(this.#notices, keyOf(place)).put(notice),
    })
  }

  /** Resolves once for each time that the broker could be used from then on. */
  async connected(): Promise<void> {
    await this.#connected.take()
  }

  /** The next message on a road. */
  message(road: string): Promise<Buffer> {
    return inboxOf(this.#messages, road).take()
  }

  /** The next message on a road, as text. */
  async text(road: string): Promise<string> {
    return String(await this.message(road))
  }

  /** The next notice about a place. */
  notice(place: Place): Promise<Notice> {
    return inboxOf(this.#notices, keyOf(place)).take()
  }

  async send(road: string, ...texts: string[]): Promise<void> {
    await Promise.all(texts.map((text) => this.broker.roads.send(road, Buffer.from(text))))
  }

  /** Is alive, for a while unless it says for how long. */
  begin(ttl = aWhile): Promise<Pick<Renewed, 'expired' | 'alive'>> {
    return this.#renew(ttl, true)
  }

  /** Stays alive. */
  renew(ttl = aWhile): Promise<Pick<Renewed, 'expired' | 'alive'>> {
    return this.#renew(ttl, false)
  }

  /** Has one subscription in the place, and what else is said. */
  async hold(place: Place, holding: Partial<Holding> = {}, known = -1): Promise<Held> {
    return alive(await this.broker.ledger.hold(this.id, place, { ...plain, ...holding }, known))
  }

  /** Has nothing any more in the place; users must be said. */
  leave(place: Place, holding: Partial<Holding> = {}): Promise<Held> {
    return this.hold(place, { subscriptions: 0, ...holding })
  }

  async connect(appId: string, connections: number, limit: number): Promise<number> {
    return alive(await this.broker.ledger.connect(this.id, appId, connections, limit))
  }

  async sign(appId: string, userId: string, signedIn: boolean): Promise<boolean> {
    return alive(await this.broker.ledger.sign(this.id, appId, userId, signedIn))
  }

  /** Ends what was kept, and takes the departures that are so many milliseconds old. */
  async settle(grace = 0): Promise<Settled> {
    return alive(await this.broker.ledger.settle(this.id, grace))
  }

  /** Falls silent, and its time is over at once. */
  async dies(): Promise<void> {
    await this.renew(1)
  }

  /** Resolves when the ledger takes the other node for expired. */
  async seesExpired({ id }: BrokerNode): Promise<void> {
    await eventually(async () => (await this.renew()).expired.includes(id))
  }

  /** Takes away all that an expired node had. */
  async reap({ id }: BrokerNode): Promise<void> {
    await eventually(() => this.broker.ledger.reap(id))
  }

  async #renew(ttl: number, fresh: boolean): Promise<Pick<Renewed, 'expired' | 'alive'>> {
    const { expired, alive: count } = alive(await this.broker.ledger.renew(this.id, ttl, fresh))
    return { expired, alive: count }
  }
}

/** A user, whose info is its id unless that is said. */
export function member(id: string, info: string = JSON.stringify({ name: id })): Member {
  return { id, info }
}

/** Only the ids. */
export function idsOf(members: readonly Member[] | undefined): string[] | undefined {
  return members?.map(({ id }) => id)
}

/** A place, of an app with a plain id unless another is said. */
export function placeOf(channel: string, appId = 'app'): Place {
  return { appId, channel }
}

/** Asks again until the answer is yes. */
export async function eventually(question: () => Promise<boolean>): Promise<void> {
  const begun = performance.now()
  while (!(await question())) {
    assert(performance.now() - begun < patience, 'It did not become true')
    await sleep(20)
  }
}

function alive<Answer>(answer: Answer | typeof stale): Answer {
  assert.notEqual(answer, stale)
  // The assertion has ruled `stale` out, which TypeScript cannot see for a type that is not known yet.
  return answer as Answer
}

function inboxOf<Item>(inboxes: Map<string, Inbox<Item>>, key: string): Inbox<Item> {
  const inbox = inboxes.get(key) ?? new Inbox<Item>(patience)
  inboxes.set(key, inbox)
  return inbox
}

function keyOf({ appId, channel }: Place): string {
  return JSON.stringify([appId, channel])
}
