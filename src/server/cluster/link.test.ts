import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { eventually } from '../../../test/support/eventually.ts'
import { joinedLink } from '../../../test/support/joined-link.ts'
import { pending } from '../../../test/support/pending.ts'
import { BrokerHub, type HubBroker } from '../../testing/broker-hub.ts'
import { Metrics } from '../metrics.ts'
import type { Settled } from './broker.ts'
import { Link } from './link.ts'

const ttl = 3_000

let hub: BrokerHub
let broker: HubBroker

beforeEach(() => {
  hub = new BrokerHub()
  broker = hub.broker()
})

/** A link that has begun, with all that it has told. */
function begin() {
  const metrics = new Metrics()
  const told: string[] = []
  const settled: string[] = []
  const link = new Link({
    broker,
    nodeId: 'node',
    ttl,
    metrics,
    logger: { debug() {}, info() {}, warn() {}, error: (line) => void told.push(String(line)) },
  })
  onTestFinished(() => link.close())
  link.start({
    message() {},
    changed() {},
    lost() {},
    recover: async () => {},
    believe() {},
    settled: async ({ offline }) => void settled.push(...offline.map(({ userId }) => userId)),
  })
  return { link, metrics, told, settled }
}

async function up(link: Link): Promise<void> {
  await eventually(() => link.trouble).toBeUndefined()
}

/** Resolves when the hub has had the turns that it needs for an attempt. */
async function attempted(): Promise<void> {
  for (let turns = 0; turns < 50; turns++) await new Promise((resolve) => setImmediate(resolve))
}

describe('Link', () => {
  it('lets nothing that was asked of a lost connection end the one that came after it', async () => {
    const { link, metrics } = begin()
    await up(link)
    let fail = (_reason: Error) => {}
    const late = new Promise<number>((_resolve, reject) => {
      fail = reject
    })
    const asked = link.ask(() => late).catch(() => 'out of reach')
    broker.cut()
    await eventually(() => link.trouble).toBeDefined()
    broker.heal()
    await up(link)
    fail(new Error('The old connection says no'))
    expect(await asked).toBe('out of reach')
    expect([link.trouble, metrics.brokerLosses]).toEqual([undefined, 1])
  })

  it('is lost when it hears nothing, although the broker answers and takes whatever is sent', async () => {
    const { link, told } = begin()
    await up(link)
    const send = vi.spyOn(broker.roads, 'send').mockImplementation(async () => {})
    const renew = vi.spyOn(broker.ledger, 'renew')
    await link.renew()
    await expect(renew.mock.results[0]?.value).resolves.toMatchObject({ alive: 1 })
    expect(link.trouble).toContain('has not answered for 1 s')
    expect(told).toHaveLength(1)
    send.mockRestore()
    await up(link)
  })

  it('is not lost a second time for a message that proves the connection and was lost with it', async () => {
    const { link, metrics } = begin()
    await up(link)
    // Taken by the broker, and never brought back.
    const send = vi.spyOn(broker.roads, 'send').mockImplementationOnce(async () => {})
    const renewed = link.renew()
    await eventually(() => send).toHaveBeenCalled()
    broker.cut()
    await renewed
    broker.heal()
    await up(link)
    expect(metrics.brokerLosses).toBe(1)
  })

  it('leaves nothing in the ledger when it is closed on its way back', async () => {
    const { link } = begin()
    await up(link)
    broker.cut()
    vi.spyOn(broker.roads, 'send').mockImplementation(async () => {})
    const subscribe = vi.spyOn(broker.roads, 'subscribe')
    broker.heal()
    await eventually(() => subscribe).toHaveBeenCalled()
    await link.close()
    const other = await joinedLink(hub, 'other')
    expect(await other.link.ask((life) => other.broker.ledger.renew(life, ttl, false))).toMatchObject({
      alive: 1,
      expired: [],
    })
  })

  it('tells of what it has been handed out, also when it is closed meanwhile', async () => {
    const { link, settled } = begin()
    await up(link)
    await joinedLink(hub, 'other')
    const { promise: answer, resolve } = pending<Settled>()
    const settle = vi.spyOn(broker.ledger, 'settle').mockReturnValueOnce(answer)
    const forget = vi.spyOn(broker.ledger, 'forget')
    await link.renew()
    await eventually(() => settle).toHaveBeenCalled()
    const closed = link.close()
    await attempted()
    expect(forget).not.toHaveBeenCalled()
    resolve({ departures: [], offline: [{ appId: 'app', userId: '7' }] })
    await closed
    expect(settled).toEqual(['7'])
    expect(forget).toHaveBeenCalled()
  })

  it('says why it cannot come back, not only why it was lost', async () => {
    const { link, told } = begin()
    await up(link)
    const renew = vi.spyOn(broker.ledger, 'renew').mockRejectedValue(new Error('There is no memory left'))
    broker.cut('It was cut')
    broker.heal()
    await eventually(() => String(link.trouble)).toContain('There is no memory left')
    expect(told).toEqual([expect.stringContaining('It was cut'), expect.stringContaining('no memory left')])
    renew.mockRestore()
    await up(link)
  })

  it('says what stands in the way of coming back, each reason once', async () => {
    const open = vi.spyOn(broker, 'open')
    const { link, told } = begin()
    await up(link)
    const failed = (reason: string) => open.mock.lastCall?.[0].failed?.(reason)
    failed('This comes too late')
    broker.cut('It was cut')
    await eventually(() => String(link.trouble)).toContain('It was cut')
    for (const reason of ['Refused', 'Refused', 'Wrong password', 'Refused']) failed(reason)
    expect(link.trouble).toContain('Refused')
    expect(told).toEqual(
      ['It was cut', 'Refused', 'Wrong password'].map((reason) => expect.stringContaining(reason)),
    )
    broker.heal()
    await up(link)
  })

  it('tries again at longer and longer intervals where each attempt fails', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const reset = vi.spyOn(broker, 'reset')
    vi.spyOn(broker.roads, 'subscribe').mockRejectedValue(new Error('Not allowed'))
    begin()
    await attempted()
    await vi.advanceTimersByTimeAsync(0)
    expect(reset).toHaveBeenCalledTimes(1)
    for (const [times, pause] of [50, 100, 200, 400].entries()) {
      await attempted()
      await vi.advanceTimersByTimeAsync(pause - 1)
      expect(reset).toHaveBeenCalledTimes(times + 1)
      await vi.advanceTimersByTimeAsync(1)
      expect(reset).toHaveBeenCalledTimes(times + 2)
    }
  })
})
