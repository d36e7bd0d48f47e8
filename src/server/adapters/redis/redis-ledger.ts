import { settleTime } from '../../adapter.ts'
import type {
  Departure,
  Held,
  Holding,
  Ledger,
  Place,
  PlaceState,
  Renewed,
  Settled,
} from '../../cluster/broker.ts'
import { stale } from '../../cluster/broker.ts'
import { patienceOf } from '../../cluster/deadlines.ts'
import type { RedisLink } from './redis-link.ts'
import { placeName, type RedisNames, readPlace, readSegment, segment } from './redis-names.ts'
import { listOf, membersOf, pairsOf, textsOf } from './redis-replies.ts'
import { connect } from './scripts/connect.ts'
import { hold } from './scripts/hold.ts'
import { online } from './scripts/online.ts'
import { connections, occupied, state } from './scripts/reads.ts'
import { reap } from './scripts/reap.ts'
import { renew } from './scripts/renew.ts'
import type { Script } from './scripts/script.ts'
import { settle } from './scripts/settle.ts'
import { sign } from './scripts/sign.ts'

type Word = string | number | boolean

/** Milliseconds for which anything may be under way: leases of a few seconds are for tests, on machines that hold processes up. */
const leastPatience = 1_000

/** What Redis has said of the lease of a node. */
interface Lease {
  readonly node: string
  /** In milliseconds. */
  readonly ttl: number
  /** Milliseconds on the clock of Redis. */
  readonly expires: number
  readonly link: RedisLink
  /** Milliseconds on the monotonic clock of this process. */
  readonly renewedAt: number
}

/** The truth about a cluster in a Redis: each call is one script, but for those that are made in parts. */
export class RedisLedger implements Ledger {
  readonly #link: () => RedisLink
  readonly #names: RedisNames
  #lease: Lease | undefined

  /** `link` throws while there is none. */
  constructor(link: () => RedisLink, names: RedisNames) {
    this.#link = link
    this.#names = names
  }

  async renew(node: string, ttl: number, fresh: boolean): Promise<Renewed | typeof stale> {
    const [link, renewedAt] = [this.#link(), performance.now()]
    const reply = await this.#run(renew, [node, link.turn, ttl, fresh, this.#leastLease(node)])
    if (reply === stale) return stale
    const [alive, expired, memory, expires] = listOf(reply)
    this.#lease = { node, ttl, expires: Number(expires), link, renewedAt }
    return { alive: Number(alive), expired: textsOf(expired), memory: String(memory) }
  }

  async hold(node: string, place: Place, holding: Holding, known: number): Promise<Held | typeof stale> {
    const { subscriptions, add, remove, limit, counted, settled, keep } = holding
    const reply = await this.#say(hold, node, [
      ...[segment(place.appId), segment(place.channel), known],
      ...[subscriptions, counted, settled, keep, limit],
      ...[remove.length, ...remove, ...add.flatMap(({ id, info }) => [id, info])],
    ])
    return reply === stale ? stale : heldOf(reply)
  }

  async watch(places: readonly Place[]): Promise<void> {
    await this.#link().subscribe(places.map((place) => this.#names.changed(place)))
  }

  async unwatch(places: readonly Place[]): Promise<void> {
    await this.#link().unsubscribe(places.map((place) => this.#names.changed(place)))
  }

  async state(place: Place): Promise<PlaceState> {
    const [version, subscriptions, users] = listOf(await this.#run(state, [placeName(place)]))
    return { version: Number(version), subscriptions: Number(subscriptions), members: membersOf(users) }
  }

  async occupied(appId: string, prefix: string): ReturnType<Ledger['occupied']> {
    const found = new Map<string, { readonly subscriptions: number; readonly users: number }>()
    const pattern = `${segment(prefix).replace(/[*?[\]\\]/g, '\\$&')}*`
    let cursor = '0'
    do {
      const [next, part] = listOf(await this.#run(occupied, [segment(appId), cursor, pattern]))
      for (const [channel, counts] of pairsOf(part)) {
        const [subscriptions, users] = counts.split(':').map(Number)
        found.set(readSegment(channel), { subscriptions: subscriptions ?? 0, users: users ?? 0 })
      }
      cursor = String(next)
    } while (cursor !== '0')
    return found
  }

  async connect(
    node: string,
    appId: string,
    connections: number,
    limit: number,
  ): Promise<number | typeof stale> {
    const reply = await this.#say(connect, node, [segment(appId), connections, limit])
    return reply === stale ? stale : Number(reply)
  }

  async connections(appId: string): Promise<number> {
    const counts = textsOf(await this.#run(connections, [segment(appId)]))
    return counts.reduce((sum, count) => sum + Number(count), 0)
  }

  async sign(
    node: string,
    appId: string,
    userId: string,
    signedIn: boolean,
  ): Promise<boolean | typeof stale> {
    const reply = await this.#say(sign, node, [userName(appId, userId), signedIn])
    return reply === stale ? stale : reply === 1
  }

  async online(appId: string, userIds: readonly string[]): Promise<ReadonlySet<string>> {
    const names = userIds.map((userId) => userName(appId, userId))
    const answers = listOf(await this.#run(online, names))
    return new Set(userIds.filter((_, at) => answers[at] === 1))
  }

  async reap(node: string): Promise<boolean> {
    return (await this.#run(reap, [node, false])) === 1
  }

  async settle(node: string, grace: number): Promise<Settled | typeof stale> {
    let reply = await this.#say(settle, node, [grace])
    if (reply === stale) return stale
    const parts: string[][] = []
    while (reply !== stale) {
      const [isMore, part] = listOf(reply)
      parts.push(textsOf(part))
      if (isMore !== 1) break
      // What was handed out already is handed out to nobody else: it must not be lost with the rest.
      reply = await this.#say(settle, node, [grace]).catch(() => stale)
    }
    return settledOf(parts.flat())
  }

  async forget(node: string): Promise<void> {
    while ((await this.#run(reap, [node, true])) !== 1);
  }

  /**
   * When the lease of a node ends that Redis must remember. What was said in the last moments of a link is said again should
   * Redis have forgotten it; if it has forgotten a renewal from before them, it may still have what was given up since.
   */
  #leastLease(node: string): number {
    if (this.#lease?.node !== node) return 0
    const { expires, link, renewedAt } = this.#lease
    const age = (link.endedAt ?? performance.now()) - renewedAt
    return Math.round(expires - Math.max(0, settleTime - age))
  }

  /** When a node gives up what it asks now, in milliseconds on the clock of Redis: never too early. */
  #deadline(node: string): number {
    if (this.#lease?.node !== node) return Number.MAX_SAFE_INTEGER
    const { ttl, expires, renewedAt } = this.#lease
    const now = expires - ttl + performance.now() - renewedAt
    return Math.ceil(now + Math.max(patienceOf(ttl), leastPatience))
  }

  /** What was asked of an earlier link is refused, however late it comes, and so is what has been given up by then. */
  async #say(script: Script, node: string, said: readonly Word[]): Promise<unknown> {
    return this.#run(script, [node, this.#link().turn, this.#deadline(node), ...said])
  }

  async #run(script: Script, said: readonly Word[]): Promise<unknown> {
    const words = said.map((word) => (typeof word === 'boolean' ? String(Number(word)) : String(word)))
    return this.#link().run(script, this.#names.ledger, words)
  }
}

function heldOf(reply: unknown): Held {
  const [version, previous, subscriptions, occupied, added, removed, refused, back, members] = listOf(reply)
  return {
    version: Number(version),
    previous: Number(previous),
    subscriptions: Number(subscriptions),
    occupied: occupied === '1',
    added: textsOf(added),
    removed: textsOf(removed),
    refused: textsOf(refused),
    back: textsOf(back),
    members: members === null ? undefined : membersOf(members),
  }
}

/** What is over, as the scripts name it by its kind. */
function settledOf(entries: readonly string[]): Settled {
  const departures: Departure[] = []
  const offline: Settled['offline'][number][] = []
  for (const entry of entries) {
    const name = entry.slice(1)
    if (entry.startsWith('p')) departures.push({ ...readPlace(name), userId: undefined })
    else if (entry.startsWith('m')) departures.push(readMember(name))
    else offline.push(readUser(name))
  }
  return { departures, offline }
}

function userName(appId: string, userId: string): string {
  return `${segment(appId)}:${userId}`
}

/** `<app>:<user>` */
function readUser(name: string): Settled['offline'][number] {
  const colon = name.indexOf(':')
  return { appId: readSegment(name.slice(0, colon)), userId: name.slice(colon + 1) }
}

/** `<app>:<channel>:<user>` */
function readMember(name: string): Departure {
  const colon = name.indexOf(':', name.indexOf(':') + 1)
  return { ...readPlace(name.slice(0, colon)), userId: name.slice(colon + 1) }
}
