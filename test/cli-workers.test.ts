import { execFileSync } from 'node:child_process'
import { createServer } from 'node:net'
import { beforeAll, describe, expect, it } from 'vitest'
import { ProtocolClient, payloadOf } from '../src/testing/index.ts'
import { ensureBuilt } from './support/built.ts'
import { portOf, type Run, reverb } from './support/cli.ts'
import { eventually } from './support/eventually.ts'
import { listen } from './support/host.ts'

beforeAll(ensureBuilt, 60_000)

const credentials = { key: 'local', secret: 'secret' }
const app = { REVERB_APP_KEY: credentials.key, REVERB_APP_SECRET: credentials.secret }

/** A run of two workers. */
async function startWorkers() {
  const run = await reverb(['start', '--host', '127.0.0.1', '--port', '0', '--workers', '2'], app)
  const port = await portOf(run)
  await eventually(() => workersOf(run)).toHaveLength(2)
  return { run, port }
}

function connect(port: number): Promise<ProtocolClient> {
  return ProtocolClient.connect(`ws://127.0.0.1:${port}/app/local?protocol=7`, { credentials, timeout: 10 })
}

/** Processes that the run has forked and that have not ended. */
function workersOf({ child }: Run): number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'ppid=,pid=,stat='], { encoding: 'utf8' }).split('\n')
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([parent, , state]) => parent === String(child.pid) && !state?.startsWith('Z'))
    .map(([, pid]) => Number(pid))
}

/** Resolves when both workers have joined, and so listen. */
async function bothListen(run: Run): Promise<void> {
  await eventually(() => run.printed().match(/has joined/g)?.length ?? 0).toBeGreaterThan(1)
}

describe('reverb start --workers', { timeout: 30_000 }, () => {
  it('makes one server of its workers, and replaces one that dies: its members leave', async () => {
    const { run, port } = await startWorkers()
    await bothListen(run)
    // Connections go to the workers by turns.
    const clients = [await connect(port), await connect(port)] as const
    await clients[0].join('presence-room', { user_id: '0' })
    const joined = await clients[1].join('presence-room', { user_id: '1' })
    expect(payloadOf(joined)).toMatchObject({ presence: { ids: ['0', '1'] } })
    await clients[0].next('pusher_internal:member_added')
    const [first, second] = workersOf(run)
    process.kill(first ?? 0, 'SIGKILL')
    const lost = await Promise.race(clients.map((client, index) => client.closed.then(() => index)))
    const survivor = clients[lost === 0 ? 1 : 0]
    const removed = await survivor.next('pusher_internal:member_removed')
    expect(payloadOf(removed)).toEqual({ user_id: String(lost) })
    await eventually(() => workersOf(run)).toHaveLength(2)
    expect(workersOf(run)).toContain(second)
    await eventually(() => run.printed()).toContain(`Worker ${first} has ended (SIGKILL)`)
    survivor.terminate()
  })

  it('waits longer before it replaces one that replaced another and died at once, too; others do not wait with it', async () => {
    const { run } = await startWorkers()
    const [first = 0, second = 0] = workersOf(run)
    const pauseAfter = async (worker: number) => {
      process.kill(worker, 'SIGKILL')
      const line = new RegExp(`Worker ${worker} has ended .* (\\d+) ms`)
      await eventually(() => run.printed()).toMatch(line)
      return line.exec(run.printed())?.[1]
    }
    expect(await pauseAfter(first)).toBe('200')
    expect(await pauseAfter(second)).toBe('200')
    await eventually(() => workersOf(run)).toHaveLength(2)
    expect(await pauseAfter(workersOf(run)[0] ?? 0)).toBe('400')
  })

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'tells every client 4200 on %s, and ends with 0',
    async (signal) => {
      const { run, port } = await startWorkers()
      const clients = [await connect(port), await connect(port), await connect(port)]
      run.child.kill(signal)
      for (const client of clients) expect(await client.closed).toMatchObject({ code: 4200 })
      expect(await run.ended).toBe(0)
      expect(run.printed().match(/listens on/g)).toHaveLength(1)
      expect(run.printed()).toContain('with 2 workers')
    },
  )

  it('ends at once on a second signal, with all its workers', async () => {
    const { run } = await startWorkers()
    const workers = workersOf(run)
    for (const worker of workers) process.kill(worker, 'SIGSTOP')
    run.child.kill('SIGTERM')
    await eventually(() => run.printed()).toContain('shutting down')
    run.child.kill('SIGTERM')
    expect(await run.ended).toBe(1)
  })

  it('ends at once with 0 on a signal before it listens, with the worker that was on its way', async () => {
    const config = `
      import cluster from 'node:cluster'
      if (cluster.isWorker) await new Promise(() => setInterval(() => {}, 1000))
      export default {}
    `
    const files = { 'slow.mjs': config }
    const run = await reverb(['start', '--workers', '2', '--config', 'slow.mjs'], app, files)
    await eventually(() => workersOf(run)).toHaveLength(1)
    run.child.kill('SIGTERM')
    // What it has printed is at its end when the worker has ended, too.
    expect(await run.ended).toBe(0)
    expect(run.child.signalCode).toBeNull()
    expect(run.printed()).toBe('')
  })

  it('says once what keeps it from listening, and ends with 1', async () => {
    const port = String(await listen(createServer()))
    const run = await reverb(['start', '--host', '127.0.0.1', '--port', port, '--workers', '3'])
    expect(await run.ended).toBe(1)
    expect(run.printed().match(/is in use/g)).toHaveLength(1)
  })

  it.each(['0', 'many', '-1'])('refuses %s workers', async (count) => {
    const run = await reverb(['start', '--workers', count])
    expect(await run.ended).toBe(1)
    expect(run.printed()).toContain('whole number from 1')
  })
})
