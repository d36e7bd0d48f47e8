import { setTimeout as sleep } from 'node:timers/promises'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Broker } from '../../src/server/cluster/broker.ts'
import { stale } from '../../src/server/cluster/broker.ts'
import { type BrokerNode, eventually, member, placeOf } from '../../src/testing/broker-suite/node.ts'
import { eventually as eventuallyIs } from '../support/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { NatsServer, type NatsServerOptions } from '../support/nats.ts'
import { openNode } from '../support/nats-node.ts'
import { startServer } from '../support/server.ts'
import { startSilentPort } from '../support/silent-port.ts'

const room = placeOf('presence-room')
const event = { event: 'news', data: '"hello"', ttl: 60 }

async function startNats(options?: NatsServerOptions): Promise<NatsServer> {
  const server = await NatsServer.start(options)
  onTestFinished(() => server.stop())
  return server
}

/** A connection of the application; it is closed with the test. */
async function connectTo({ url }: NatsServer) {
  const connection = await connect({ servers: url, reconnectTimeWait: 50, maxReconnectAttempts: -1 })
  onTestFinished(() => connection.close())
  return connection
}

const messageOf = (text: string) => Buffer.concat([Buffer.alloc(8), Buffer.from(text)])

/** What everybody expects of a broker that works: a message, a notice and an event arrive. */
async function expectToWork(node: BrokerNode): Promise<{ version: number; position: number }> {
  await node.begin()
  await node.broker.roads.subscribe(['road'])
  await node.broker.ledger.watch([room])
  await node.send('road', 'hello')
  expect(await node.text('road')).toBe('hello')
  const { version } = await node.hold(room, { add: [member('7')] })
  expect((await node.notice(room)).version).toBe(version)
  const position = await node.broker.store.keep(room, event, 'road', messageOf('kept'))
  expect((await node.message('road')).readBigUInt64BE()).toBe(BigInt(position))
  return { version, position }
}

async function expectToReject({ roads, ledger, store }: Broker): Promise<void> {
  await expect(roads.send('road', Buffer.from('lost'))).rejects.toThrow()
  await expect(ledger.state(room)).rejects.toThrow()
  await expect(store.last(room, 'road')).rejects.toThrow()
}

describe('A NATS server that starts anew', () => {
  it('is found again, knows nothing, and counts on from where it was', { timeout: 30_000 }, async () => {
    const server = await startNats()
    const { node, lost } = openNode({ url: server.url })
    await node.connected()
    const before = await expectToWork(node)
    await server.stop()
    await lost()
    await expectToReject(node.broker)
    await server.startAgain()
    await node.connected()
    expect(await node.broker.ledger.renew(node.id, 1000, false)).toBe(stale)
    expect(await node.broker.ledger.state(room)).toEqual({ version: 0, subscriptions: 0, members: [] })
    expect(await node.broker.store.last(room, 'road')).toBe(undefined)
    const after = await expectToWork(node)
    expect(after.version).toBeGreaterThan(before.version)
    expect(after.position).toBeGreaterThan(before.position)
  })

  it('is found when it was not there at first', { timeout: 30_000 }, async () => {
    const port = await freePort()
    const { node, lost } = openNode({ url: `nats://127.0.0.1:${port}` })
    expect(await lost()).toMatch(/refused/i)
    await expectToReject(node.broker)
    const server = await startNats({ port })
    expect(server.port).toBe(port)
    await node.connected()
    await expectToWork(node)
  })

  it('is noticed, too, when only its memory goes', { timeout: 30_000 }, async () => {
    const server = await startNats()
    const [{ node, lost }, other] = [openNode({ url: server.url }), openNode({ url: server.url })]
    for (const each of [node, other.node]) await each.connected()
    const before = await expectToWork(node)
    const { streams } = await jetstreamManager(await connectTo(server))
    await streams.delete('tests_ledger')
    await expect(node.hold(room)).rejects.toThrow()
    await lost()
    await node.connected()
    // By now there is one that the other does not know to be another.
    await expect(other.node.begin()).rejects.toThrow('lost its memory')
    await other.lost()
    await other.node.connected()
    expect((await expectToWork(other.node)).version).toBeGreaterThan(before.version)
  })

  it('is rid of what a node has written into a new memory before it knew that it is one', {
    timeout: 30_000,
  }, async () => {
    const server = await startNats()
    const [{ node, lost }, other] = [
      openNode({ url: server.url }),
      openNode({ url: server.url, id: 'other.1' }),
    ]
    for (const each of [node, other.node]) await each.connected()
    await node.begin()
    await node.hold(room, { add: [member('7')] })
    const { streams } = await jetstreamManager(await connectTo(server))
    await streams.purge('tests_ledger')
    await node.hold(room, { add: [member('7')] })
    await node.sign('app', '7', true)
    await node.connect('app', 1, 0)
    await expect(node.broker.ledger.renew(node.id, 1000, false)).rejects.toThrow('lost its memory')
    await lost()
    await node.connected()
    expect(await node.broker.ledger.renew(node.id, 1000, false)).toBe(stale)
    other.node.broker.reset()
    await other.node.connected()
    await other.node.begin()
    await eventually(async () => {
      expect((await other.node.renew()).expired).toEqual([])
      await other.node.settle()
      const { ledger } = other.broker
      const [{ members, subscriptions }, online, connections] = await Promise.all([
        ledger.state(room),
        ledger.online('app', ['7']),
        ledger.connections('app'),
      ])
      return members.length + subscriptions + online.size + connections === 0
    })
  })

  it('counts on, too, when somebody writes who has not noticed that its memory is new', {
    timeout: 30_000,
  }, async () => {
    const server = await startNats()
    const [{ node, lost }, late] = [
      openNode({ url: server.url }),
      openNode({ url: server.url, id: 'late.1' }),
    ]
    for (const each of [node, late.node]) await each.connected()
    await Promise.all([node.begin(), late.node.begin()])
    const { streams } = await jetstreamManager(await connectTo(server))
    await streams.purge('tests_ledger')
    node.broker.reset()
    await lost()
    await node.connected()
    await node.begin()
    await node.broker.ledger.watch([room])
    const before = await node.hold(placeOf('another'))
    await late.node.hold(room, { add: [member('7')] })
    const { version } = await node.notice(room)
    expect(version).toBeGreaterThan(before.version)
    expect(await node.broker.ledger.state(room)).toMatchObject({ version })
    expect(await node.hold(room, { add: [member('8')] })).toMatchObject({ previous: version })
    await expect(late.node.hold(room, { add: [member('9')] })).rejects.toThrow('lost its memory')
    await late.lost()
  })

  it('has nobody kept for ever, or online, when only its reminders go', { timeout: 30_000 }, async () => {
    const server = await startNats()
    const { node } = openNode({ url: server.url })
    await node.connected()
    await node.begin()
    await node.hold(room, { add: [member('7')] })
    await node.leave(room, { remove: ['7'], keep: 1 })
    await node.sign('app', '7', true)
    await node.sign('app', '7', false)
    const { streams } = await jetstreamManager(await connectTo(server))
    await streams.delete('tests_due')
    node.broker.reset()
    await node.connected()
    await eventually(async () => {
      await node.settle()
      const { members } = await node.broker.ledger.state(room)
      return members.length === 0 && (await node.broker.ledger.online('app', ['7'])).size === 0
    })
  })
})

describe('Departures from many places', () => {
  it('are handed out in one go', { timeout: 30_000 }, async () => {
    const { node } = openNode({ url: (await startNats()).url })
    await node.connected()
    await node.begin()
    const places = Array.from({ length: 600 }, (_, index) => placeOf(`channel-${index}`))
    await Promise.all(places.map((place) => node.hold(place)))
    await Promise.all(places.map((place) => node.leave(place)))
    expect((await node.settle()).departures).toHaveLength(600)
  })
})

describe('A place with many users', () => {
  it('has those watch it ask for its state whom a notice has no room for', async () => {
    const { node } = openNode({ url: (await startNats()).url })
    await node.connected()
    await node.begin()
    await node.broker.ledger.watch([room])
    const users = Array.from({ length: 100 }, (_, index) => member(`user ${index}`, `"${'x'.repeat(1000)}"`))
    const { version } = await node.hold(room, { add: users })
    expect(await node.notice(room)).toEqual({
      ...{ version, previous: version, subscriptions: 1 },
      ...{ added: [], removed: [] },
    })
    const state = await node.broker.ledger.state(room)
    expect([state.version, state.members]).toEqual([version, users])
  })

  it('is full when a message has no room for more, and goes on', async () => {
    const { node } = openNode({ url: (await startNats()).url })
    await node.connected()
    await node.begin()
    const users = Array.from({ length: 600 }, (_, index) => member(`user ${index}`, `"${'x'.repeat(1000)}"`))
    expect((await node.hold(room, { add: users })).refused).toEqual([])
    const more = users.map(({ id, info }) => member(`another ${id}`, info))
    const { added, refused } = await node.hold(room, { add: more })
    expect([added.length, refused.length]).toEqual([0, 600])
    expect((await node.hold(room, { remove: users.map(({ id }) => id), add: more })).refused).toEqual([])
  })
})

describe('A place that is full', () => {
  it('is left at once by those for whom a message has no room while they are kept', async () => {
    const { node } = openNode({ url: (await startNats()).url })
    await node.connected()
    await node.begin()
    const users = Array.from({ length: 7400 }, (_, index) => member(`${index}`, `"${'x'.repeat(90)}"`))
    const ids = users.map(({ id }) => id)
    expect((await node.hold(room, { add: users })).refused).toEqual([])
    expect((await node.leave(room, { remove: ids, keep: 60_000 })).removed).toEqual(ids)
    expect((await node.broker.ledger.state(room)).members).toEqual([])
  })
})

describe('A NATS server that answers no more', () => {
  it('is left at once by whoever closes, with no connection open', async () => {
    const silent = await startSilentPort()
    const { node } = openNode({ url: `nats://127.0.0.1:${silent.port}` })
    await eventuallyIs(() => silent.open).toBe(1)
    await node.broker.close()
    await eventuallyIs(() => silent.open).toBe(0)
  })

  it('is given up, with no connection open, and tried again', { timeout: 30_000 }, async () => {
    const silent = await startSilentPort()
    const { lost } = openNode({ url: `nats://127.0.0.1:${silent.port}` })
    expect(await lost()).toMatch(/time/)
    await eventuallyIs(() => silent.taken).toBe(2)
    await eventuallyIs(() => silent.open).toBe(1)
  })

  it('keeps nobody waiting after a reset', { timeout: 30_000 }, async () => {
    const server = await startNats()
    const { node, lost } = openNode({ url: server.url })
    await node.connected()
    await node.begin()
    server.freeze()
    const asked = [
      node.broker.roads.send('road', Buffer.from('lost')),
      node.hold(room),
      node.broker.ledger.watch([room]),
    ]
    node.broker.reset()
    for (const each of asked) await expect(each).rejects.toThrow('reset')
    expect(await lost()).toContain('reset')
    server.thaw()
    await node.connected()
    await expectToWork(node)
  })
})

describe('A NATS server without JetStream', () => {
  it('is told of, with the option that it lacks', async () => {
    const server = await startNats({ jetStream: false })
    const { node, lost } = openNode({ url: server.url })
    expect(await lost()).toBe('NATS has no JetStream here: start it as nats-server -js')
    await expectToReject(node.broker)
  })

  it('is told of where it keeps a node from coming back', { timeout: 30_000 }, async () => {
    const before = await startNats()
    const { server } = await startServer({ scalingDriver: 'nats', nats: { url: before.url } })
    await eventuallyIs(() => server.trouble).toBe(undefined)
    await before.stop()
    await eventuallyIs(() => server.trouble).toContain('cannot be reached')
    await startNats({ port: before.port, jetStream: false })
    await eventuallyIs(() => server.trouble).toContain('NATS has no JetStream here')
  })
})

describe('A NATS server with a password', () => {
  it('is reached by a URL that has it, which the address does not show', async () => {
    const server = await startNats({ more: ['--user', 'me@home', '--pass', 'p:w'] })
    const { node } = openNode({ url: `nats://me%40home:p%3Aw@127.0.0.1:${server.port}` })
    await node.connected()
    expect(node.broker.address).toBe(server.url)
    const refused = openNode({ url: `nats://me%40home:wrong@127.0.0.1:${server.port}` })
    expect(await refused.lost()).toMatch(/authorization/i)
  })

  it('is reached by a URL with a token', async () => {
    const server = await startNats({ more: ['--auth', 'secret'] })
    const { node } = openNode({ url: `nats://secret@127.0.0.1:${server.port}` })
    await node.connected()
    expect(node.broker.address).toBe(server.url)
  })
})

describe('A NATS server that offers no TLS', () => {
  it('is refused by a URL that asks for it', async () => {
    const server = await startNats()
    const { lost } = openNode({ url: server.url.replace('nats:', 'tls:') })
    expect(await lost()).toMatch(/tls/i)
  })
})

describe('A connection that is given', () => {
  it('is used, and goes on when the broker is closed', async () => {
    const connection = await connectTo(await startNats())
    const { node } = openNode({ connection })
    await node.connected()
    await expectToWork(node)
    await node.broker.close()
    await expectToReject(node.broker)
    expect(connection.isClosed()).toBe(false)
    await connection.flush()
  })

  it('is used again once it has connected again by itself', { timeout: 30_000 }, async () => {
    const server = await startNats()
    const { node, lost } = openNode({ connection: await connectTo(server) })
    await node.connected()
    const before = await expectToWork(node)
    await server.stop()
    await lost()
    await expectToReject(node.broker)
    await server.startAgain()
    await node.connected()
    expect((await expectToWork(node)).version).toBeGreaterThan(before.version)
  })

  it('keeps nobody waiting who closes the broker while it is lost', { timeout: 30_000 }, async () => {
    const server = await startNats()
    const { node, lost } = openNode({ connection: await connectTo(server) })
    await node.connected()
    await server.stop()
    await lost()
    // Longer than the first pause between attempts: by then it waits for the connection.
    await sleep(300)
    await node.broker.close()
  })

  it('connects anew when the broker is reset', { timeout: 30_000 }, async () => {
    const connection = await connectTo(await startNats())
    const { node, lost } = openNode({ connection })
    await node.connected()
    node.broker.reset()
    await lost()
    await node.connected()
    await expectToWork(node)
  })
})
