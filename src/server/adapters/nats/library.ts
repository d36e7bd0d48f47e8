import type { JetStreamManager, StreamInfo } from '@nats-io/jetstream'
import type { NatsConnection as RealConnection } from '@nats-io/transport-node'
import { ConfigurationError } from '../../../support/errors.ts'
import type { NatsAddress } from './address.ts'
import type { NatsConnection } from './connection.ts'
import type { JetStream, StoredMessage, StreamSettings, Subjects } from './jetstream.ts'

/** The packages, as they are used here. */
export interface NatsLibrary {
  /** Connects to the first server that answers, until the first loss: nothing waits in it for a better time. */
  connect(address: NatsAddress): Promise<NatsConnection>
  /** Rejects when the server, or the account, has no JetStream. */
  jetStream(connection: NatsConnection): Promise<JetStream>
}

const packages = ['@nats-io/transport-node', '@nats-io/jetstream']

/**
 * The version from which on servers with replicas take only one of several writes that expect the same revision; before
 * they took all of 20 at the same time, measured (https://github.com/nats-io/nats-server/issues/4320).
 */
const replicating = '2.9.21'

/** Milliseconds that a server may take for a connection, or for an answer. */
const timeout = 5000

/** The same for a stream: while it has no leader, nobody answers, and it is asked for again. */
const openTimeout = 2000

/** Loads the packages of NATS, which nothing else loads; throws an error that says how to install them. */
export async function loadNats(): Promise<NatsLibrary> {
  const [{ connect, headers }, { jetstream, jetstreamManager }] = await load()
  return {
    connect: ({ servers, credentials, tls }) =>
      connect({
        servers,
        ...credentials,
        ...(tls ? { tls: {} } : {}),
        timeout,
        noRandomize: true,
        reconnect: false,
        ignoreClusterUpdates: true,
        noAsyncTraces: true,
      }),
    async jetStream(connection) {
      // Whoever gives a connection has it from the package; its own type would be needed by all who import the server.
      const real = connection as RealConnection
      const opener = await jetstreamManager(real, { timeout: openTimeout }).catch(explain)
      const manager = await jetstreamManager(real, { timeout, checkAPI: false })
      const client = jetstream(real, { timeout })
      return {
        open: (settings) => open(opener, settings, real.info?.version ?? ''),
        subjects: (stream, filter) => subjects(manager, stream, filter),
        read: (stream, subject, direct) => read(manager, stream, subject, direct),
        async publish(subject, data, { revision, id, fields = {} }) {
          const named = headers()
          for (const [name, value] of Object.entries(fields)) named.set(name, value)
          const expect = revision === undefined ? {} : { lastSubjectSequence: revision }
          const identity = id === undefined ? {} : { msgID: id }
          const { seq } = await client.publish(subject, data, { headers: named, expect, ...identity })
          return seq
        },
        async remove(stream, revision) {
          await manager.streams.deleteMessage(stream, revision, false)
        },
        async purge(stream, subject, revision) {
          await manager.streams.purge(stream, { filter: subject, seq: revision + 1 })
        },
      }
    },
  }
}

async function load() {
  try {
    return await Promise.all([import('@nats-io/transport-node'), import('@nats-io/jetstream')])
  } catch (cause) {
    throw new ConfigurationError(`NATS needs its client: npm install ${packages.join(' ')}`, { cause })
  }
}

function explain(cause: unknown): never {
  if (!(cause instanceof Error) || cause.name !== 'JetStreamNotEnabled') throw cause
  throw new ConfigurationError('NATS has no JetStream here: start it as nats-server -js', { cause })
}

async function open(manager: JetStreamManager, settings: StreamSettings, version: string): Promise<number> {
  const found = await replicasOf(manager, settings.name)
  const replicas = found ?? settings.replicas
  if (replicas > 1 && isOlder(version, replicating)) {
    throw new ConfigurationError(
      `NATS ${version} loses writes where there are replicas: it must be ${replicating} or later, or the replicas 1`,
    )
  }
  if (found === undefined) await add(manager, settings)
  return replicas
}

async function add(manager: JetStreamManager, settings: StreamSettings): Promise<void> {
  const { name, subjects, replicas, maxAge, republish } = settings
  await manager.streams.add({
    name,
    subjects: [...subjects],
    storage: 'memory',
    num_replicas: replicas,
    max_msgs_per_subject: 1,
    max_age: maxAge * 1_000_000,
    allow_direct: true,
    ...(republish === undefined
      ? {}
      : { republish: { src: republish.from, dest: republish.to, headers_only: republish.headersOnly } }),
  })
}

/** Undefined when there is no such stream. */
async function replicasOf(manager: JetStreamManager, stream: string): Promise<number | undefined> {
  try {
    const { config } = await manager.streams.info(stream)
    return config.num_replicas
  } catch (error) {
    if (error instanceof Error && error.name === 'StreamNotFoundError') return undefined
    throw error
  }
}

function isOlder(version: string, than: string): boolean {
  return version.localeCompare(than, 'en', { numeric: true }) < 0
}

async function subjects(manager: JetStreamManager, stream: string, filter: string): Promise<Subjects> {
  const { state }: StreamInfo = await manager.streams.info(stream, { subjects_filter: filter })
  return { subjects: Object.keys(state.subjects ?? {}), revision: state.last_seq }
}

async function read(
  manager: JetStreamManager,
  stream: string,
  subject: string,
  direct: boolean,
): Promise<StoredMessage | undefined> {
  const query = { last_by_subj: subject }
  const found = direct
    ? await manager.direct.getMessage(stream, query)
    : await manager.streams.getMessage(stream, query)
  if (found === null) return undefined
  return { revision: found.seq, time: found.time.getTime(), data: found.data, headers: found.header }
}
