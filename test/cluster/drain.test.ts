import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { startBalancer } from '../support/balancer.ts'
import { ensureBuilt } from '../support/built.ts'
import { startNodeProcess } from '../support/cluster-process.ts'
import { eventually } from '../support/eventually.ts'
import { startRedis } from '../support/redis.ts'
import { ReturningClient } from '../support/returning-client.ts'

const crowd = 2000
const users = 50
const spread = 8
const room = 'presence-room'

beforeAll(ensureBuilt, 120_000)

describe('leaving', () => {
  it('C174 a node that goes hands its clients over to the other: none gives up, no user flickers, no stampede', {
    timeout: 120_000,
  }, async () => {
    const [going, staying] = await startTwo({ REVERB_DRAIN: String(spread) })
    const { port } = await startBalancer([going.port, staying.port])
    const clients = Array.from({ length: crowd }, (_, index) =>
      index < users
        ? new ReturningClient(port, room, String(index))
        : new ReturningClient(port, 'private-news'),
    )
    const watcher = new ReturningClient(staying.port, room, 'watcher')
    const everybody = [...clients, watcher]
    onTestFinished(() => {
      for (const client of everybody) client.end()
    })
    const states = () => new Set(everybody.map(({ state }) => state))
    const connections = () => staying.api.read('/connections')
    const roster = async () => (await staying.api.read(`/channels/${room}/users`))['users']

    await eventually(states, 30_000).toEqual(new Set(['connected']))
    await eventually(roster).toHaveLength(users + 1)
    watcher.members.length = 0
    const before = performance.now()
    expect(await going.stop()).toBe(0)
    await eventually(connections, 30_000).toEqual({ connections: everybody.length })
    await eventually(states).toEqual(new Set(['connected']))

    // Nobody was told of anybody: each was on the other node before its three seconds were over.
    expect(watcher.members).toEqual([])
    // Whoever comes back too early is sent away once more.
    const sentAway = clients.flatMap(({ closed }) => closed.filter((at) => at > before).slice(0, 1))
    expect(sentAway.length).toBeGreaterThan(crowd / 3)
    // Four times what it should be, as this process may be held up; of a stampede it would be all.
    expect(peak(sentAway)).toBeLessThan(sentAway.length / 2)
  })
})

async function startTwo(env: Readonly<Record<string, string>>) {
  const redis = await startRedis()
  onTestFinished(() => redis.kill())
  return Promise.all([startNodeProcess(redis, env), startNodeProcess(redis, env)])
}

/** The most that came within one second. */
function peak(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b)
  let [most, first] = [0, 0]
  for (const [last, time] of sorted.entries()) {
    while (time - (sorted[first] ?? 0) > 1000) first++
    most = Math.max(most, last - first + 1)
  }
  return most
}
