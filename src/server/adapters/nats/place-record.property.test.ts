import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Held, Holding } from '../../cluster/broker.ts'
import { MemoryLedger } from '../../cluster/memory-ledger.ts'
import {
  applyFarewell,
  applyHolding,
  isVacant,
  type PlaceChange,
  settlePlace,
  subscriptionsOf,
  unknownPlace,
} from './place-record.ts'

const place = { appId: 'app', channel: 'presence-room' }
const lives = ['a.1', 'b.1', 'c.1'] as const

const ids = fc.uniqueArray(fc.constantFrom('1', '2', '3', '4', '__proto__'), { maxLength: 3 })
const members = fc.tuple(ids, fc.constantFrom('1', '2')).map(([all, info]) => all.map((id) => ({ id, info })))

const holding: fc.Arbitrary<Holding> = fc.record({
  subscriptions: fc.nat(2),
  add: members,
  remove: ids,
  limit: fc.constantFrom(0, 2, 3),
  counted: fc.boolean(),
  settled: fc.boolean(),
  keep: fc.constantFrom(0, 0, 30),
})

const life = fc.constantFrom(...lives)
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('hold' as const), life, holding }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), life }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('settle' as const), grace: fc.constantFrom(0, 25) }),
  },
)

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

/** Whatever can be seen of one step: what it answers, what it tells, and what the place is like then. */
interface Seen {
  readonly answer: unknown
  readonly told: unknown
  readonly state: unknown
}

/** The steps as the ledger in memory takes them. */
class Memory {
  #now = 0
  #told: unknown
  readonly #ledger = new MemoryLedger({
    clock: () => this.#now,
    changed: (_place, { subscriptions, added, removed }) => {
      this.#told = [subscriptions, added, removed.toSorted()]
    },
  })

  take(taken: Step, now: number): Seen {
    this.#now = now
    this.#told = undefined
    for (const each of lives) this.#ledger.renew(each, 1e9, true)
    const answer = this.#answer(taken)
    const { subscriptions, members } = this.#ledger.state(place)
    return { answer, told: this.#told, state: [subscriptions, members] }
  }

  #answer(taken: Step): unknown {
    if (taken.kind === 'leave') return this.#ledger.forget(taken.life)
    if (taken.kind === 'settle') {
      const settled = this.#ledger.settle(lives[0], taken.grace)
      return settled === 'stale' ? settled : namesOf(settled.departures)
    }
    const held = this.#ledger.hold(taken.life, place, taken.holding, -1)
    return held === 'stale' ? held : answerOf(held, held.added)
  }
}

/** The steps as records take them. */
class Records {
  #record = unknownPlace

  take(taken: Step, now: number): Seen {
    const { change, answer } = this.#take(taken, now)
    this.#record = change.record
    const { subscriptions, added, removed, told, record } = change
    const state = isVacant(record) ? [] : record.members.map(({ id, info }) => ({ id, info }))
    return {
      answer,
      told: told ? [subscriptions, added, removed.toSorted()] : undefined,
      state: [subscriptionsOf(record), state],
    }
  }

  #take(taken: Step, now: number): { change: PlaceChange; answer: unknown } {
    if (taken.kind === 'leave') {
      return { change: applyFarewell(this.#record, taken.life, now), answer: undefined }
    }
    if (taken.kind === 'settle') {
      const { change, departed } = settlePlace(this.#record, now, taken.grace)
      return { change, answer: namesOf(departed) }
    }
    const change = applyHolding(this.#record, taken.life, taken.holding, now)
    return {
      change,
      answer: answerOf(
        change,
        change.added.map(({ id }) => id),
      ),
    }
  }
}

function answerOf(held: Pick<Held, 'removed' | 'refused' | 'back' | 'occupied'>, added: readonly string[]) {
  const { removed, refused, back, occupied } = held
  return [added, removed, refused, back, occupied]
}

function namesOf(departed: readonly { readonly userId?: string | undefined }[]): unknown {
  return departed.map(({ userId }) => JSON.stringify(userId) ?? 'place').toSorted()
}

describe('Whatever is said of a place,', () => {
  it('a record makes of it what the ledger in memory makes of it', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30, size: 'max' }), (taken) => {
        const [memory, records] = [new Memory(), new Records()]
        for (const [index, each] of taken.entries()) {
          expect(records.take(each, index * 10)).toEqual(memory.take(each, index * 10))
        }
      }),
      { numRuns: 300, interruptAfterTimeLimit: 10_000 },
    )
  })
})
