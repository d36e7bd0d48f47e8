import { setTimeout as sleep } from 'node:timers/promises'
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { findReplicatingNats } from '../../scripts/lib/needs.mjs'
import { freePorts } from './free-port.ts'
import { NatsServer } from './nats.ts'

const names: readonly string[] = ['one', 'two', 'three']

/** Three NATS servers of a test that are one cluster with JetStream, on this machine. */
export class NatsCluster {
  readonly servers: readonly NatsServer[]

  private constructor(servers: readonly NatsServer[]) {
    this.servers = servers
  }

  /** Resolves when they have found one another and JetStream answers. */
  static async start(): Promise<NatsCluster> {
    const program = findReplicatingNats()
    if (program === undefined) throw new Error('Replicas need NATS 2.9.21 or later: run `npm run setup`')
    const ports = await freePorts(names.length)
    const routes = ports.map((port) => `nats://127.0.0.1:${port}`).join()
    const servers = names.map((name, index) => {
      const more = ['--name', name, '--cluster_name', 'tests', '--routes', routes]
      return NatsServer.start({ program, more: [...more, '--cluster', `nats://127.0.0.1:${ports[index]}`] })
    })
    const cluster = new NatsCluster(await Promise.all(servers))
    await cluster.ready()
    return cluster
  }

  /** All of them, that one first. */
  urlFrom(index: number): string {
    return [...this.servers.slice(index), ...this.servers.slice(0, index)].map(({ url }) => url).join()
  }

  /** Resolves when JetStream answers at every server. */
  async ready(): Promise<void> {
    for (const { url } of this.servers) await askAt([url], async () => true)
  }

  /** The server that leads a stream. */
  async leaderOf(stream: string): Promise<NatsServer> {
    const index = await askAt(this.urlFrom(0).split(','), async ({ streams }) => {
      const { cluster } = await streams.info(stream)
      return names.indexOf(cluster?.leader ?? '')
    })
    return this.servers[index] as NatsServer
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()))
  }
}

/** Asks JetStream over the first server that is there, until it answers. */
async function askAt<Answer>(
  servers: string[],
  ask: (manager: JetStreamManager) => Promise<Answer>,
): Promise<Answer> {
  const connection = await connect({ servers, noRandomize: true })
  try {
    for (;;) {
      try {
        return await ask(await jetstreamManager(connection, { timeout: 500 }))
      } catch {
        await sleep(50)
      }
    }
  } finally {
    await connection.close()
  }
}
