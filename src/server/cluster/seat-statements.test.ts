import { describe, expect, it, vi } from 'vitest'
import { eventually } from '../../../test/support/eventually.ts'
import { joinedLink } from '../../../test/support/joined-link.ts'
import { channelName, makeApp, member, socketIdOf } from '../../../test/support/parts.ts'
import type { Member } from '../../protocol/messages.ts'
import { BrokerHub } from '../../testing/broker-hub.ts'
import type { RegistryListener } from '../adapter.ts'
import { Seat } from './seat.ts'
import { SeatStatements } from './seat-statements.ts'

/** What a node that has joined says of a channel, and what its subscribers are told. */
async function begin(options: Parameters<typeof makeApp>[0] = {}) {
  const { link, broker } = await joinedLink(new BrokerHub())
  const told: string[] = []
  const listener: RegistryListener = {
    wantsTransitions: false,
    memberAdded: (_app, _channel, { id }) => void told.push(`+${id}`),
    memberRemoved: (_app, _channel, id) => void told.push(`-${id}`),
    counted() {},
    transition() {},
    userChanged() {},
    isWatched: () => false,
    watchedUsers: () => [],
  }
  const { ledger } = broker
  const around = { link, ledger, listener, doubtful: false, draining: false }
  const seat = new Seat(makeApp(options), channelName('presence-room'))
  const emptied = vi.fn()
  return { statements: new SeatStatements(seat, around, emptied), seat, around, ledger, told, emptied }
}

describe('SeatStatements', () => {
  it('tells that a user has left who leaves and comes anew, and finds that others have filled the channel', async () => {
    const { statements, seat, told } = await begin({ presenceMaxMembers: 1 })
    const enter = (socketId: string, member: Member) => {
      const entry = { socketId: socketIdOf(socketId), member }
      seat.enter(entry)
      return entry
    }
    const before = enter('1.1', member('a'))
    expect(await statements.told(before)).toBe('joined')
    const [other, anew] = [enter('1.2', member('b')), { id: 'a', info: '{"anew":true}' }]
    seat.exit(before)
    const entries = [other, enter('1.3', anew)]
    expect(await Promise.all(entries.map((entry) => statements.told(entry)))).toEqual(['joined', 'full'])
    await eventually(() => told.toSorted()).toEqual(['+a', '+b', '-a'])
    expect([...seat.roster.keys()]).toEqual(['b'])
  })

  it('is emptied when the ledger has heard that nobody is here, and not while it is out of reach', async () => {
    const { statements, seat, around, ledger, emptied } = await begin()
    const entry = { socketId: socketIdOf('1.1'), member: member('a') }
    seat.enter(entry)
    await statements.told(entry)
    vi.spyOn(ledger, 'hold').mockRejectedValueOnce(new Error('The connection was lost'))
    seat.exit(entry)
    await statements.told(entry)
    expect(emptied).not.toHaveBeenCalled()
    await vi.waitFor(() => expect(around.link.up).toBe(true))
    await statements.sayAgain()
    expect(emptied).toHaveBeenCalledTimes(1)
  })

  describe('#refresh', () => {
    it('asks again while the answer is older than what is known, for whoever is in doubt', async () => {
      const { statements, seat, around, ledger, told } = await begin()
      const before = { version: 5, subscriptions: 2, members: ['a', 'b'].map(member) }
      seat.learnState(before, false)
      around.doubtful = true
      statements.noticed({ version: 6, previous: 5, subscriptions: 1, added: [], removed: ['b'] })
      around.doubtful = false
      vi.spyOn(ledger, 'state')
        .mockResolvedValueOnce(before)
        .mockResolvedValueOnce({ version: 6, subscriptions: 1, members: [member('a')] })
      await statements.refresh()
      expect(told).toEqual(['-b'])
    })

    it('asks once where the answer is that nobody is there, which has no age', async () => {
      const { statements, seat, around, ledger } = await begin()
      around.doubtful = true
      seat.learnState({ version: 5, subscriptions: 1, members: [member('a')] }, true)
      statements.noticed({ version: 6, previous: 5, subscriptions: 0, added: [], removed: ['a'] })
      around.doubtful = false
      const state = vi.spyOn(ledger, 'state')
      await statements.refresh()
      expect(state).toHaveBeenCalledTimes(1)
    })
  })
})
