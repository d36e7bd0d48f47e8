import type { LifecycleEvent } from '../../src/server/lifecycle.ts'
import { transitionKey } from './rights.ts'
import type { Right } from './sim-hub.ts'

/** Milliseconds around a wipe in which what changes may go unannounced. */
const unsettled = 4_500

/** Keeps count of what was announced, over all nodes, against what the ledger has decided. */
export class Transitions {
  readonly #now: () => number
  readonly #violation: (oracle: string, what: string) => void
  readonly #there = new Map<string, boolean>()
  readonly #rights = new Map<string, number>()
  /** Answers that are on their way. */
  readonly #pending = new Map<string, number>()
  /** Keys of which an announcement may be missing. */
  readonly #excused = new Set<string>()
  readonly #changedAt = new Map<string, number>()
  readonly #decidedAt = new Map<string, number>()
  #wipedUntil = Number.NEGATIVE_INFINITY

  constructor(now: () => number, violation: (oracle: string, what: string) => void) {
    this.#now = now
    this.#violation = violation
  }

  /** Who is there may have changed. */
  touched(key: string): void {
    this.#changedAt.set(key, this.#now())
    if (this.#now() < this.#wipedUntil) this.#excused.add(key)
  }

  /**
   * The ledger forgets everything, or what it was told last, until it is back: what is not settled then, or changes meanwhile,
   * may go unannounced.
   */
  forgotten(
    time: number,
    lost: number,
    isThere: (channel: string, user: string | undefined) => boolean,
  ): void {
    this.#wipedUntil = Math.max(this.#wipedUntil, this.#now() + time + unsettled)
    for (const [key, wasThere] of this.#there) {
      const [channel = '', user] = key.split(' ')
      if (isThere(channel, user) !== wasThere) this.#excused.add(key)
    }
    for (const [key, at] of this.#changedAt) if (this.#now() - at < unsettled + lost) this.#excused.add(key)
    // It may have forgotten, too, that it has decided it.
    for (const [key, at] of this.#decidedAt) if (this.#now() - at <= lost) this.#excused.add(key)
  }

  /** The ledger has decided it, and says so to a node. */
  decided(rights: readonly Right[]): void {
    for (const { key, kind } of rights) {
      add(this.#rights, `${key} ${kind}`, 1)
      add(this.#pending, key, 1)
      this.#decidedAt.set(key, this.#now())
    }
  }

  /** The node has the answer; or it is lost, or comes so late that nobody waits for it any more. */
  answered(rights: readonly Right[], inTime: boolean): void {
    for (const { key } of rights) {
      add(this.#pending, key, -1)
      if (!inTime) this.#excused.add(key)
    }
  }

  announced(event: LifecycleEvent): void {
    const { name, channel } = event
    if (name === 'channel_occupied') this.#changed(channel, true)
    else if (name === 'channel_vacated') this.#changed(channel, false)
    else if (name === 'member_added') this.#changed(transitionKey(channel, event.userId), true)
    else if (name === 'member_removed') this.#changed(transitionKey(channel, event.userId), false)
  }

  /** Whether it may be that nobody was told. */
  isExcused(key: string): boolean {
    return this.#excused.has(key) || (this.#pending.get(key) ?? 0) > 0
  }

  /** At rest, what was announced last is so. */
  mustBe(key: string, isThere: boolean): void {
    if (this.isExcused(key) || (this.#there.get(key) ?? false) === isThere) return
    this.#violation('transition', `${key} ${isThere ? 'is' : 'is not'} there, and the opposite was announced`)
  }

  #changed(key: string, isThere: boolean): void {
    const right = `${key} ${isThere ? 'came' : 'went'}`
    // Another node has not heard yet what it shall announce.
    if ((this.#pending.get(key) ?? 0) > 0) this.#excused.add(key)
    if (add(this.#rights, right, -1) < 0)
      this.#violation('transition', `It was announced more often than the ledger decided it: ${right}`)
    if (!this.#excused.has(key) && (this.#there.get(key) ?? false) === isThere) {
      this.#violation('transition', `It was announced twice in a row: ${right}`)
    }
    this.#there.set(key, isThere)
  }
}

function add(counts: Map<string, number>, key: string, more: number): number {
  const count = (counts.get(key) ?? 0) + more
  counts.set(key, count)
  return count
}
