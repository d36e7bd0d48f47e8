import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { channelName, makeApp, member, socketIdOf } from '../../../test/support/parts.ts'
import type { Member } from '../../protocol/messages.ts'
import { settleTime } from '../adapter.ts'
import type { Held } from './broker.ts'
import { type Difference, type Entry, Seat } from './seat.ts'

const app = makeApp({ presenceMaxMembers: 2 })
const room = channelName('presence-room')

let seat: Seat

beforeEach(() => {
  seat = new Seat(app, room)
})

function entry(socketId: string, userId?: string): Entry {
  return { socketId: socketIdOf(socketId), member: userId === undefined ? undefined : member(userId) }
}

const ids = (members: Iterable<Member>) => [...members].map(({ id }) => id)

function words(difference: Difference | undefined): string | undefined {
  return (
    difference &&
    [...difference.removed.map((id) => `-${id}`), ...difference.added.map(({ id }) => `+${id}`)].join()
  )
}

/** What everybody has, as the ledger says it. */
function state(version: number, ...userIds: string[]) {
  return { version, subscriptions: userIds.length, members: userIds.map(member) }
}

function notice(version: number, previous: number, added: string[], removed: string[] = []) {
  return { version, previous, subscriptions: 1, added: added.map(member), removed }
}

describe('Seat', () => {
  describe('what this node has', () => {
    it('is to be added with the first connection of a user, and to be removed with the last', () => {
      const [first, second] = [entry('1.1', '7'), entry('1.2', '7')]
      seat.enter(first)
      seat.enter(second)
      expect([seat.subscriptions, ids(seat.toAdd())]).toEqual([2, ['7']])
      seat.attempted(seat.toAdd())
      seat.exit(first)
      expect([ids(seat.toAdd()), seat.toRemove()]).toEqual([[], []])
      seat.exit(second)
      expect(seat.toRemove()).toEqual(['7'])
      seat.confirmed(0, [], ['7'], [])
      expect(seat.toRemove()).toEqual([])
    })

    it('is to be removed also when nobody knows whether it was added', () => {
      const only = entry('1.1', '7')
      seat.enter(only)
      seat.attempted(seat.toAdd())
      seat.exit(only)
      expect(seat.toRemove()).toEqual(['7'])
    })

    it('is not touched by an entry that has ended, or begun anew', () => {
      const [old, next] = [entry('1.1', '7'), entry('1.1', '7')]
      seat.enter(old)
      seat.exit(old)
      seat.enter(next)
      seat.exit(old)
      expect([seat.subscriptions, ids(seat.members)]).toEqual([1, ['7']])
    })

    it('may be forgotten to be over: who has gone lately is to be removed once more, unless back', () => {
      vi.useFakeTimers({ toFake: ['performance'] })
      onTestFinished(() => void vi.useRealTimers())
      const entries = ['7', '8', '9'].map((userId, at) => entry(`1.${at}`, userId))
      const say = () => {
        const [add, remove] = [seat.toAdd(), seat.toRemove()]
        seat.attempted(add)
        seat.confirmed(seat.subscriptions, add, remove, [])
      }
      for (const each of entries) seat.enter(each)
      say()
      for (const each of entries.slice(0, 2)) seat.exit(each)
      say()
      seat.enter(entry('1.3', '8'))
      expect([seat.gone(), seat.toRemove()]).toEqual([['7'], []])
      vi.advanceTimersByTime(settleTime + 1)
      say()
      expect(seat.gone()).toEqual([])
    })

    it('is all to be added when the ledger may have forgotten it', () => {
      seat.enter(entry('1.1', '7'))
      seat.attempted(seat.toAdd())
      expect([ids(seat.toAdd()), ids(seat.claimed())]).toEqual([[], ['7']])
    })

    it('is all to be added then, and first to be removed where a user is there with another info', () => {
      const first = entry('1.1', '7')
      seat.enter(first)
      seat.attempted(seat.toAdd())
      seat.exit(first)
      const anew = { id: '7', info: '{"anew":true}' }
      seat.enter({ socketId: socketIdOf('1.2'), member: anew })
      expect([seat.claimed(), seat.gone()]).toEqual([[anew], ['7']])
    })
  })

  describe('a user who goes and comes back while something is being said', () => {
    const changed = (): Entry => ({ socketId: socketIdOf('1.2'), member: { id: '7', info: '{"anew":true}' } })

    beforeEach(() => {
      const first = entry('1.1', '7')
      seat.enter(first)
      seat.attempted(seat.toAdd())
      seat.confirmed(1, seat.claimed(), [], [])
      seat.exit(first)
    })

    it('with the same info has never been away', () => {
      seat.enter(entry('1.2', '7'))
      expect([ids(seat.toAdd()), seat.toRemove(), ids(seat.claimed())]).toEqual([[], [], ['7']])
    })

    it('with another info is to be removed and added', () => {
      seat.enter(changed())
      const [add, remove] = [seat.toAdd(), seat.toRemove()]
      expect([add, remove]).toEqual([[{ id: '7', info: '{"anew":true}' }], ['7']])
      seat.attempted(add)
      seat.confirmed(1, add, remove, [])
      expect([seat.isSaid, ids(seat.claimed())]).toEqual([true, ['7']])
    })

    it('is to be added again when the ledger has just removed it', () => {
      const remove = seat.toRemove()
      seat.enter(entry('1.2', '7'))
      seat.confirmed(0, [], remove, [])
      expect([ids(seat.toAdd()), seat.toRemove()]).toEqual([['7'], []])
    })
  })

  describe('what it knows of everybody', () => {
    it('goes from version to version, and misses none', () => {
      expect(words(seat.learnState(state(5, 'a', 'b'), false))).toBe('+a,+b')
      expect(words(seat.learnNotice(notice(6, 5, ['c'], ['a']), false))).toBe('-a,+c')
      expect(words(seat.learnNotice(notice(6, 5, ['c'], ['a']), false))).toBe('')
      expect(words(seat.learnNotice(notice(8, 7, ['d']), false))).toBeUndefined()
      expect(words(seat.learnState(state(8, 'b', 'd'), false))).toBe('-c,+d')
      expect(words(seat.learnState(state(7, 'x'), false))).toBe('')
      expect(ids(seat.roster.values())).toEqual(['b', 'd'])
    })

    it('keeps whom the ledger does not know, while others may not have said everything again', () => {
      seat.learnState(state(5, 'a', 'b'), false)
      seat.version = 0
      expect([words(seat.learnState(state(1, 'b'), true)), seat.doubtful]).toEqual(['', true])
      expect(words(seat.learnState(state(2, 'b', 'a'), false))).toBe('')
      expect(words(seat.learnState(state(3, 'b'), false))).toBe('-a')
    })

    it('takes who comes back with another info for one who has come anew, and for nothing with the same', () => {
      seat.learnState(state(5, 'a'), false)
      const anew = { ...notice(6, 5, [], ['a']), added: [{ id: 'a', info: '{"anew":true}' }] }
      expect(words(seat.learnNotice(anew, false))).toBe('-a,+a')
      expect(words(seat.learnNotice({ ...anew, version: 7, previous: 6 }, false))).toBe('')
      expect(ids(seat.roster.values())).toEqual(['a'])
    })

    it('keeps who leaves one node, while another may not have said that it has the same user', () => {
      seat.learnState(state(5, 'a', 'b'), false)
      expect([words(seat.learnNotice(notice(6, 5, ['c'], ['b']), true)), seat.doubtful]).toEqual(['+c', true])
      expect(words(seat.learnState(state(6, 'a', 'c'), false))).toBe('-b')
    })

    it('has whoever is here, although the ledger has taken this node for dead', () => {
      seat.enter(entry('1.1', '7'))
      seat.learnState(state(5, 'a', '7'), false)
      expect(words(seat.learnNotice(notice(6, 5, [], ['7']), false))).toBe('')
      expect(words(seat.learnState(state(7, 'a'), false))).toBe('')
      expect(ids(seat.roster.values())).toEqual(['a', '7'])
    })

    it('has whom the ledger has let in, although something before that was missed', () => {
      const held = (users: Partial<Pick<Held, 'added' | 'refused'>>): Held => {
        const said = { version: 6, previous: 5, subscriptions: 2, removed: [], back: [], occupied: false }
        return { added: [], refused: [], members: undefined, ...said, ...users }
      }
      seat.learnState(state(5, 'a'), false)
      seat.version = 0
      const added = ['7', '8', 'a'].map(member)
      expect(words(seat.learnHeld(held({ added: ['7'], refused: ['8'] }), added, true))).toBe('+7')
      expect(words(seat.learnHeld(held({}), [member('9')], true))).toBe('+9')
      expect([ids(seat.roster.values()), seat.version]).toEqual([['a', '7', '9'], 0])
    })

    it('has a user anew who is there with another info', () => {
      seat.learnState(state(5, 'a'), false)
      const other = { id: 'a', info: '{"name":"A"}' }
      expect(words(seat.learnNotice({ ...notice(6, 5, []), added: [other] }, false))).toBe('-a,+a')
      expect([...seat.roster.values()]).toEqual([other])
    })
  })

  describe('alone', () => {
    it('goes by what it knows, with the limit of the app', () => {
      seat.learnState(state(5, 'a'), false)
      for (const [at, userId] of ['7', '8'].entries()) seat.enter(entry(`1.${at + 1}`, userId))
      const { full, ...difference } = seat.learnAlone()
      expect([words(difference), [...full]]).toEqual(['+7', ['8']])
    })

    it('counts its own subscriptions beside those of the others', () => {
      const first = entry('1.1')
      seat.enter(first)
      seat.confirmed(1, [], [], [])
      seat.learnState({ version: 5, subscriptions: 3, members: [] }, false)
      seat.enter(entry('1.2'))
      seat.learnAlone()
      expect(seat.total).toBe(4)
      seat.exit(first)
      seat.learnAlone()
      expect(seat.total).toBe(3)
    })
  })

  describe('a ledger that has forgotten everything', () => {
    it('takes away nobody who may only not have come back yet, and everybody else in the end', () => {
      seat.learnState(state(5, 'a', 'b'), false)
      seat.version = 0
      expect(words(seat.learnNotice(notice(6, 0, ['a']), true))).toBe('')
      expect([ids(seat.roster.values()), seat.doubtful]).toEqual([['a', 'b'], true])
      expect(words(seat.learnState(state(6, 'a'), false))).toBe('-b')
    })
  })

  describe('who others have been told of', () => {
    it('is known once the ledger has answered, until it has answered that the user is gone', () => {
      seat.enter(entry('1.1', '7'))
      seat.attempted(seat.toAdd())
      seat.learnAlone()
      expect([seat.isKnown('7'), seat.isKnownAsOccupied]).toEqual([false, false])
      seat.confirmed(1, [member('7')], [], [])
      expect([seat.isKnown('7'), seat.isKnownAsOccupied]).toEqual([true, true])
      seat.confirmed(0, [], ['7'], [])
      expect([seat.isKnown('7'), seat.isKnownAsOccupied]).toEqual([false, false])
    })
  })
})
