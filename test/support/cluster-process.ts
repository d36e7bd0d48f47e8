import { onTestFinished } from 'vitest'
import { ProtocolClient } from '../../src/testing/index.ts'
import { Api, type ApiAnswer } from './api.ts'
import { portOf, type Run, reverb } from './cli.ts'
import { eventually } from './eventually.ts'
import type { Redis } from './redis.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

/** Key and secret of the app of every node. */
export const nodeCredentials = { key: 'local', secret: 's3cret' }

/** What has a node taken for dead two seconds after it has fallen silent. */
export const shortLease = { REVERB_NODE_TTL: '2' }

/** A node in a process of its own, started as people start it, that reaches Redis through a proxy. */
export class NodeProcess {
  readonly run: Run
  readonly port: number
  readonly proxy: TcpProxy
  readonly api: Api

  constructor(run: Run, port: number, proxy: TcpProxy) {
    this.run = run
    this.port = port
    this.proxy = proxy
    this.api = new Api({ port, app: { id: '1', ...nodeCredentials } })
  }

  /** A client of the node; it ends with the test. */
  async connect(): Promise<ProtocolClient> {
    const url = `ws://127.0.0.1:${this.port}/app/local?protocol=7`
    const client = await ProtocolClient.connect(url, { credentials: nodeCredentials, timeout: 20 })
    onTestFinished(() => client.terminate())
    return client
  }

  /** Publishes through the HTTP API. */
  publish(channel: string, name: string): Promise<ApiAnswer> {
    return this.api.post('/events', { name, channel, data: '{}' })
  }

  /** Resolves when the node has joined the others. */
  joined(): Promise<void> {
    return this.#answersReady(200)
  }

  /** Resolves when the node has noticed that it cannot reach the others. */
  alone(): Promise<void> {
    return this.#answersReady(503)
  }

  signal(signal: NodeJS.Signals): void {
    this.run.child.kill(signal)
  }

  /** Asks the node to end, as whoever deploys does; resolves to its exit code. */
  stop(): Promise<number> {
    this.signal('SIGTERM')
    return this.run.ended
  }

  async #answersReady(status: number): Promise<void> {
    await eventually(async () => (await this.api.call('GET', '/ready', { base: '' })).status).toBe(status)
  }
}

/** Starts a node behind a proxy of its own; resolves when it has joined the others. */
export async function startNodeProcess(
  redis: Redis,
  env: Readonly<Record<string, string>> = {},
): Promise<NodeProcess> {
  const proxy = await startTcpProxy(redis.port)
  const run = await reverb(['start', '--host', '127.0.0.1', '--port', '0'], {
    REVERB_APP_SECRET: nodeCredentials.secret,
    REVERB_SCALING_DRIVER: 'redis',
    REDIS_URL: `redis://127.0.0.1:${proxy.port}`,
    ...env,
  })
  const node = new NodeProcess(run, await portOf(run), proxy)
  await node.joined()
  return node
}
