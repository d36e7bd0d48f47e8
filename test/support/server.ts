import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { Server as TcpServer } from 'node:net'
import { expect, onTestFinished } from 'vitest'
import { ReverbServer, type ReverbServerOptions } from '../../src/server/index.ts'
import { silentLogger } from '../../src/support/logger.ts'
import { ProtocolClient, type ProtocolClientOptions } from '../../src/testing/index.ts'

/** Key and secret of the app that every server of these tests has unless told otherwise. */
export const credentials = { key: 'app-key', secret: 'app-secret' }

const defaults: ReverbServerOptions = {
  appId: 'app-id',
  appKey: credentials.key,
  appSecret: credentials.secret,
  host: '127.0.0.1',
  port: 0,
  logger: silentLogger,
}

/** What every client is; the time-out leaves room for a busy machine. */
export const patient: ProtocolClientOptions = { credentials, timeout: 10 }

/** The usual address of a client, below the mount. */
export const appPath = `/app/${credentials.key}?protocol=7&client=js&version=8.6.0&flash=false`

/** A server that listens, and ways to reach it; everything ends with the test. */
export class TestServer {
  readonly server: ReverbServer
  readonly port: number

  constructor(server: ReverbServer, port: number) {
    this.server = server
    this.port = port
  }

  url(path = appPath, scheme: 'ws' | 'wss' = 'ws'): string {
    return `${scheme}://127.0.0.1:${this.port}${path}`
  }

  /** A client with an established connection. */
  async connect(
    options: ProtocolClientOptions = {},
    path = appPath,
    scheme: 'ws' | 'wss' = 'ws',
  ): Promise<ProtocolClient> {
    return ended(await ProtocolClient.connect(this.url(path, scheme), { ...patient, ...options }))
  }

  /** A client that is signed in as the user; fails unless the server has said so. */
  async signedIn(id: string, more: object = {}): Promise<ProtocolClient> {
    const client = await this.connect()
    expect(await client.signin({ id, ...more })).toMatchObject({ event: 'pusher:signin_success' })
    return client
  }

  /** Several clients at once. */
  connectMany(count: 2): Promise<[ProtocolClient, ProtocolClient]>
  connectMany(count: 3): Promise<[ProtocolClient, ProtocolClient, ProtocolClient]>
  connectMany(count: 4): Promise<[ProtocolClient, ProtocolClient, ProtocolClient, ProtocolClient]>
  connectMany(count: number): Promise<ProtocolClient[]>
  connectMany(count: number): Promise<ProtocolClient[]> {
    return Promise.all(Array.from({ length: count }, () => this.connect()))
  }

  /** A client that has shaken hands and taken no message yet. */
  async open(path = appPath, options: ProtocolClientOptions = {}): Promise<ProtocolClient> {
    return ended(await ProtocolClient.open(this.url(path), { ...patient, ...options }))
  }

  /** Publishes as the backend does; resolves to the number of recipients. */
  async publish(channel: string, event = 'news', data = '{}', socketId?: string): Promise<number> {
    const message = { channels: [channel], event, data, ...(socketId !== undefined && { socketId }) }
    return (await this.server.publish(message)).get(channel) ?? 0
  }
}

/** Starts a standalone server on a free port; it ends with the test. */
export async function startServer(options: ReverbServerOptions = {}): Promise<TestServer> {
  const server = new ReverbServer({ ...defaults, ...options }, {})
  onTestFinished(() => server.close())
  const { port } = await server.listen()
  return new TestServer(server, port)
}

/** Mounts a server on an HTTP server of its own; both end with the test. */
export async function mountServer(
  path: string,
  options: ReverbServerOptions = {},
  http: Server = createServer(),
): Promise<TestServer> {
  const server = new ReverbServer({ ...defaults, ...options }, {})
  server.attach(http, { path })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  onTestFinished(async () => {
    await server.close()
    http.closeAllConnections()
    http.close()
  })
  return new TestServer(server, portOf(http))
}

/** The port of a server that listens on TCP. */
export function portOf(server: TcpServer): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server does not listen on a port')
  return address.port
}

function ended(client: ProtocolClient): ProtocolClient {
  onTestFinished(() => client.terminate())
  return client
}
