import { messageOf } from '../../../support/errors.ts'
import type { RedisConnection } from './redis-connection.ts'
import { scripts } from './scripts/all.ts'
import type { Script } from './scripts/script.ts'

/** The scripts in one Redis process: they run in the order of the calls, also when Redis has forgotten them meanwhile. */
export class RedisScripts {
  readonly #commands: RedisConnection
  /** Resolves when what Redis has refused, because it had forgotten them, has been sent once more. */
  #restored: Promise<void> | undefined

  constructor(commands: RedisConnection) {
    this.#commands = commands
  }

  /** Resolves when Redis has all of them. */
  async load(): Promise<void> {
    await Promise.all(scripts.map(({ text }) => this.#commands.command(['SCRIPT', 'LOAD', text])))
  }

  /** Answers what the script does; `rest` is how many keys, the keys, and words. */
  async run({ sha, text }: Script, rest: readonly (string | Buffer)[]): Promise<unknown> {
    if (this.#restored !== undefined) await this.#restored
    try {
      return await this.#commands.command(['EVALSHA', sha, ...rest])
    } catch (error) {
      if (!messageOf(error).includes('NOSCRIPT')) throw error
    }
    this.#restored ??= this.#restore()
    return await this.#commands.command(['EVAL', text, ...rest])
  }

  /** Answered after everything that was asked before; should it fail, so will what waits for it. */
  #restore(): Promise<void> {
    const restored = this.load().catch(() => {})
    // The first to be told: calls from then on come after those that wait.
    void restored.then(() => {
      this.#restored = undefined
    })
    return restored
  }
}
