import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.ts'

/** What a NATS server is started with. */
export interface NatsServerOptions {
  /** @default true */
  readonly jetStream?: boolean
  /** A free one unless it is said. */
  readonly port?: number
  /** More arguments of `nats-server`. */
  readonly more?: readonly string[]
}

/** A NATS server of a test, on this machine. */
export class NatsServer {
  readonly port: number
  readonly #options: NatsServerOptions
  readonly #folders: string[] = []
  #process: ChildProcess | undefined

  private constructor(port: number, options: NatsServerOptions) {
    this.port = port
    this.#options = options
  }

  /** Resolves when it answers. */
  static async start(options: NatsServerOptions = {}): Promise<NatsServer> {
    const server = new NatsServer(options.port ?? (await freePort()), options)
    await server.startAgain()
    return server
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`
  }

  /** Starts it where it was, knowing nothing. */
  async startAgain(): Promise<void> {
    const { jetStream = true, more = [] } = this.#options
    const where = ['-a', '127.0.0.1', '-p', String(this.port)]
    const memory = jetStream ? ['-js', '-sd', this.#newFolder()] : []
    this.#process = spawn('nats-server', [...where, ...memory, ...more], { stdio: 'ignore' })
    while (!(await answers(this.port))) await sleep(20)
  }

  /** Ends it at once. */
  async stop(): Promise<void> {
    const process = this.#process
    this.#process = undefined
    if (process === undefined) return
    const exit = once(process, 'exit')
    process.kill('SIGKILL')
    await exit
    for (const folder of this.#folders.splice(0)) rmSync(folder, { recursive: true, force: true })
  }

  /** It does nothing any more, and its connections stay. */
  freeze(): void {
    this.#process?.kill('SIGSTOP')
  }

  /** It goes on. */
  thaw(): void {
    this.#process?.kill('SIGCONT')
  }

  #newFolder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'reverb-nats-'))
    this.#folders.push(folder)
    return folder
  }
}

/** Whether a server greets on this port. */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'data')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
