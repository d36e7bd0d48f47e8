import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { eventually } from '../../../test/support/eventually.ts'
import { joinedLink } from '../../../test/support/joined-link.ts'
import { makeApp, socketIdOf } from '../../../test/support/parts.ts'
import { BrokerHub } from '../../testing/broker-hub.ts'
import { settleTime } from '../adapter.ts'
import { Attendance } from './attendance.ts'

describe('Attendance', () => {
  it('tells others of a user when they are back, should they be out of reach when the ledger has answered', async () => {
    const { link, broker } = await joinedLink(new BrokerHub())
    const tellOfUser = vi.fn(async () => true).mockResolvedValueOnce(false)
    const attendance = new Attendance({ link, ledger: broker.ledger, changed() {}, tellOfUser })
    const app = makeApp()
    await attendance.signIn(app, socketIdOf('1.1'), '7')
    expect(tellOfUser.mock.calls).toEqual([[app.id, '7']])
    for (let times = 0; times < 2; times++) await attendance.recover()
    expect(tellOfUser.mock.calls).toEqual([
      [app.id, '7'],
      [app.id, '7'],
    ])
  })
  it('tells others of a user who has gone again before it was known that the ledger had taken the sign-in', async () => {
    const { link, broker } = await joinedLink(new BrokerHub())
    const { sign } = broker.ledger
    vi.spyOn(broker.ledger, 'sign').mockImplementationOnce(async (...said) => {
      await sign(...said)
      throw new Error('The answer was lost')
    })
    const tellOfUser = vi.fn(async () => true)
    const attendance = new Attendance({ link, ledger: broker.ledger, changed() {}, tellOfUser })
    const [app, socketId] = [makeApp(), socketIdOf('1.1')]
    await attendance.signIn(app, socketId, '7')
    await eventually(() => link.trouble).toBeUndefined()
    expect(tellOfUser).not.toHaveBeenCalled()
    await attendance.signOut(app, socketId, '7')
    expect(tellOfUser.mock.calls).toEqual([[app.id, '7']])
  })

  it('says once more that a user has gone, which the ledger may have forgotten, but not for ever', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const { link, broker } = await joinedLink(new BrokerHub())
    const attendance = new Attendance({
      link,
      ledger: broker.ledger,
      changed() {},
      tellOfUser: async () => true,
    })
    const [app, socketId] = [makeApp(), socketIdOf('1.1')]
    await attendance.signIn(app, socketId, '7')
    await attendance.signOut(app, socketId, '7')
    const sign = vi.spyOn(broker.ledger, 'sign')
    await attendance.recover()
    expect(sign.mock.calls).toEqual([[link.life, app.id, '7', false]])
    vi.advanceTimersByTime(settleTime)
    await attendance.recover()
    expect(sign).toHaveBeenCalledTimes(1)
  })
})
