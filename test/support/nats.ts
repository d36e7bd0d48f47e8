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
  /** @default that of the machine */
  readonly program?: string
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
  #folder: string | undefined
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

  /** Starts it where it was, without what it had in memory. */
  async startAgain(): Promise<void> {
    const { program = 'nats-server', jetStream = true, more = [] } = this.#options
    const where = ['-a', '127.0.0.1', '-p', String(this.port)]
    this.#folder ??= mkdtempSync(join(tmpdir(), 'reverb-nats-'))
    const memory = jetStream ? ['-js', '-sd', this.#folder] : []
    this.#process = spawn(program, [...where, ...memory, ...more], { stdio: 'ignore' })
    while (!(await answers(this.port))) await sleep(20)
  }

  /** Ends it at once; its files stay. */
  async kill(): Promise<void> {
    const process = this.#process
    this.#process = undefined
    if (process === undefined) return
    const exit = once(process, 'exit')
    process.kill('SIGKILL')
    await exit
  }

  /** Ends it at once, and nothing of it stays. */
  async stop(): Promise<void> {
    await this.kill()
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true })
    this.#folder = undefined
  }

  /** It does nothing any more, and its connections stay. */
  freeze(): void {
    this.#process?.kill('SIGSTOP')
  }

  /** It goes on. */
  thaw(): void {
    this.#process?.kill('SIGCONT')
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
