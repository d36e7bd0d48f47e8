import cluster, { type Worker } from 'node:cluster'
import { setupPrimary } from '../server/adapters/workers/primary.ts'
import { ConfigurationError } from '../support/errors.ts'
import type { Logger } from '../support/logger.ts'
import { place, type Running, readSettings, type StartFlags, warnOfUnknown } from './start.ts'

/** Starts worker processes that share one port, keeps as many alive, and says where they listen. */
export async function startWorkers(flags: StartFlags, count: number): Promise<Running> {
  const { config, logger } = await readSettings(flags)
  warnOfUnknown(logger)
  setupPrimary()
  cluster.setupPrimary({ serialization: 'advanced' })
  const workers = new Workers(logger)
  // One after the other: what keeps the first from listening is said once.
  const port = await workers.first()
  for (let more = 1; more < count; more++) workers.another()
  logger.info(`Reverb listens on ${place(config, port)}, with ${count} worker${count > 1 ? 's' : ''}`)
  return {
    stop: () => {
      logger.info('Reverb is shutting down')
      return workers.stop()
    },
  }
}

/** A worker that lives shorter than this, in milliseconds, has died at once. */
const shortLife = 10_000

/** Milliseconds before a worker that died at once is replaced: at first, and at most. */
const pauses = { first: 200, last: 30_000 } as const

/** The worker processes of this one, which none of them outlives. */
class Workers {
  readonly #logger: Logger
  readonly #alive = new Map<Worker, Promise<void>>()
  readonly #pauses = new Set<NodeJS.Timeout>()
  #stopping = false

  constructor(logger: Logger) {
    this.#logger = logger
    process.once('exit', () => this.#kill('SIGKILL'))
  }

  /** Forks one, and resolves to the port on which it listens; rejects when it ends before that. */
  first(): Promise<number> {
    const worker = this.#fork()
    return new Promise((resolve, reject) => {
      const ended = () => reject(new ConfigurationError('The first worker has ended before it listened'))
      worker.once('exit', ended)
      worker.once('listening', ({ port }) => {
        worker.off('exit', ended)
        this.#keep(worker, pauses.first)
        resolve(port)
      })
    })
  }

  /** Forks one more, and another one whenever it ends. */
  another(): void {
    this.#keep(this.#fork(), pauses.first)
  }

  /** Has all of them stop, and resolves when they have ended. */
  async stop(): Promise<void> {
    this.#stopping = true
    for (const pause of this.#pauses) clearTimeout(pause)
    this.#kill('SIGTERM')
    await Promise.all(this.#alive.values())
  }

  #fork(): Worker {
    const worker = cluster.fork()
    const ended = new Promise<void>((resolve) => {
      worker.once('exit', () => {
        this.#alive.delete(worker)
        resolve()
      })
    })
    this.#alive.set(worker, ended)
    return worker
  }

  /** `early`: milliseconds before it is replaced if it dies at once; the next one in its place waits twice as long. */
  #keep(worker: Worker, early: number): void {
    const begun = performance.now()
    worker.once('exit', (code, signal) => {
      if (this.#stopping) return
      const pause = performance.now() - begun < shortLife ? early : pauses.first
      const how = signal ?? `code ${code}`
      this.#logger.warn(`Worker ${worker.process.pid} has ended (${how}); another one starts in ${pause} ms`)
      const timer = setTimeout(() => {
        this.#pauses.delete(timer)
        this.#keep(this.#fork(), Math.min(pause * 2, pauses.last))
      }, pause)
      this.#pauses.add(timer)
    })
  }

  #kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    for (const worker of this.#alive.keys()) worker.process.kill(signal)
  }
}
