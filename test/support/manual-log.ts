import type { ChannelName } from '../../src/protocol/names.ts'
import type { EventLog, Kept, KeptEvent, LoggedEvent } from '../../src/server/adapter.ts'
import { MemoryEventLog } from '../../src/server/adapters/memory-log.ts'
import type { App } from '../../src/server/apps/app.ts'
import { turn } from './parts.ts'

interface Call {
  readonly effect: () => void
  readonly answer: () => void
  readonly fail: (error: Error) => void
}

/** A log far away: each call takes effect, and is answered, in its turn, when the test says so. */
export class ManualLog implements EventLog {
  readonly #memory = new MemoryEventLog()
  readonly #asked: Call[] = []
  readonly #done: Call[] = []

  /** The oldest calls take effect, so many of them, without being answered yet. */
  take(count: number): void {
    for (const call of this.#asked.splice(0, count)) {
      call.effect()
      this.#done.push(call)
    }
  }

  /** The oldest call that has taken effect is answered; whoever waited for it has gone on afterwards. */
  answer(): Promise<void> {
    if (this.#done.length === 0) this.take(1)
    return settled(this.#done.shift(), (call) => call.answer())
  }

  /** Rejects the oldest call, which changes nothing; whoever waited for it has gone on afterwards. */
  fail(error: Error): Promise<void> {
    return settled(this.#asked.shift(), (call) => call.fail(error))
  }

  keep(app: App, channel: ChannelName, event: LoggedEvent): Promise<Kept> {
    return this.#later(() => this.#memory.keep(app, channel, event))
  }

  last(app: App, channel: ChannelName): Promise<KeptEvent | undefined> {
    return this.#later(() => this.#memory.last(app, channel))
  }

  #later<T>(run: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      let answer = () => {}
      const effect = () => {
        const result = run()
        answer = () => resolve(result)
      }
      this.#asked.push({ effect, answer: () => answer(), fail: reject })
    })
  }
}

async function settled(call: Call | undefined, settle: (call: Call) => void): Promise<void> {
  if (call === undefined) throw new Error('The log was not asked anything')
  settle(call)
  await turn()
}
