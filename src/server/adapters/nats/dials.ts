import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe } from 'node:diagnostics_channel'
import { Socket } from 'node:net'

/** The attempt that a socket is opened in. */
const attempts = new AsyncLocalStorage<(socket: Socket) => void>()

let isHeard = false

/**
 * Attempts to connect. The package of NATS forgets the sockets on which a server does not answer in its time, and they would
 * keep the process alive: here they end with their attempt.
 */
export class Dials {
  readonly #open = new Set<Socket>()
  #ended = false

  constructor() {
    if (isHeard) return
    isHeard = true
    subscribe('net.client.socket', hear)
  }

  /** Resolves to what connects; of the sockets that it opens only the last is left, and none where it rejects. */
  async dial<Connected>(connect: () => Promise<Connected>): Promise<Connected> {
    const sockets: Socket[] = []
    const opened = (socket: Socket) => {
      sockets.push(socket)
      this.#open.add(socket)
      if (this.#ended) socket.destroy()
    }
    try {
      const connected = await attempts.run(opened, connect)
      const used = sockets.pop()
      if (used !== undefined) this.#open.delete(used)
      return connected
    } finally {
      for (const socket of sockets) {
        socket.destroy()
        this.#open.delete(socket)
      }
    }
  }

  /** Ends what has not connected yet, and every attempt from now on. */
  end(): void {
    this.#ended = true
    for (const socket of this.#open) socket.destroy()
  }
}

function hear(message: unknown): void {
  const socket = typeof message === 'object' && message !== null && 'socket' in message && message.socket
  if (socket instanceof Socket) attempts.getStore()?.(socket)
}
