import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { type ProtocolClient, payloadOf } from '../../src/testing/index.ts'
import { ensureBuilt } from '../support/built.ts'
import { type NodeProcess, startNodeProcess } from '../support/cluster-process.ts'
import { eventually } from '../support/eventually.ts'
import { type Redis, startRedis } from '../support/redis.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

const room = 'presence-room'
const added = 'pusher_internal:member_added'
const removed = 'pusher_internal:member_removed'

let redis: Redis

beforeAll(ensureBuilt, 120_000)

beforeEach(async () => {
  const started = await startRedis()
  redis = started
  onTestFinished(() => started.kill())
})

function startNodes(count: number, env: Record<string, string> = {}): Promise<NodeProcess[]> {
  return Promise.all(
    Array.from({ length: count }, async () => startNodeProcess(await startTcpProxy(redis.port), env)),
  )
}

/** What has become of the members since the last look: `+7`, `-7`. */
async function changes(client: ProtocolClient): Promise<string[]> {
  const names: Record<string, string> = { [added]: '+', [removed]: '-' }
  return (await client.rest()).flatMap((message) => {
    const sign = names[message.event]
    return sign === undefined ? [] : [`${sign}${(payloadOf(message) as { user_id: string }).user_id}`]
  })
}

/** Waits for so many changes, and makes sure that no more come right after them. */
async function changed(client: ProtocolClient, expected: readonly string[]): Promise<void> {
  const heard: string[] = []
  await eventually(async () => {
    heard.push(...(await changes(client)))
    return heard.length
  }).toBeGreaterThanOrEqual(expected.length)
  expect(heard).toEqual(expected)
}

async function usersOf(node: NodeProcess): Promise<unknown> {
  return (await node.api.get(`/channels/${room}/users`)).body['users']
}

describe('nodes in processes of their own, over a real Redis', () => {
  it('C77 a node that is killed: its members leave once, its counts and connections go', async () => {
    const [one, two, three] = (await startNodes(3)) as [NodeProcess, NodeProcess, NodeProcess]
    const [here, there, ghost] = await Promise.all([one.connect(), two.connect(), three.connect()])
    await here.join(room, { user_id: 'a' })
    await there.join(room, { user_id: 'b' })
    await ghost.join(room, { user_id: '7' })
    await ghost.join('news')
    await changed(here, ['+b', '+7'])
    await changed(there, ['+7'])
    three.signal('SIGKILL')
    await Promise.all([changed(here, ['-7']), changed(there, ['-7'])])
    await eventually(async () => (await one.api.get('/channels')).body).toEqual({ channels: { [room]: {} } })
    await eventually(async () => (await two.api.get('/connections')).body).toEqual({ connections: 2 })
    expect([await changes(here), await changes(there)]).toEqual([[], []])
  })

  it('a node that is frozen for longer than its lease is taken for dead, and is one of them again when it wakes up', async () => {
    const [one, two] = (await startNodes(2)) as [NodeProcess, NodeProcess]
    const [here, frozen] = await Promise.all([one.connect(), two.connect()])
    await here.join(room, { user_id: 'a' })
    await frozen.join(room, { user_id: '7' })
    await changed(here, ['+7'])
    two.signal('SIGSTOP')
    await changed(here, ['-7'])
    two.signal('SIGCONT')
    await changed(here, ['+7'])
    await two.isReady(true)
    // Whoever is on the frozen node has not noticed anything, and hears of what happens next.
    expect(await changes(frozen)).toEqual([])
    expect(await usersOf(two)).toEqual([{ id: 'a' }, { id: '7' }])
    await here.close()
    await changed(frozen, ['-a'])
  })

  it('a freeze that is shorter than the lease is noticed by nobody', async () => {
    const [one, two] = (await startNodes(2)) as [NodeProcess, NodeProcess]
    const [here, frozen] = await Promise.all([one.connect(), two.connect()])
    await here.join(room, { user_id: 'a' })
    await frozen.join(room, { user_id: '7' })
    await changed(here, ['+7'])
    two.signal('SIGSTOP')
    await one.api.post('/events', { name: 'meanwhile', channel: room, data: '{}' })
    two.signal('SIGCONT')
    await frozen.next('meanwhile')
    await here.next('meanwhile')
    expect(await changes(here)).toEqual([])
    expect(await changes(frozen)).toEqual([])
  })

  it('C177 Redis is killed and starts again empty: nobody is disconnected, nobody leaves, delivery goes on', async () => {
    const [one, two] = (await startNodes(2)) as [NodeProcess, NodeProcess]
    const [here, there] = await Promise.all([one.connect(), two.connect()])
    await here.join(room, { user_id: 'a' })
    await there.join(room, { user_id: '7' })
    await changed(here, ['+7'])
    await redis.kill()
    await Promise.all([one.isReady(false), two.isReady(false)])
    const refused = await one.api.post('/events', { name: 'lost', channel: room, data: '{}' })
    expect(refused).toMatchObject({ status: 503 })
    here.send({ event: 'client-hi', channel: room, data: '{}' })
    await redis.start()
    await Promise.all([one.isReady(true), two.isReady(true)])
    await eventually(() => usersOf(one)).toSatisfy((users: unknown[]) => users.length === 2)
    await one.api.post('/events', { name: 'back', channel: room, data: '{}' })
    expect((await here.next()).event).toBe('back')
    expect((await there.next()).event).toBe('back')
    expect([await changes(here), await changes(there)]).toEqual([[], []])
  })

  it('Redis that hangs is found out by the probe, and forgiven when it goes on', async () => {
    const [one, two] = (await startNodes(2)) as [NodeProcess, NodeProcess]
    const [here, there] = await Promise.all([one.connect(), two.connect()])
    await here.join(room, { user_id: 'a' })
    await there.join(room, { user_id: '7' })
    await changed(here, ['+7'])
    redis.signal('SIGSTOP')
    await Promise.all([one.isReady(false), two.isReady(false)])
    redis.signal('SIGCONT')
    await Promise.all([one.isReady(true), two.isReady(true)])
    await there.close()
    await changed(here, ['-7'])
  })

  it('a cable that is pulled: the others see its members leave, it sees nobody leave, and both see the truth afterwards', async () => {
    const [one, two] = (await startNodes(2)) as [NodeProcess, NodeProcess]
    const [here, there] = await Promise.all([one.connect(), two.connect()])
    await here.join(room, { user_id: 'a' })
    await there.join(room, { user_id: '7' })
    await changed(here, ['+7'])
    two.proxy.stall()
    await changed(here, ['-7'])
    await two.isReady(false)
    expect(await changes(there)).toEqual([])
    two.proxy.heal()
    await changed(here, ['+7'])
    await two.isReady(true)
    expect(await changes(there)).toEqual([])
  })

  it('C175 after a clean stop nothing of a node remains, and after the last one only the name of the memory', async () => {
    const [one, two] = (await startNodes(2)) as [NodeProcess, NodeProcess]
    const [here, there] = await Promise.all([one.connect(), two.connect()])
    await here.join(room, { user_id: 'a' })
    await there.join(room, { user_id: '7' })
    await there.join('news')
    await there.signin({ id: '7' })
    await changed(here, ['+7'])
    two.signal('SIGTERM')
    expect(await two.run.ended).toBe(0)
    expect((await there.closed).code).toBe(4200)
    await changed(here, ['-7'])
    expect((await one.api.get('/channels')).body).toEqual({ channels: { [room]: {} } })
    one.signal('SIGTERM')
    expect(await one.run.ended).toBe(0)
    await eventually(() => redis.cli('keys', '*')).toBe('{reverb}:memory')
  })

  it('every key has a time to live, so that nothing stays for ever after an end without a goodbye', async () => {
    const [one] = (await startNodes(1)) as [NodeProcess]
    const here = await one.connect()
    await here.join(room, { user_id: 'a' })
    await here.join('news')
    await here.signin({ id: 'a' })
    await one.api.post('/events', { name: 'kept', channel: 'cache-news', data: '{}' })
    one.signal('SIGKILL')
    const keys = (await redis.cli('keys', '*')).split('\n')
    expect(keys.length).toBeGreaterThan(4)
    for (const key of keys) expect(Number(await redis.cli('ttl', key))).toBeGreaterThan(0)
  })

  it('two installations with different prefixes on one Redis never see each other', async () => {
    const [[one], [two]] = (await Promise.all([
      startNodes(1, { REVERB_SCALING_PREFIX: 'one' }),
      startNodes(1, { REVERB_SCALING_PREFIX: 'two' }),
    ])) as [[NodeProcess], [NodeProcess]]
    const [here, there] = await Promise.all([one.connect(), two.connect()])
    await here.join(room, { user_id: 'a' })
    const roster = await there.join(room, { user_id: 'b' })
    expect(payloadOf(roster)).toMatchObject({ presence: { ids: ['b'] } })
    await one.api.post('/events', { name: 'mine', channel: room, data: '{}' })
    expect((await here.next()).event).toBe('mine')
    await there.silence()
    expect((await one.api.get('/connections')).body).toEqual({ connections: 1 })
  })
})
