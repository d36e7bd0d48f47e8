import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { startChild } from './children.mjs'
import { pinServer } from './cores.mjs'
import { workshop } from './programs.mjs'

/** Milliseconds after which a server that does not answer, or does not let go of its clients, is broken. */
const patience = 30_000

/** Flags of Node for a server whose memory is measured: see {@link Server#collect}. */
export const collectable = ['--expose-gc', '--import', import.meta.resolve('./collect-on-signal.mjs')]

/** A server in a process of its own, on the servers' core; it ends with this process, and this process fails with it. */
export class Server {
  /** @type {number} */
  port
  #name
  #child
  #idleFiles = 0

  /**
   * @param {string} name
   * @param {number} port
   * @param {import('node:child_process').ChildProcess} child
   */
  constructor(name, port, child) {
    this.#name = name
    this.port = port
    this.#child = child
  }

  /**
   * Resolves when it accepts connections.
   * @param {import('./contestants.mjs').Contestant} contestant
   */
  static async start({ name, command, env, tellsReady = false }) {
    const port = await freePort()
    const child = startChild([...pinServer, ...command(port)], {
      // Away from any .env, and with nothing of this environment that could configure it.
      cwd: workshop,
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    child.once('exit', (code) => child.emit('error', new Error(`${name} has ended with exit code ${code}`)))
    const server = new Server(name, port, child)
    await server.#until(() => listens(port), 'does not listen')
    if (tellsReady) while (!(await isReady(port))) await delay(20)
    await delay(100)
    server.#idleFiles = server.#files
    return server
  }

  get pid() {
    return Number(this.#child.pid)
  }

  /** How many clients are connected. */
  get clients() {
    return this.#files - this.#idleFiles
  }

  /** Resolves when so many clients are connected, or more. */
  occupied(/** @type {number} */ count) {
    return this.#until(() => this.clients >= count, `does not get its ${count} clients`)
  }

  /** Resolves when no more clients are connected than so many. */
  vacated(count = 0) {
    return this.#until(() => this.clients <= count, 'does not let go of its clients')
  }

  /**
   * Lets it collect its garbage, and resolves to what remains once the pages that became free have been given back,
   * which happens beside it. The server needs the flags {@link collectable}.
   * @returns {Promise<NodeJS.MemoryUsage>}
   */
  async collect() {
    await this.#collectOnce()
    await delay(1000)
    return this.#collectOnce()
  }

  /** Microseconds of CPU that it has used so far. */
  get cpu() {
    const threads = readdirSync(`/proc/${this.pid}/task`)
    const nanoseconds = threads.map((thread) =>
      Number(readFileSync(`/proc/${this.pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
    )
    return nanoseconds.reduce((sum, one) => sum + one, 0) / 1000
  }

  /** Forgets how much memory it has needed so far: see {@link peak}. */
  forgetPeak() {
    writeFileSync(`/proc/${this.pid}/clear_refs`, '5')
  }

  /** The most KiB of memory that were resident since the last {@link forgetPeak}. */
  get peak() {
    return Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1])
  }

  /**
   * Sends it a message, and resolves to its answer.
   * @param {import('node:child_process').Serializable} question
   */
  async ask(question) {
    const answer = once(this.#child, 'message')
    this.#child.send(question)
    return (await answer)[0]
  }

  /** Resolves when it has ended. */
  async stop() {
    this.#child.removeAllListeners('exit')
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }

  async #collectOnce() {
    const answer = once(this.#child, 'message')
    this.#child.kill('SIGUSR2')
    return (await answer)[0]
  }

  get #files() {
    return readdirSync(`/proc/${this.pid}/fd`).length
  }

  /**
   * @param {() => boolean} condition
   * @param {string} complaint
   */
  async #until(condition, complaint) {
    const end = performance.now() + patience
    while (!condition()) {
      if (performance.now() > end) throw new Error(`${this.#name} ${complaint} (after ${patience / 1000} s)`)
      await delay(20)
    }
  }
}

/**
 * Whether it has joined the others, where there are any.
 * @param {number} port
 */
export async function isReady(port) {
  try {
    return (await fetch(`http://127.0.0.1:${port}/ready`, { headers: { connection: 'close' } })).ok
  } catch {
    return false
  }
}

/**
 * Asks the kernel: a connection just to see would be among the clients for a while.
 * @param {number} port
 */
function listens(port) {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  return readFileSync('/proc/net/tcp', 'utf8').includes(`:${hex} 00000000:0000 0A`)
}

/**
 * A port on which nothing listens.
 * @returns {Promise<number>}
 */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = Object(server.address())
  server.close()
  await once(server, 'close')
  return port
}
