import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'

/** What joins the nodes. */
export interface Redis {
  readonly url: string
  readonly isOurs: boolean
  stop(): Promise<void>
}

/** The Redis that `REDIS_URL` names, else one of our own on a free port, which keeps nothing. */
export async function startRedis(): Promise<Redis> {
  const { REDIS_URL: url } = process.env
  if (url) return { url, isOurs: false, stop: async () => {} }

  const port = await freePort()
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  // In a group of its own: Ctrl-C is for us, and the nodes still need it to say goodbye.
  const child = spawn('redis-server', options, { detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    child.once('error', () =>
      reject(new Error('redis-server is not installed: install it, or set REDIS_URL')),
    )
    child.once('exit', () => reject(new Error('redis-server does not start')))
    createInterface(child.stdout).on('line', (line) => line.includes('Ready to accept') && resolve())
  })
  return {
    url: `redis://127.0.0.1:${port}`,
    isOurs: true,
    async stop() {
      child.kill()
      await ended
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  await once(server.close(), 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
