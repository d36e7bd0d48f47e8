import { expect, it } from 'vitest'
import { apiOf } from '../support/api.ts'
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
