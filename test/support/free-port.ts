import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'

/** Below the ports that systems give to whoever asks for any: other tests, and connections to elsewhere. */
const [lowest, highest] = [20_000, 32_000]

/**
 * Files that run at the same time each have a part of them, which they go through in turn: a port that is free for a moment,
 * as while what listened there is started again, is found by nobody else.
 */
const share = 1_500
const first = lowest + ((Number(process.env['VITEST_POOL_ID'] ?? 0) * share) % (highest - lowest))
let next = randomInt(share)

/** A port of this machine that nobody listens on, and that nobody is given by chance before it is used. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1)
  return port as number
}

/** As many that differ. */
export async function freePorts(count: number): Promise<number[]> {
  // All are taken before the first is let go: it could be found again.
  const servers = await Promise.all(Array.from({ length: count }, listenAnywhere))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}

async function listenAnywhere(): Promise<Server> {
  const server = createServer().listen(first + (next++ % share), '127.0.0.1')
  try {
    await once(server, 'listening')
    return server
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return listenAnywhere()
    throw error
  }
}
