import fc from 'fast-check'
import { expect } from 'vitest'
import { kindOf } from '../../src/protocol/names.ts'
import { signUser } from '../../src/protocol/signature.ts'
import type { Registry } from '../../src/server/adapter.ts'
import type { MemoryRegistry } from '../../src/server/adapters/memory-registry.ts'
import type { App } from '../../src/server/apps/app.ts'
import type { LifecycleEvent } from '../../src/server/lifecycle.ts'
import type { ServerMessage } from '../../src/testing/index.ts'
import { anyJson, anyText } from '../support/anything.ts'
import { ManualRegistry } from '../support/manual-registry.ts'
import { channelName, Parts, type TestClient, turn, userData } from '../support/parts.ts'
import { messagesOnWire } from '../support/wire.ts'

/** Members of a presence channel in that world. */
export const maxMembers = 2

export const users = ['1', '2', '__proto__']

export const channels = [
  'news',
  'cache-prices',
  'private-x',
  'private-cache-x',
  'private-encrypted-cache-x',
  'presence-x',
  'presence-cache-x',
  '#server-to-user-1',
  '__proto__',
]

/** What stands among the messages of a client where it may have left a channel. */
export const left = 'left'

/** The same where it may leave the channel from there on: once a sign-in that is under way has ended. */
export const leaving = 'leaving'

const refusals = ['pusher:error', 'pusher:subscription_error']

/** Something that a client, the backend or the network does; of the fields, each deed takes what it needs. */
export interface Step {
  readonly deed: keyof typeof deeds
  /** Of the clients, counted from the newest. */
  readonly who: number
  readonly channel: string
  readonly user: string
  readonly watchlist: unknown
  readonly text: string
}

/** What each deed is; those that a client does need one. */
const deeds = {
  connect: (world) => world.connect(),
  wait: () => turn(),
  answer: (world) => world.answer(),
  settle: (world) => world.settle(),
  publish: (world, { channel }) => world.publish(channel),
  disconnect: ({ parts }, { user }) => parts.revoke.disconnect(parts.app, user),
  revoke: (world, { user, channel }) => {
    void world.parts.revoke.unsubscribe(world.parts.app, user, channelName(channel))
    world.mayHaveLeft(undefined, channel)
  },
  end: (_world, _step, { connection }) => connection.end(),
  kick: (_world, _step, { connection }) => connection.close(4100),
  binary: (_world, _step, { say }) => say(null),
  say: (world, { text }, client) => {
    world.comesBack(client)
    client.say(text)
    for (const name of channels) world.mayHaveLeft(client, name)
  },
  ask: (world, { channel }, client) => {
    world.comesBack(client, channel)
    client.say({ event: 'pusher:subscribe', data: { channel } })
  },
  leave: (world, { channel }, client) => {
    client.say({ event: 'pusher:unsubscribe', data: { channel } })
    world.hasLeft(client, channel)
  },
  whisper: (_world, { channel, user }, { say }) => say({ event: 'client-x', channel, data: { user } }),
  join: (world, { channel, user }, client) => {
    world.comesBack(client, channel)
    client.subscribe(channel, kindOf(channel).access === 'presence' ? userData(user) : undefined)
  },
  'sign in': (world, { user, watchlist }, client) => {
    const user_data = JSON.stringify({ id: user, watchlist })
    const auth = signUser(world.parts.app, client.connection.socketId, user_data)
    world.signsIn(client)
    client.say({ event: 'pusher:signin', data: { auth, user_data } })
  },
} satisfies Record<string, (world: World, step: Step, client: TestClient) => unknown>

// Most happens where there are members.
const channel = fc.constantFrom(...channels, 'presence-x', 'presence-x', 'presence-x', 'presence-cache-x')
const almostMessage = fc
  .record({
    event: fc.constantFrom(
      'pusher:subscribe',
      'pusher:unsubscribe',
      'pusher:signin',
      'client-x',
      'pusher:ping',
    ),
    channel: fc.oneof(channel, anyJson),
    data: fc.oneof(
      anyJson,
      fc.record({ channel: fc.oneof(channel, anyJson), auth: anyJson, channel_data: anyJson }),
    ),
  })
  .map((message) => JSON.stringify(message))

const everyDeed = Object.keys(deeds) as Step['deed'][]
/** Any step. */
export const step: fc.Arbitrary<Step> = fc.record({
  // Most of the time somebody comes or goes.
  deed: fc.oneof(
    fc.constantFrom(...everyDeed),
    fc.constantFrom(
      'connect',
      'join',
      'join',
      'join',
      'join',
      'ask',
      'leave',
      'whisper',
      'publish',
      'answer',
    ),
  ),
  who: fc.nat(3),
  channel,
  user: fc.constantFrom(...users),
  watchlist: fc.oneof(fc.subarray([...users, 7]), anyJson),
  text: fc.oneof(anyText(), almostMessage),
})

/** Everything at once, or as the world has it answered. */
export type WorldRegistry = MemoryRegistry | ManualRegistry

/** A server without a network and everybody who is connected to it. */
export class World {
  readonly parts: Parts
  readonly events: LifecycleEvent[] = []
  readonly #registry: WorldRegistry
  readonly #everybody: TestClient[] = []
  readonly #leaves: { client: TestClient; channel: string; writes: number; event: string }[] = []
  /** Clients whose sign-in may be under way. */
  readonly #signingIn = new Set<TestClient>()
  #left: { client: TestClient; channel: string; writes: number }[] = []

  constructor(registry: WorldRegistry) {
    const app = {
      subscriptionCount: true,
      presenceMaxMembers: maxMembers,
      maxChannelsPerConnection: 5,
      messageRate: 0,
    }
    this.parts = new Parts({ app: { ...app, clientEventRate: 0, clientEvents: 'all' }, registry })
    this.parts.lifecycle.on((event) => void this.events.push(event))
    this.#registry = registry
  }

  /** What clients have heard of channels since they left them, but for the refusal of what they asked before. */
  get heardAfterwards(): readonly ServerMessage[] {
    return this.#left.flatMap(({ client: { socket }, channel, writes }) =>
      messagesOnWire(Buffer.concat(socket.writes.slice(writes))).filter(
        (message) => message.channel === channel && !refusals.includes(message.event),
      ),
    )
  }

  /** Everything that was written to each client that has ever been, and {@link left} or {@link leaving} where it says so. */
  get heard(): readonly (readonly ServerMessage[])[] {
    return this.#everybody.map((client) => {
      const { writes } = client.socket
      const leaves = this.#leaves.filter((leave) => leave.client === client)
      const parts = leaves.map(({ channel, writes: end, event }, index) => [
        ...messagesOnWire(Buffer.concat(writes.slice(leaves[index - 1]?.writes ?? 0, end))),
        { event, channel },
      ])
      return [...parts.flat(), ...messagesOnWire(Buffer.concat(writes.slice(leaves.at(-1)?.writes ?? 0)))]
    })
  }

  async take(step: Step): Promise<void> {
    const client = this.#everybody.at(-1 - step.who) ?? this.#everybody[0]
    if (client !== undefined) await deeds[step.deed](this, step, client)
  }

  async connect(): Promise<void> {
    const client = this.parts.connect()
    this.#everybody.push(client)
    expect(await this.ask((registry, app) => registry.connect(app, client.connection.socketId))).toBe(true)
  }

  async answer(): Promise<void> {
    if (this.#registry instanceof ManualRegistry) await this.#registry.answerAll()
    this.#signingIn.clear()
  }

  /** What the client says of some channels from here on waits for the registry's answer. */
  signsIn(client: TestClient): void {
    if (this.#registry instanceof ManualRegistry) this.#signingIn.add(client)
  }

  /** Whoever has left by now is gone for good. */
  settle(): void {
    this.#registry.close()
  }

  /** What the registry says, whenever it says something. */
  async ask<T>(question: (registry: Registry, app: App) => T): Promise<Awaited<T>> {
    const answer = question(this.parts.registry, this.parts.app)
    await this.answer()
    return await answer
  }

  publish(name: string): void {
    const event = { kind: 'published', app: this.parts.app, event: 'news', data: '{}' } as const
    void this.parts.publish({ ...event, channel: channelName(name) })
  }

  /** From here on the client must hear nothing of the channel, but for one whose sign-in is under way. */
  hasLeft(client: TestClient, channel: string): void {
    this.mayHaveLeft(client, channel)
    if (this.#signingIn.has(client)) return
    this.#left.push({ client, channel, writes: client.socket.writes.length })
  }

  /** What the client, or every client, was told of the channel may be out of date from here on. */
  mayHaveLeft(client: TestClient | undefined, channel: string): void {
    for (const one of client ? [client] : this.#everybody) {
      this.parts.outbox.flush(one.connection)
      const event = this.#signingIn.has(one) ? leaving : left
      this.#leaves.push({ client: one, channel, writes: one.socket.writes.length, event })
    }
  }

  /** The client may be in the channel again, or in any. */
  comesBack(client: TestClient, channel?: string): void {
    this.#left = this.#left.filter(
      (left) => left.client !== client || (channel !== undefined && left.channel !== channel),
    )
  }

  /** Everybody leaves, and whatever was held back happens. */
  async end(): Promise<void> {
    for (const { connection } of this.#everybody) connection.end()
    // Whoever was answered may go on to ask again.
    for (let asked = 0; asked < 5; asked++) {
      await this.answer()
      await turn()
    }
    await this.parts.released(5_000)
    await this.parts.stop()
  }
}

/** Takes all steps, beginning with two clients, and lets everybody leave. */
export async function live(registry: WorldRegistry, steps: readonly Step[]): Promise<World> {
  const world = new World(registry)
  await world.connect()
  await world.connect()
  for (const step of steps) await world.take(step)
  await world.end()
  return world
}
