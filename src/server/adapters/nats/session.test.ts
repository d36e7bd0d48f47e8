import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FakeJetStream } from '../../../../test/support/fake-jetstream.ts'
import type { Holding, Place } from '../../cluster/broker.ts'
import { partsOver } from '../../cluster/calls.ts'
import type { NatsConnection } from './connection.ts'
import type { JetStream } from './jetstream.ts'
import { Session } from './session.ts'
import { Unanswered } from './unanswered.ts'

const hour = 3_600_000
const room: Place = { appId: 'app', channel: 'presence-room' }

const connection: NatsConnection = {
  publish: () => {},
  subscribe: () => ({ unsubscribe: () => {} }),
  flush: async () => {},
  status: async function* () {},
  closed: async () => {},
  close: async () => {},
  reconnect: async () => {},
}

async function openLedger(jetStream: JetStream) {
  const session = await Session.open({
    ...{ connection, jetStream, prefix: 'p', replicas: 1, reach: async () => {} },
    unanswered: { ledger: new Unanswered(), due: new Unanswered() },
    ownLives: new Set(),
    listener: { message: () => {}, changed: () => {} },
  })
  return partsOver(session.ask).ledger
}

/** Time passes everywhere. */
function pass(time: number, ...servers: readonly FakeJetStream[]): void {
  vi.advanceTimersByTime(time)
  for (const server of servers) server.time += time
}

/** Two servers as one, of which the second has what stands under some subjects. */
function split(one: FakeJetStream, other: FakeJetStream, root: string): JetStream {
  const of = (subject: string) => (subject.startsWith(root) ? other : one).jetStream
  return {
    ...one.jetStream,
    subjects: (stream, filter) => of(filter).subjects(stream, filter),
    read: (stream, subject, direct) => of(subject).read(stream, subject, direct),
    publish: (subject, ...said) => of(subject).publish(subject, ...said),
  }
}

const holding = (said: Partial<Holding>): Holding => ({
  ...{ subscriptions: 1, add: [], remove: [], limit: 0, counted: false, settled: false, keep: 0 },
  ...said,
})

describe('Session', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] })
  })

  afterEach(() => {
    vi.useRealTimers()
  })

  it('has nothing forgotten that a node has, however long that does not change', async () => {
    const server = new FakeJetStream()
    const ledger = await openLedger(server.jetStream)
    const add = (id: string) => holding({ add: [{ id, info: '""' }] })
    for (const life of ['quiet', 'busy']) await ledger.renew(life, 2 * hour, true)
    await ledger.hold('quiet', room, add('ada'), -1)
    await ledger.hold('quiet', { ...room, channel: 'quiet' }, holding({}), -1)
    await ledger.connect('quiet', 'app', 3, 0)
    await ledger.sign('quiet', 'app', 'ada', true)
    for (let hours = 0; hours < 72; hours++) {
      pass(hour, server)
      server.forgetOld(48 * hour)
      for (const life of ['quiet', 'busy']) await ledger.renew(life, 2 * hour, false)
      await ledger.hold('busy', room, holding({ subscriptions: 1 + (hours % 2) }), -1)
    }
    expect((await ledger.state(room)).members.map(({ id }) => id)).toEqual(['ada'])
    expect([...(await ledger.occupied('app', '')).keys()].sort()).toEqual(['presence-room', 'quiet'])
    expect(await ledger.connections('app')).toBe(3)
    expect(await ledger.online('app', ['ada'])).toEqual(new Set(['ada']))
    await ledger.renew('quiet', 0, false)
    pass(1000, server)
    while (!(await ledger.reap('quiet')));
    expect((await ledger.state(room)).members).toEqual([])
    expect(await ledger.connections('app')).toBe(0)
  })

  it('tells the time by the server of the ledger, whatever the clock of the one of the events is', async () => {
    const [server, events] = [new FakeJetStream(), new FakeJetStream()]
    events.time += hour
    const ledger = await openLedger(split(server, events, 'p.e.'))
    await ledger.renew('node', 2 * hour, true)
    pass(hour + 1000, server, events)
    await ledger.renew('node', 10_000, false)
    expect(await ledger.hold('node', room, holding({}), -1)).toMatchObject({ subscriptions: 1 })
  })
})
