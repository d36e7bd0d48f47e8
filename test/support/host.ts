import { once } from 'node:events'
import type { RequestListener, Server } from 'node:http'
import { connect, type Server as TcpServer } from 'node:net'
import { onTestFinished } from 'vitest'
import { ReverbServer, type ReverbServerOptions } from '../../src/server/index.ts'
import { silentLogger } from '../../src/support/logger.ts'
import { ProtocolClient, type ProtocolClientOptions } from '../../src/testing/index.ts'
import { apiApp } from './api.ts'
import { appPath, patient, portOf } from './server.ts'

/** A server that is not mounted yet; it ends with the test. */
export function createReverb(options: ReverbServerOptions = {}): ReverbServer {
  const app = { appId: apiApp.id, appKey: apiApp.key, appSecret: apiApp.secret }
  const server = new ReverbServer(
    { ...app, host: '127.0.0.1', port: 0, logger: silentLogger, ...options },
    {},
  )
  onTestFinished(() => server.close())
  return server
}

/** Has a server, of HTTP or of plain TCP, listen on a free port; it ends with the test. */
export async function listen(
  server: TcpServer & Partial<Pick<Server, 'closeAllConnections'>>,
): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections?.()
    server.close()
  })
  return portOf(server)
}

/** An app that answers every request with what was asked for. */
export const answerPath: RequestListener = (request, response) => {
  response.end(`${request.method} ${request.url}`)
}

/** Connects a client under a prefix; it ends with the test. */
export async function connectUnder(
  port: number,
  prefix: string,
  options: ProtocolClientOptions = {},
  path = appPath,
): Promise<ProtocolClient> {
  const scheme = options.ca === undefined ? 'ws' : 'wss'
  const client = await ProtocolClient.connect(`${scheme}://127.0.0.1:${port}${prefix}${path}`, {
    ...patient,
    ...options,
  })
  onTestFinished(() => client.terminate())
  return client
}

/** Everything that a server says on one connection to these bytes, until it ends the connection. */
export async function answersTo(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  let said = ''
  socket.setEncoding('latin1').on('data', (part) => {
    said += part
  })
  socket.write(bytes)
  await once(socket, 'end')
  socket.end()
  return said
}

/** A WebSocket handshake as it stands on the wire; headers come on top. */
export function handshake(path: string, headers: Record<string, string> = {}): string {
  const lines = Object.entries({
    Host: 'localhost',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
}
