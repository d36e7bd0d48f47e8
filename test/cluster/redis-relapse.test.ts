import { expect, it, onTestFinished, vi } from 'vitest'
import { stale } from '../../src/server/cluster/broker.ts'
import { apiOf } from '../support/api.ts'
import { openBroker } from '../support/broker.ts'
import { eventually } from '../support/eventually.ts'
import { startRedis } from '../support/redis.ts'
import { startServer } from '../support/server.ts'

const room = 'presence-room'

it('whoever left a moment before another Redis took over, which has not heard of it, is gone all the same', async () => {
  const redis = await startRedis('--enable-debug-command', 'local')
  try {
    const start = () => startServer({ scalingDriver: 'redis', redis: { url: redis.url } })
    const [here, there] = [await start(), await start()]
    const joined = () =>
      eventually(() => [here.server.trouble, there.server.trouble]).toEqual([undefined, undefined])
    await joined()
    const api = apiOf(here)
    const witness = await here.connect()
    await witness.join(room, { user_id: 'a' })
    const leaver = await there.signedIn('7')
    await leaver.join(room, { user_id: '7' })
    await leaver.join('news')
    expect(await redis.cli('save')).toBe('OK')
    await leaver.close()
    await eventually(() => api.read('/connections')).toEqual({ connections: 1 })
    await eventually(() => api.read(`/channels/${room}/users`)).toEqual({ users: [{ id: 'a' }] })

    expect(await redis.cli('debug', 'reload', 'nosave')).toBe('OK')
    expect(await api.read('/connections')).toEqual({ connections: 2 })
    const losses = there.server.counters.brokerLosses
    for (const kind of ['normal', 'pubsub']) await redis.cli('client', 'kill', 'type', kind)
    await eventually(() => there.server.counters.brokerLosses).toBeGreaterThan(losses)
    await joined()
    await eventually(() => api.read('/connections')).toEqual({ connections: 1 })
    await eventually(() => api.read(`/channels/${room}/users`)).toEqual({ users: [{ id: 'a' }] })
    await eventually(() => api.read('/channels')).toEqual({ channels: { [room]: {} } })
    await eventually(() => redis.cli('exists', '{reverb}:user:app-id:7')).toBe('0')
  } finally {
    await redis.kill()
  }
})

it('a life of which a Redis has forgotten more than its node can say again is over, and any other goes on', async () => {
  const redis = await startRedis('--enable-debug-command', 'local')
  try {
    const { broker, node } = await openBroker({ url: redis.url, prefix: 'relapse' })
    /** Redis forgets a renewal; its lease ends so much later than the one before as if it had come so much later. */
    const relapse = async (forgotten: number) => {
      await node.begin(50_000)
      expect(await redis.cli('save')).toBe('OK')
      await node.renew(50_000 + forgotten)
      expect(await redis.cli('debug', 'reload', 'nosave')).toBe('OK')
    }
    const renewed = () => broker.ledger.renew(node.id, 50_000, false)
    await relapse(2_000)
    expect(await renewed()).not.toBe(stale)
    await relapse(4_000)
    expect(await renewed()).toBe(stale)
    expect(await renewed()).toBe(stale)
    await relapse(2_000)
    // So the one before it is from four seconds ago.
    const now = performance.now.bind(performance)
    const later = vi.spyOn(performance, 'now').mockImplementation(() => now() + 2_000)
    onTestFinished(() => later.mockRestore())
    expect(await renewed()).toBe(stale)
  } finally {
    await redis.kill()
  }
})
