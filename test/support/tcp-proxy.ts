import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A way to a port on which anything can go wrong. */
export interface TcpProxy {
  readonly port: number
  /** Everything that passes is ended, and what comes is turned away, until it heals. */
  cut(): void
  /** Nothing passes in either direction any more; nothing fails either. */
  stall(): void
  heal(): void
  /** How many bytes have come back through it. */
  readonly received: number
}

/** Stands before a port of this machine until the test is finished. */
export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let [isCut, isStalled, received] = [false, false, 0]
  const server = createServer((inward) => {
    if (isCut) return void inward.destroy()
    const outward = connect(target, '127.0.0.1')
    outward.on('data', (bytes) => {
      received += bytes.length
    })
    for (const [from, to] of [
      [inward, outward],
      [outward, inward],
    ] as const) {
      sockets.add(from)
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      from.pipe(to)
      if (isStalled) from.pause()
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const end = () => {
    for (const socket of sockets) socket.destroy()
  }
  onTestFinished(() => {
    end()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The proxy does not listen on a port')
  return {
    port: address.port,
    cut() {
      isCut = true
      end()
    },
    stall() {
      isStalled = true
      for (const socket of sockets) {
        socket.unpipe()
        socket.pause()
      }
    },
    heal() {
      // What has been held up is too old to be of use.
      if (isStalled) end()
      isCut = false
      isStalled = false
    },
    get received() {
      return received
    },
  }
}
