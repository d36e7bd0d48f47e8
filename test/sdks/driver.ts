import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { afterAll } from 'vitest'
import { programs } from '../../scripts/lib/sdks.mjs'
import { Inbox } from '../../src/testing/inbox.ts'

/** An event that a client has heard, as its SDK hands it out. */
export interface Heard {
  readonly channel?: string
  readonly event: string
  readonly data?: unknown
  readonly user_id?: string
}

/** A line of a program: the answer to a command, or something that a client has heard. */
type Line = { result?: unknown } | { error: string } | { event: Heard }

/** Milliseconds for an answer; the programs themselves give up after 20 s, and say on what. */
const patience = 25_000

/**
 * A program that uses an SDK and does what it is told: one command at a time, each answered in turn.
 * It lives as long as the tests of the file.
 */
export class Driver {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>
  readonly #answers = new Inbox<{ result?: unknown } | { error: string }>(patience)
  readonly #heard = new Inbox<Heard>(patience)

  constructor(sdk: keyof typeof programs) {
    const [program = '', ...parameters] = programs[sdk]
    this.#process = spawn(program, parameters, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#process.on('error', (cause) =>
      this.#end(new Error(`${sdk} does not start: npm run test:sdks installs it`, { cause })),
    )
    this.#process.on('exit', (code, signal) => this.#end(new Error(`${sdk} has ended: ${signal ?? code}`)))
    createInterface(this.#process.stdout).on('line', (line) => this.#receive(line))
    afterAll(() => this.#stop())
  }

  /** Resolves to what the SDK returns; rejects with what it throws. The caller knows what the SDK returns. */
  async call<Result = unknown>(command: string, parameters: object = {}): Promise<Result> {
    this.#process.stdin.write(`${JSON.stringify({ call: command, with: parameters })}\n`)
    const answer = await this.#answers.take()
    if ('error' in answer) throw new Error(answer.error)
    // The decode boundary: what an SDK returns is for the test to assert.
    return answer.result as Result
  }

  /** The next event that the client hears. */
  next(): Promise<Heard> {
    return this.#heard.take()
  }

  #receive(text: string): void {
    // The decode boundary: the programs stand in this folder and write nothing else.
    const line = JSON.parse(text) as Line
    if ('event' in line) this.#heard.put(line.event)
    else this.#answers.put(line)
  }

  #end(reason: Error): void {
    this.#answers.end(reason)
    this.#heard.end(reason)
  }

  async #stop(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#process
    if (pid === undefined || exitCode !== null || signalCode !== null) return
    const ended = once(this.#process, 'exit')
    this.#process.stdin.end()
    const deadline = setTimeout(() => this.#process.kill('SIGKILL'), 5_000)
    await ended
    clearTimeout(deadline)
  }
}
