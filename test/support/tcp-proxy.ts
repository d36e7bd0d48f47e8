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
  /** Keeps what is sent on the connections of now, even if its sender is gone by then. */
  detain(): Detained
  /** How many bytes have come back through it. */
  readonly received: number
}

/** What is on its way for longer than anybody waits. */
export interface Detained {
  /** Resolves when there is something. */
  readonly caught: Promise<unknown>
  /** Has it arrive; resolves when the other end has read it all. */
  release(): Promise<void>
}

/** Stands before a port of this machine until the test is finished. */
export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  const detainable = new Set<() => Detained>()
  let [isCut, isStalled, received] = [false, false, 0]
  const server = createServer((inward) => {
    if (isCut) return void inward.destroy()
    const outward = connect(target, '127.0.0.1')
    outward.on('data', (bytes) => {
      received += bytes.length
    })
    let detained: Buffer[] | undefined
    const detain = () => {
      const bytes: Buffer[] = []
      detained = bytes
      inward.unpipe()
      inward.on('data', (chunk: Buffer) => bytes.push(chunk)).resume()
      return {
        caught: once(inward, 'data'),
        async release() {
          outward.unpipe()
          outward.resume()
          outward.end(Buffer.concat(bytes))
          await once(outward, 'close')
        },
      }
    }
    detainable.add(detain)
    inward.on('close', () => detainable.delete(detain))
    for (const [from, to] of [
      [inward, outward],
      [outward, inward],
    ] as const) {
      sockets.add(from)
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        if (from === outward || detained === undefined) to.destroy()
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
    detain() {
      const detained = [...detainable].map((detain) => detain())
      return {
        caught: Promise.any(detained.map(({ caught }) => caught)),
        async release() {
          await Promise.all(detained.map(({ release }) => release()))
        },
      }
    },
    get received() {
      return received
    },
  }
}
