import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { startBalancer } from '../support/balancer.ts'
import { ensureBuilt } from '../support/built.ts'
import { startNodeProcess } from '../support/cluster-process.ts'
import { eventually } from '../support/eventually.ts'
import { startRedis } from '../support/redis.ts'
import { ReturningClient } from '../support/returning-client.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

const crowd = 2000
const users = 50
const spread = 8

beforeAll(ensureBuilt, 120_000)

describe('leaving', () => {
  it('C174 a node that goes hands its clients over to the other: none gives up, no user flickers, no stampede', {
    timeout: 90_000,
  }, async () => {
    const redis = await startRedis()
    onTestFinished(() => redis.kill())
    const env = { REVERB_DRAIN: String(spread) }
    const [going, staying] = await Promise.all([
      startNodeProcess(await startTcpProxy(redis.port), env),
      startNodeProcess(await startTcpProxy(redis.port), env),
    ])
    const { port } = await startBalancer([going.port, staying.port])
    const clients = Array.from({ length: crowd }, (_, index) =>
      index < users
        ? new ReturningClient(port, 'presence-room', String(index))
        : new ReturningClient(port, 'private-news'),
    )
    onTestFinished(() => {
      for (const client of clients) client.end()
    })
    const watcher = new ReturningClient(staying.port, 'presence-room', 'watcher')
    onTestFinished(() => watcher.end())
    const states = () => new Set([...clients, watcher].map(({ state }) => state))
    await eventually(states).toEqual(new Set(['connected']))
    await eventually(async () => (await staying.api.get('/channels/presence-room/users')).body).toSatisfy(
      (body: { users?: unknown[] }) => body.users?.length === users + 1,
    )
    watcher.members.length = 0
    const before = performance.now()
    going.signal('SIGTERM')
    expect(await going.run.ended).toBe(0)
    await eventually(states).toEqual(new Set(['connected']))
    const moved = clients
      .flatMap(({ established }) => established.filter((at) => at > before))
      .sort((a, b) => a - b)
    expect(moved.length).toBeGreaterThan(crowd / 3)
    // Nobody was told of anybody: each was on the other node before its three seconds were over.
    expect(watcher.members).toEqual([])
    const { body } = await staying.api.get('/connections')
    expect(body).toEqual({ connections: crowd + 1 })
    expect(peak(moved)).toBeLessThan(2 * (moved.length / spread))
  })
})

/** The most that came within one second. */
function peak(times: readonly number[]): number {
  let [most, first] = [0, 0]
  for (const [last, time] of times.entries()) {
    while (time - (times[first] ?? 0) > 1000) first++
    most = Math.max(most, last - first + 1)
  }
  return most
}
