import { onTestFinished } from 'vitest'
import { ProtocolClient } from '../../src/testing/index.ts'
import { Api, type ApiAnswer } from './api.ts'
import { portOf, type Run, reverb } from './cli.ts'
import { eventually } from './eventually.ts'
import type { TcpProxy } from './tcp-proxy.ts'

const credentials = { key: 'local', secret: 's3cret' }

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
    this.api = new Api({ port, app: { id: '1', ...credentials } })
  }

  async connect(): Promise<ProtocolClient> {
    const url = `ws://127.0.0.1:${this.port}/app/local?protocol=7`
    const client = await ProtocolClient.connect(url, { credentials, timeout: 20 })
    onTestFinished(() => client.terminate())
    return client
  }

  /** Resolves when the node has, or has not, joined the others. */
  async isReady(ready: boolean): Promise<void> {
    await eventually(async () => (await this.readiness()).status).toBe(ready ? 200 : 503)
  }

  readiness(): Promise<ApiAnswer> {
    return this.api.call('GET', '/ready', { base: '' })
  }

  signal(signal: NodeJS.Signals): void {
    this.run.child.kill(signal)
  }
}

/** Starts a node and resolves when it has joined the others. */
export async function startNodeProcess(
  proxy: TcpProxy,
  env: Record<string, string> = {},
): Promise<NodeProcess> {
  const run = await reverb(['start', '--host', '127.0.0.1', '--port', '0'], {
    REVERB_APP_SECRET: credentials.secret,
    REVERB_SCALING_DRIVER: 'redis',
    REDIS_URL: `redis://127.0.0.1:${proxy.port}`,
    REVERB_NODE_TTL: '2',
    ...env,
  })
  const node = new NodeProcess(run, await portOf(run), proxy)
  await node.isReady(true)
  return node
}
