import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { onTestFinished } from 'vitest'

/** A port of this machine that takes every connection and never says a word. */
export interface SilentPort {
  readonly host: string
  readonly port: number
  /** How many connections there were. */
  readonly taken: number
  /** How many of them nobody has ended. */
  readonly open: number
}

/** Is there until the test is finished. */
export async function startSilentPort(): Promise<SilentPort> {
  let [taken, open] = [0, 0]
  const server = createServer((socket) => {
    taken++
    open++
    socket.on('error', () => {})
    socket.on('close', () => open--)
    onTestFinished(() => void socket.destroy())
    socket.resume()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    get taken() {
      return taken
    },
    get open() {
      return open
    },
  }
}
