import fc from 'fast-check'
import { turn } from '../support/parts.ts'
import { DeliveryWorld } from './delivery-world.ts'

/** So many that an event for all of them is written in three slices. */
const crowd = 530

/** Who of the crowd is in which channel from the beginning; with one more in `edge` it counts among the large ones. */
const channels: Readonly<Record<string, (index: number) => boolean>> = {
  wide: () => true,
  'cache-broad': (index) => index < 260,
  edge: (index) => index >= crowd - 256,
  few: (index) => [0, 100, 511, 529].includes(index),
  'cache-few': (index) => [100, 511].includes(index),
  empty: () => false,
}

/** Those beside the borders of slices and channels, and the newest. */
const places = [0, 100, 255, 256, 259, 511, 512, 529, -1, -2]

/** Bytes of an event: less and more than what is written before the turn ends, alone or some of them together. */
const sizes = [1, 1, 1, 200, 200, 20_000, 20_000, 70_000, 270_000]

/** Something that a client, the backend, the registry, the network or the event loop does. */
export interface Step {
  readonly deed: keyof typeof deeds
  readonly who: number
  readonly channel: string
  readonly size: number
  readonly count: number
  /** Whether the event is not for that client. */
  readonly toOthers: boolean
  /** Whether the registry lets it wait. */
  readonly later: boolean
}

/** What each deed is; of the fields it takes what it needs. */
const deeds = {
  turn: async (_world, { count }) => {
    for (let turns = 0; turns < 1 + (count % 3); turns++) await turn()
  },
  publish: (world, step) => publish(world, step),
  burst: (world, step) => {
    for (let sent = 0; sent < step.count; sent++) void publish(world, step)
  },
  answer: (world, { count }) => world.answer(count),
  connect: (world) => world.connect(),
  send: (world, { who }) => world.send(who),
  ping: (world, { who }) => world.ping(who),
  whisper: (world, { who, channel }) => world.whisper(who, channel),
  join: (world, { who, channel, later }) => world.join(who, channel, later),
  leave: (world, { who, channel }) => world.leave(who, channel),
  close: (world, { who }) => world.close(who),
  end: (world, { who }) => world.end(who),
  lose: (world, { who }) => world.lose(who),
  stall: (world, { who }) => world.stall(who),
} satisfies Record<string, (world: DeliveryWorld, step: Step) => unknown>

// Most of the time something is published, and there are more ways to end a connection than are needed.
const oftenDone = [
  'turn',
  'turn',
  'publish',
  'publish',
  'publish',
  'burst',
  'send',
  'answer',
  'leave',
  'join',
  'join',
] as const
const everyDeed = Object.keys(deeds) as Step['deed'][]

/** Any step. */
export const step: fc.Arbitrary<Step> = fc.record({
  deed: fc.constantFrom(...everyDeed, ...oftenDone),
  who: fc.oneof(fc.constantFrom(...places), fc.nat(crowd - 1)),
  channel: fc.constantFrom(...Object.keys(channels)),
  size: fc.constantFrom(...sizes),
  count: fc.nat(16),
  toOthers: fc.boolean(),
  later: fc.boolean(),
})

/** Takes all steps after the crowd has come; returns of whom the model is not right. */
export async function deliver(steps: readonly Step[]): Promise<string[]> {
  const world = new DeliveryWorld()
  for (let index = 0; index < crowd; index++) {
    world.connect()
    for (const [channel, isIn] of Object.entries(channels)) if (isIn(index)) world.join(index, channel, false)
  }
  for (const one of steps) await deeds[one.deed](world, one)
  return world.differences()
}

function publish(world: DeliveryWorld, { channel, size, toOthers, who }: Step): Promise<void> {
  return world.publish(channel, size, toOthers ? who : undefined)
}
