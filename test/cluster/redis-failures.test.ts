import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { stale } from '../../src/server/cluster/broker.ts'
import { beginBroker, openBroker } from '../support/broker.ts'
import { eventually } from '../support/eventually.ts'
import { type Redis, startRedis } from '../support/redis.ts'
import { clientOf, libraries } from '../support/redis-client.ts'
import { startServer } from '../support/server.ts'
import { startSilentPort } from '../support/silent-port.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

let redis: Redis

beforeAll(async () => {
  redis = await startRedis()
})

afterAll(() => redis.kill())

const place = { appId: 'app', channel: 'presence-room' }

function urlOf({ port }: { readonly port: number }): string {
  return `redis://127.0.0.1:${port}`
}

describe('A redis broker', () => {
  it('gives up a Redis that says nothing, and tries again', async () => {
    await Promise.all(
      libraries.map(async (library) => {
        const proxy = await startTcpProxy(redis.port)
        proxy.stall()
        const { node, lost } = beginBroker({
          ...clientOf(library, urlOf(proxy)),
          prefix: `${library}-stalled`,
        })
        expect(await lost()).toBe('Redis did not answer in time')
        proxy.heal()
        await node.connected()
      }),
    )
  }, 30_000)
})

describe.each(libraries)('A redis broker by the package %s', (library) => {
  it('leaves no connection behind that it has given up while it opened', async () => {
    const silent = await startSilentPort()
    // Closed at any point of the way: before there is a socket, while it connects, and when it has connected.
    const [microtask, turn] = [() => Promise.resolve(), () => new Promise((resolve) => setImmediate(resolve))]
    for (const [wait, most] of [
      [turn, 10],
      [microtask, 60],
    ] as const) {
      for (let times = 0; times < most; times++) {
        const { broker } = beginBroker({ ...clientOf(library, urlOf(silent)), prefix: 'given-up' })
        for (let waited = 0; waited < times; waited++) await wait()
        await broker.close()
      }
    }
    await eventually(() => silent.taken).toBeGreaterThan(10)
    await eventually(() => silent.open).toBe(0)
  })

  it('rejects at once what it was asked when it is reset', async () => {
    const { broker, node } = await openBroker({ ...clientOf(library, redis.url), prefix: `${library}-reset` })
    redis.signal('SIGSTOP')
    onTestFinished(() => redis.signal('SIGCONT'))
    const rejected: string[] = []
    const asked = {
      state: broker.ledger.state(place),
      send: broker.roads.send('road', Buffer.from('hello')),
      subscribe: broker.roads.subscribe(['road']),
      unsubscribe: broker.roads.unsubscribe(['other']),
    }
    for (const [what, answer] of Object.entries(asked)) answer.catch(() => rejected.push(what))
    // So that it is on its way.
    await new Promise((resolve) => setTimeout(resolve, 50))
    broker.reset()
    await new Promise((resolve) => setImmediate(resolve))
    expect(rejected.sort()).toEqual(Object.keys(asked).sort())
    redis.signal('SIGCONT')
    await node.connected()
  })

  it('has nothing done that it has given up by the time that a frozen Redis goes on', async () => {
    const { broker, node } = await openBroker({
      ...clientOf(library, redis.url),
      prefix: `${library}-frozen`,
    })
    await node.begin(3_000)
    redis.signal('SIGSTOP')
    onTestFinished(() => redis.signal('SIGCONT'))
    const asked = node.hold(place)
    // On its way, and over the time for which a node with this lease waits.
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    broker.reset()
    await expect(asked).rejects.toThrow()
    redis.signal('SIGCONT')
    await node.connected()
    await node.begin(30_000)
    // For the first time: so somebody learns that the channel was vacant before.
    expect(await node.hold(place)).toMatchObject({ occupied: true })
  })

  it('waits longer after each connection that did not last', async () => {
    const proxy = await startTcpProxy(redis.port)
    const { node } = await openBroker({ ...clientOf(library, urlOf(proxy)), prefix: `${library}-brief` })
    const begun = performance.now()
    for (let losses = 0; losses < 6; losses++) {
      proxy.cut()
      proxy.heal()
      await node.connected()
    }
    // At least half of 50, 100, 200, 400, 800 and 1600 ms.
    expect(performance.now() - begun).toBeGreaterThan(1_500)
  }, 30_000)

  it('hands out what it has been given, should the connection be lost before the rest', async () => {
    const [proxy, prefix, count] = [await startTcpProxy(redis.port), `${library}-half`, 20_000]
    const { broker, node } = await openBroker({ ...clientOf(library, urlOf(proxy)), prefix })
    const other = await openBroker({ url: redis.url, prefix })
    await node.begin()
    await other.broker.ledger.renew('node.2', 60_000, true)
    const ids = Array.from({ length: count }, (_, at) => `user-${at}`)
    await node.hold(place, { add: ids.map((id) => ({ id, info: '{}' })) })
    await node.hold(place, { remove: ids })
    const before = proxy.received
    const asked = broker.ledger.settle(node.id, 0)
    while (proxy.received < before + 100_000) await new Promise((resolve) => setImmediate(resolve))
    proxy.cut()
    const [settled, rest] = [await asked, await other.broker.ledger.settle('node.2', 0)]
    if (settled === stale || rest === stale) throw new Error('A node was taken for dead')
    expect(settled.departures.length).toBeGreaterThanOrEqual(1_000)
    // Lost is only what was on its way.
    expect(settled.departures.length + rest.departures.length).toBeGreaterThanOrEqual(count - 1_000)
  })

  it('says what keeps it from coming back, not only why it was lost', async () => {
    const own = await startRedis()
    onTestFinished(() => own.kill())
    const { server } = await startServer({
      scalingDriver: 'redis',
      redis: clientOf(library, own.url),
    })
    await eventually(() => server.trouble).toBe(undefined)
    await own.cli('config', 'set', 'requirepass', 'another')
    await own.cli('-a', 'another', '--no-auth-warning', 'client', 'kill', 'type', 'normal')
    await own.cli('-a', 'another', '--no-auth-warning', 'client', 'kill', 'type', 'pubsub')
    await eventually(() => server.trouble).toMatch(/cannot be reached: .*(NOAUTH|authentication)/i)
    await own.cli('-a', 'another', '--no-auth-warning', 'config', 'set', 'requirepass', '')
    await eventually(() => server.trouble).toBe(undefined)
  })

  it('is content with the rights that the documents name', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    onTestFinished(() => warn.mockRestore())
    const rights =
      '~{restricted}:* ~restricted:* &{restricted}:* &restricted:* -@all +@read +@write +@pubsub +@scripting +@connection -@dangerous +role +time'
    await redis.cli('acl', 'setuser', 'reverb', 'reset', 'on', '>password', ...rights.split(' '))
    const url = redis.url.replace('//', '//reverb:password@')
    const { broker, node } = await openBroker({ ...clientOf(library, url), prefix: 'restricted' })
    await node.begin()
    await broker.ledger.watch([place])
    await node.hold(place, { add: [{ id: '7', info: '{}' }] })
    await node.notice(place)
    expect(await broker.ledger.occupied('app', '')).toEqual(
      new Map([[place.channel, { subscriptions: 1, users: 1 }]]),
    )
    await node.leave(place, { remove: ['7'] })
    await node.settle()
    await node.connect('app', 1, 5)
    await node.sign('app', '7', true)
    await broker.ledger.online('app', ['7'])
    await broker.roads.subscribe(['road'])
    await node.send('road', 'hello')
    expect(await node.text('road')).toBe('hello')
    await broker.store.keep(place, { event: 'a', data: '1', ttl: 60 }, 'road', Buffer.alloc(8))
    await broker.store.last(place, 'road')
    await broker.ledger.forget(node.id)
    expect(warn).not.toHaveBeenCalled()
  })
})

describe('What is no notice, where only notices come', () => {
  it('is counted, and changes nothing', async () => {
    const nodes = await Promise.all(
      [1, 2].map(() => startServer({ scalingDriver: 'redis', redis: { url: redis.url } })),
    )
    const [one, other] = nodes
    if (one === undefined || other === undefined) throw new Error('There are two')
    for (const { server } of nodes) await eventually(() => server.trouble).toBe(undefined)
    const witness = await one.connect()
    await witness.join('presence-room', { user_id: 'witness' })
    const channel = '{reverb}:changed:app-id:presence-room'
    const garbage = ['garbage', '{}', 'null', '[]', '["1","2","3","99999999999"]', '["1","2","3","-1"]']
    for (const message of garbage) expect(await redis.cli('publish', channel, message)).toBe('1')
    await eventually(() => one.server.counters.relayRefused).toBe(garbage.length)
    const newcomer = await other.connect()
    await newcomer.join('presence-room', { user_id: 'newcomer' })
    expect(await witness.next()).toMatchObject({ event: 'pusher_internal:member_added' })
    expect(one.server.trouble).toBe(undefined)
  })
})
