import { describe, expect, it } from 'vitest'
import type { Place } from '../server/cluster/broker.ts'
import { BrokerHub, type HubBroker } from './broker-hub.ts'
import { brokerSuite } from './broker-suite.ts'

const hubs = new Map<string, BrokerHub>()

function hubOf(prefix: string): BrokerHub {
  const hub = hubs.get(prefix) ?? new BrokerHub()
  hubs.set(prefix, hub)
  return hub
}

describe('a broker of a BrokerHub', () => {
  for (const { title, run } of brokerSuite((prefix) => hubOf(prefix).broker()))
    it.concurrent(title, run, 30_000)
})

const news: Place = { appId: 'app', channel: 'news' }

/** Opens the broker; what it reports is added to the list. */
function heardBy(broker: HubBroker): string[] {
  const heard: string[] = []
  broker.open({
    connected: () => heard.push('connected'),
    disconnected: (reason) => heard.push(reason),
    message: (road, message) => heard.push(`${road}: ${message}`),
    changed: ({ channel }, { subscriptions }) => heard.push(`${channel}: ${subscriptions}`),
  })
  return heard
}

/** Resolves when all that was under way has arrived. */
async function arrived(): Promise<void> {
  for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setImmediate(resolve))
}

describe('BrokerHub', () => {
  it('rejects what is asked, and says so once, when the way to it is cut', async () => {
    const broker = new BrokerHub().broker()
    const heard = heardBy(broker)
    await arrived()
    const asked = broker.ledger.state(news)
    broker.cut('The cable is out')
    broker.cut()
    await expect(asked).rejects.toThrow('The cable is out')
    await expect(broker.ledger.state(news)).rejects.toThrow('no connection')
    broker.heal()
    await broker.ledger.state(news)
    expect(heard).toEqual(['connected', 'The cable is out', 'connected'])
  })

  it('says so too when there was no way from the beginning', async () => {
    const broker = new BrokerHub().broker()
    broker.cut()
    const heard = heardBy(broker)
    broker.reset()
    await arrived()
    expect(heard).toEqual(['It was cut'])
  })

  it('forgets everything when it is wiped, but not how far its versions were', async () => {
    const hub = new BrokerHub()
    const broker = hub.broker()
    const heard = heardBy(broker)
    const holding = { subscriptions: 1, add: [], remove: [], limit: 0, counted: true, settled: true, keep: 0 }
    const memory = await broker.ledger.renew('node.1', 1000, true)
    const before = await broker.ledger.hold('node.1', news, holding, 0)
    hub.wipe()
    broker.heal()
    expect(await broker.ledger.hold('node.1', news, holding, 0)).toBe('stale')
    expect(await broker.ledger.renew('node.2', 1000, true)).not.toEqual(memory)
    const after = await broker.ledger.hold('node.2', news, holding, 0)
    expect(after).toMatchObject({ subscriptions: 1, previous: 0 })
    expect(after !== 'stale' && before !== 'stale' && after.version > before.version).toBe(true)
    expect(heard).toEqual(['connected', 'It was cut', 'connected'])
  })

  it('answers nothing, and brings nothing, while the way to it is stalled', async () => {
    const hub = new BrokerHub()
    const broker = hub.broker()
    const other = hub.broker()
    const heard = heardBy(broker)
    heardBy(other)
    await broker.roads.subscribe(['road'])
    broker.stall()
    const asked = broker.ledger.state(news).then(() => heard.push('answered'))
    await other.roads.send('road', Buffer.from('hello'))
    await arrived()
    expect(heard).toEqual(['connected'])
    broker.unstall()
    await asked
    expect(heard).toEqual(['connected', 'road: hello', 'answered'])
  })
})
