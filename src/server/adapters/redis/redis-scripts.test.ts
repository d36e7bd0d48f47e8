import { expect, it } from 'vitest'
import type { RedisConnection } from './redis-connection.ts'
import { RedisScripts } from './redis-scripts.ts'
import { last } from './scripts/events.ts'

/** A Redis that does at once what it is told, and answers one command in each turn. */
class SlowToAnswer implements RedisConnection {
  readonly opened = Promise.resolve()
  /** Last words of the scripts that have run. */
  readonly done: (string | Buffer | undefined)[] = []
  readonly #loaded = new Set<string>()
  #answered = Promise.resolve()

  command(words: readonly (string | Buffer)[]): Promise<unknown> {
    const [name, script = ''] = words.map(String)
    const isKnown = name !== 'EVALSHA' || this.#loaded.has(script)
    if (name !== 'EVALSHA') this.#loaded.add(last.sha)
    if (name !== 'SCRIPT' && isKnown) this.done.push(words.at(-1))
    const answered = this.#answered.then(() => new Promise<void>((resolve) => setImmediate(resolve)))
    this.#answered = answered
    return answered.then(() => {
      if (!isKnown) throw new Error('NOSCRIPT No matching script')
    })
  }

  forget(): void {
    this.#loaded.clear()
  }

  async subscribe(): Promise<void> {}
  async unsubscribe(): Promise<void> {}
  destroy(): void {}
}

it('scripts run in the order of the calls, however often Redis forgets them', async () => {
  const redis = new SlowToAnswer()
  const scripts = new RedisScripts(redis)
  await scripts.load()
  const words = Array.from({ length: 200 }, (_, at) => String(at))
  const calls: Promise<unknown>[] = []
  for (const word of words) {
    if (Number(word) % 25 === 0) redis.forget()
    calls.push(scripts.run(last, ['0', word]))
    // Twice as fast as the answers.
    if (Number(word) % 2 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await Promise.all(calls)
  expect(redis.done).toEqual(words)
})
