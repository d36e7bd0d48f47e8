import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { payloadOf } from '../../src/testing/index.ts'
import { ensureBuilt } from '../support/built.ts'
import { type NodeProcess, shortLease, startNodeProcess } from '../support/cluster-process.ts'
import { eventually } from '../support/eventually.ts'
import { Observer } from '../support/observer.ts'
import { type Redis, startRedis } from '../support/redis.ts'

const room = 'presence-room'

let redis: Redis

beforeAll(ensureBuilt, 120_000)

beforeEach(async () => {
  const started = await startRedis()
  redis = started
  onTestFinished(() => started.kill())
})

type Env = Readonly<Record<string, string>>

/** A client in the room, on a node of its own. */
type Resident = Observer & { readonly node: NodeProcess }

/** A node for each of these users, who enter the room one after the other; those who were there have heard of it. */
function cluster(users: readonly [string], env?: Env): Promise<[Resident]>
function cluster(users: readonly [string, string], env?: Env): Promise<[Resident, Resident]>
function cluster(users: readonly [string, string, string], env?: Env): Promise<[Resident, Resident, Resident]>
async function cluster(users: readonly string[], env?: Env): Promise<Resident[]> {
  const starting = users.map(async (id) => ({ id, node: await startNodeProcess(redis, env) }))
  const residents: Resident[] = []
  for (const { id, node } of await Promise.all(starting)) {
    const client = await node.connect()
    await client.join(room, { user_id: id })
    await each(residents, (resident) => resident.hears(`+${id}`))
    residents.push(Object.assign(new Observer(client), { node }))
  }
  return residents
}

async function each(residents: readonly Resident[], step: (resident: Resident) => Promise<unknown>) {
  await Promise.all(residents.map(step))
}

const joined = (...residents: Resident[]) => each(residents, ({ node }) => node.joined())
const alone = (...residents: Resident[]) => each(residents, ({ node }) => node.alone())

async function usersOf({ node }: Resident): Promise<unknown> {
  return (await node.api.read(`/channels/${room}/users`))['users']
}

describe('nodes in processes of their own, over a real Redis', { timeout: 30_000 }, () => {
  it('C77 a node that is killed: its members leave once, its counts and connections go', async () => {
    const [here, there, ghost] = await cluster(['a', 'b', '7'], shortLease)
    await ghost.client.join('news')
    ghost.node.signal('SIGKILL')
    await each([here, there], (resident) => resident.hears('-7'))
    await eventually(() => here.node.api.read('/channels')).toEqual({ channels: { [room]: {} } })
    await eventually(() => there.node.api.read('/connections')).toEqual({ connections: 2 })
    await each([here, there], (resident) => resident.hearsNothing())
  })

  it('a node that is frozen for longer than its lease is taken for dead, and is one of them again when it wakes up', async () => {
    const [here, frozen] = await cluster(['a', '7'], shortLease)
    frozen.node.signal('SIGSTOP')
    await here.hears('-7')
    frozen.node.signal('SIGCONT')
    await here.hears('+7')
    await joined(frozen)
    // Whoever is on the frozen node has not noticed anything, and hears of what happens next.
    await frozen.hearsNothing()
    expect(await usersOf(frozen)).toEqual([{ id: 'a' }, { id: '7' }])
    await here.client.close()
    await frozen.hears('-a')
  })

  it('a freeze that is shorter than the lease is noticed by nobody', async () => {
    const [here, frozen] = await cluster(['a', '7'])
    frozen.node.signal('SIGSTOP')
    await here.node.publish(room, 'meanwhile')
    frozen.node.signal('SIGCONT')
    await each([here, frozen], ({ client }) => client.next('meanwhile'))
    await each([here, frozen], (resident) => resident.hearsNothing())
  })

  it('C177 Redis is killed and starts again empty: nobody is disconnected, nobody leaves, delivery goes on', async () => {
    const [here, there] = await cluster(['a', '7'])
    await redis.kill()
    await alone(here, there)
    expect(await here.node.publish(room, 'lost')).toMatchObject({ status: 503 })
    here.client.send({ event: 'client-hi', channel: room, data: '{}' })
    await redis.start()
    await joined(here, there)
    await eventually(() => usersOf(here)).toHaveLength(2)
    await here.node.publish(room, 'back')
    await each([here, there], ({ client }) => client.next('back'))
    await each([here, there], (resident) => resident.hearsNothing())
  })

  it('Redis that hangs is found out, and forgiven when it goes on', async () => {
    const [here, there] = await cluster(['a', '7'], shortLease)
    redis.signal('SIGSTOP')
    await alone(here, there)
    redis.signal('SIGCONT')
    await joined(here, there)
    await there.client.close()
    await here.hears('-7')
  })

  it('a cable that is pulled: the others see its members leave, it sees nobody leave, and both see the truth afterwards', async () => {
    const [here, there] = await cluster(['a', '7'], shortLease)
    there.node.proxy.stall()
    await here.hears('-7')
    await alone(there)
    await there.hearsNothing()
    there.node.proxy.heal()
    await here.hears('+7')
    await joined(there)
    await there.hearsNothing()
  })

  it('C175 after a clean stop nothing of a node remains, and after the last one only the name of the memory', async () => {
    const [here, there] = await cluster(['a', '7'])
    await there.client.join('news')
    await there.client.signin({ id: '7' })
    expect(await there.node.stop()).toBe(0)
    expect((await there.client.closed).code).toBe(4200)
    await here.hears('-7')
    expect(await here.node.api.read('/channels')).toEqual({ channels: { [room]: {} } })
    expect(await here.node.stop()).toBe(0)
    await eventually(() => redis.cli('keys', '*')).toBe('{reverb}:memory')
  })

  it('every key has a time to live, so that nothing stays for ever after an end without a goodbye', async () => {
    const [here] = await cluster(['a'])
    await here.client.join('news')
    await here.client.signin({ id: 'a' })
    await here.node.publish('cache-news', 'kept')
    here.node.signal('SIGKILL')
    const keys = (await redis.cli('keys', '*')).split('\n')
    expect(keys.length).toBeGreaterThan(4)
    for (const key of keys) expect(Number(await redis.cli('ttl', key))).toBeGreaterThan(0)
  })

  it('two installations with different prefixes on one Redis never see each other', async () => {
    const [here] = await cluster(['a'], { REVERB_SCALING_PREFIX: 'one' })
    const other = await startNodeProcess(redis, { REVERB_SCALING_PREFIX: 'two' })
    const there = await other.connect()
    const roster = await there.join(room, { user_id: 'b' })
    expect(payloadOf(roster)).toMatchObject({ presence: { ids: ['b'] } })
    await here.node.publish(room, 'mine')
    await here.client.next('mine')
    await there.silence()
    expect(await here.node.api.read('/connections')).toEqual({ connections: 1 })
  })
})
