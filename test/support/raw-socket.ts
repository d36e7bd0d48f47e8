import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { appPath } from './server.ts'

const headers: Readonly<Record<string, string>> = {
  host: '127.0.0.1',
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version': '13',
}

/** The text of a handshake; a header that is `undefined` is left out. */
export function upgradeRequest(
  changes: Record<string, string | undefined> = {},
  line = `GET ${appPath} HTTP/1.1`,
) {
  const fields = Object.entries({ ...headers, ...changes }).filter(([, value]) => value !== undefined)
  return `${line}\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
}

/** A bare TCP connection to the server; it is destroyed after the test. */
export async function rawSocket(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => {
    socket.destroy()
  })
  await once(socket, 'connect')
  socket.on('error', () => {})
  return socket
}

/** A bare TCP connection that has shaken hands, paused, and which from then on says nothing by itself. */
export async function upgradedSocket(port: number): Promise<Socket> {
  const socket = await rawSocket(port)
  socket.write(upgradeRequest())
  const [answer] = await once(socket, 'data')
  if (!String(answer).startsWith('HTTP/1.1 101 ')) throw new Error(`Not upgraded: ${answer}`)
  socket.pause()
  return socket
}

/** Everything that the server sends until it closes. */
export async function everythingFrom(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (bytes) => {
    text += bytes
  })
  await ended(socket)
  return text
}

/** Resolves when the socket has closed, however it did. */
export function ended(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve()
    else socket.once('close', () => resolve())
  })
}
