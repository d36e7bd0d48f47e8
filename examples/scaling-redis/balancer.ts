import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** Where connections come in. */
export interface Balancer {
  readonly url: string
  close(): void
}

/**
 * Hands each connection to the next node that says it is ready, whoever comes: no client has a node of its own. nginx or
 * HAProxy do the same (docs/scaling.md).
 */
export async function startBalancer(port: number, nodes: readonly URL[]): Promise<Balancer> {
  const ready = new Set<URL>(nodes)
  const sockets = new Set<Socket>()
  let turn = 0

  const server = createServer((inward) => {
    const candidates = [...ready]
    const node = candidates[turn++ % candidates.length]
    if (node === undefined) return void inward.destroy()
    const outward = connect(Number(node.port), node.hostname)
    join(inward, outward)
    join(outward, inward)
  })

  function join(from: Socket, to: Socket) {
    sockets.add(from)
    from.on('error', () => {})
    from.on('close', () => {
      sockets.delete(from)
      to.destroy()
    })
    from.pipe(to)
  }

  async function check(node: URL) {
    if (await isReady(node)) ready.add(node)
    else ready.delete(node)
  }

  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const timer = setInterval(() => {
    for (const node of nodes) void check(node)
  }, 500)
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : port}`,
    close() {
      clearInterval(timer)
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Whether a node takes work: it has joined the others, and does not shut down. */
export async function isReady(node: URL): Promise<boolean> {
  try {
    const { ok } = await fetch(new URL('/reverb/ready', node), { signal: AbortSignal.timeout(2000) })
    return ok
  } catch {
    return false
  }
}
