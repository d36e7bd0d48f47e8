import type { Member } from '../../src/protocol/messages.ts'
import type { ChannelName, SocketId } from '../../src/protocol/names.ts'
import type { Joined, Occupancy, Registry, RegistryListener } from '../../src/server/adapter.ts'
import { MemoryRegistry } from '../../src/server/adapters/memory-registry.ts'
import type { App } from '../../src/server/apps/app.ts'
import { turn } from './parts.ts'

interface Call {
  readonly answer: () => void
  readonly fail: (error: Error) => void
}

/** A registry far away: each call takes effect, in its turn, when the test says so. */
export class ManualRegistry implements Registry {
  readonly #memory = new MemoryRegistry()
  readonly #joined = new Set<string>()
  readonly #calls: Call[] = []

  /** Lets the oldest call take effect and be answered; whoever waited for it has gone on afterwards. */
  answer(): Promise<void> {
    return this.#next((call) => call.answer())
  }

  /** Rejects the oldest call, which changes nothing; whoever waited for it has gone on afterwards. */
  fail(error: Error): Promise<void> {
    return this.#next((call) => call.fail(error))
  }

  /** Answers until nothing is left to answer. */
  async answerAll(): Promise<void> {
    while (this.#calls.length > 0) await this.answer()
  }

  listen(listener: RegistryListener): void {
    this.#memory.listen(listener)
  }

  connect(app: App, socketId: SocketId): Promise<boolean> {
    return this.#later(() => this.#memory.connect(app, socketId))
  }

  disconnect(app: App, socketId: SocketId): Promise<void> {
    return this.#later(() => this.#memory.disconnect(app, socketId))
  }

  join(app: App, channel: ChannelName, socketId: SocketId, member: Member | undefined): Promise<Joined> {
    return this.#later(() => {
      const joined = this.#memory.join(app, channel, socketId, member)
      if (joined === 'joined') this.#joined.add(`${channel} ${socketId}`)
      return joined
    })
  }

  leave(app: App, channel: ChannelName, socketId: SocketId, member: Member | undefined): Promise<void> {
    return this.#later(() => {
      if (this.#joined.delete(`${channel} ${socketId}`)) this.#memory.leave(app, channel, socketId, member)
    })
  }

  roster(app: App, channel: ChannelName): readonly Member[] {
    return this.#memory.roster(app, channel)
  }

  connections(app: App): Promise<number> {
    return this.#later(() => this.#memory.connections(app))
  }

  signIn(app: App, socketId: SocketId, userId: string): Promise<void> {
    return this.#later(() => this.#memory.signIn(app, socketId, userId))
  }

  signOut(app: App, socketId: SocketId, userId: string): Promise<void> {
    return this.#later(() => this.#memory.signOut(app, socketId, userId))
  }

  online(app: App, userIds: readonly string[]): Promise<ReadonlySet<string>> {
    return this.#later(() => this.#memory.online(app, userIds))
  }

  members(app: App, channel: ChannelName): Promise<readonly Member[]> {
    return this.#later(() => this.#memory.members(app, channel))
  }

  occupancy(app: App, channel: ChannelName): Promise<Occupancy> {
    return this.#later(() => this.#memory.occupancy(app, channel))
  }

  channels(app: App, prefix: string): Promise<ReadonlyMap<ChannelName, Occupancy>> {
    return this.#later(() => this.#memory.channels(app, prefix))
  }

  /** Tells at once of the departures that are still held back. */
  close(): void {
    this.#memory.close()
  }

  /** Everything that is in the registry now. */
  occupied(app: App): object {
    return Object.fromEntries(this.#memory.channels(app, ''))
  }

  #later<T>(effect: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#calls.push({ answer: () => resolve(effect()), fail: reject })
    })
  }

  async #next(settle: (call: Call) => void): Promise<void> {
    const call = this.#calls.shift()
    if (call === undefined) throw new Error('The registry was not asked anything')
    settle(call)
    await turn()
  }
}
