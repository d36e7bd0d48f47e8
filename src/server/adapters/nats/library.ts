import type { JetStreamManager, StreamInfo } from '@nats-io/jetstream'
import type { NatsConnection as RealConnection } from '@nats-io/transport-node'
import { ConfigurationError } from '../../../support/errors.ts'
import type { NatsAddress } from './address.ts'
import type { NatsConnection } from './connection.ts'
import type { JetStream, StoredMessage, StreamSettings } from './jetstream.ts'

/** The packages, as they are used here. */
export interface NatsLibrary {
  /** Makes a connection that ends with the first loss: nothing waits in it for a better time. */
  connect(address: NatsAddress): Promise<NatsConnection>
  /** Rejects when the server, or the account, has no JetStream. */
  jetStream(connection: NatsConnection): Promise<JetStream>
}

const packages = ['@nats-io/transport-node', '@nats-io/jetstream']

/** Milliseconds that a server may take for a connection, or for an answer. */
const timeout = 5000

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
        reconnect: false,
        ignoreClusterUpdates: true,
        noAsyncTraces: true,
      }),
    async jetStream(connection) {
      // Whoever gives a connection has it from the package; its own type would be needed by all who import the server.
      const real = connection as RealConnection
      const manager = await jetstreamManager(real, { timeout }).catch(explain)
      const client = jetstream(real, { timeout })
      return {
        open: (settings) => open(manager, settings),
        subjects: (stream, filter) => subjects(manager, stream, filter),
        read: (stream, subject, direct) => read(manager, stream, subject, direct),
        async publish(subject, data, { revision, fields = {} }) {
          const named = headers()
          for (const [name, value] of Object.entries(fields)) named.set(name, value)
          const expect = revision === undefined ? {} : { lastSubjectSequence: revision }
          const { seq } = await client.publish(subject, data, { headers: named, expect })
          return seq
        },
        async remove(stream, revision) {
          await manager.streams.deleteMessage(stream, revision, false)
        },
        async purge(stream, filter) {
          await manager.streams.purge(stream, { filter })
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

async function open(manager: JetStreamManager, settings: StreamSettings): Promise<void> {
  const { name, subjects, replicas, maxAge, republish } = settings
  if (await exists(manager, name)) return
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

async function exists(manager: JetStreamManager, stream: string): Promise<boolean> {
  try {
    await manager.streams.info(stream)
    return true
  } catch (error) {
    if (error instanceof Error && error.name === 'StreamNotFoundError') return false
    throw error
  }
}

async function subjects(manager: JetStreamManager, stream: string, filter: string): Promise<string[]> {
  const { state }: StreamInfo = await manager.streams.info(stream, { subjects_filter: filter })
  return Object.keys(state.subjects ?? {})
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
