import { Random } from './random.ts'
import type { Lanes } from './sim-hub.ts'
import type { Stretch } from './sim-way.ts'

/** What somebody does, and when, in milliseconds. Who is meant is counted among those who are there then. */
export type Action = { readonly at: number } & (
  | { readonly do: 'connect'; readonly client: number; readonly node: number }
  | { readonly do: 'disconnect'; readonly client: number }
  | {
      readonly do: 'subscribe' | 'unsubscribe' | 'client-event'
      readonly client: number
      readonly channel: string
    }
  | { readonly do: 'sign-in'; readonly client: number; readonly watchlist: readonly string[] }
  | { readonly do: 'publish'; readonly node: number; readonly channel: string; readonly everywhere: boolean }
  | { readonly do: 'terminate'; readonly node: number; readonly user: string }
  | { readonly do: 'cut'; readonly node: number; readonly time: number }
  /** Nothing of it runs; `asleep`: its clock stands still, too, as that of a machine that is suspended. */
  | { readonly do: 'freeze'; readonly node: number; readonly time: number; readonly asleep?: boolean }
  /** Left out, `only` is all of the way. */
  | {
      readonly do: 'stall'
      readonly node: number
      readonly time: number
      readonly only?: readonly Stretch[]
    }
  | { readonly do: 'partition'; readonly nodes: readonly number[]; readonly time: number }
  | { readonly do: 'kill'; readonly node: number; readonly replaced: boolean }
  | { readonly do: 'drain'; readonly node: number }
  /** All nodes stop, within three seconds; a new one starts after that. */
  | { readonly do: 'stop'; readonly time: number }
  /** New nodes start in the same moment; `namesake`: under the name of this one, which is killed first if `restarts`. */
  | {
      readonly do: 'join'
      readonly count: number
      readonly namesake?: { readonly node: number; readonly restarts: boolean } | undefined
    }
  | { readonly do: 'wipe' | 'outage'; readonly time: number }
  /** The hub stops, and has forgotten the last of what it was told when it is back. */
  | { readonly do: 'relapse'; readonly time: number; readonly lost: number }
  /** The clock of the hub is ahead for a while; at most as long as everything else goes wrong. */
  | { readonly do: 'leap'; readonly time: number; readonly ahead: number }
)

/** How long things take: mostly next to nothing, up to a frame of a film, or now and then longer than anybody waits. */
export type Pace = 'fast' | 'slow' | 'erratic'

/** One run of the simulation, before it has begun. */
export interface Schedule {
  readonly seed: number
  readonly nodes: number
  /** The user that each client is. */
  readonly users: readonly string[]
  readonly pace: Pace
  readonly lanes: Lanes
  readonly counted: boolean
  readonly maxMembers: number
  readonly maxConnections: number
  readonly dropped: number
  readonly repeated: number
  /** Seconds. */
  readonly lease: number
  /** Whether each connection of a user says something else of that user. */
  readonly infos: boolean
  /** Milliseconds after which everything heals. */
  readonly end: number
  readonly actions: readonly Action[]
}

export const channels = ['presence-a', 'presence-cache-b', 'news', 'cache-news', 'private-c'] as const
const presence = channels.slice(0, 2)

const faults = ['cut', 'stall', 'freeze', 'partition', 'kill', 'drain', 'wipe', 'outage'] as const

/** The schedule of a seed. */
export function scheduleOf(seed: number): Schedule {
  const random = new Random(seed)
  // What was added later is drawn apart, so that the rest of a seed stays as it was.
  const more = new Random(seed + 2_000_003)
  const calm = random.chance(0.2)
  const nodes = random.weighted([
    [3, 2],
    [4, 3],
    [1, 4],
  ] as const)
  const clients = 4 + random.below(7)
  const people = ['u1', 'u2', 'u3', 'u4'].slice(0, 2 + random.below(3))
  const end = random.between(6_000, 14_000)
  const frame = {
    seed,
    nodes,
    users: Array.from({ length: clients }, () => random.pick(people)),
    pace: calm
      ? random.pick(['fast', 'slow'] as const)
      : random.weighted([
          [4, 'fast'],
          [3, 'slow'],
          [2, 'erratic'],
        ] as const),
    lanes: random.pick(['one', 'two', 'loose'] as const),
    counted: random.chance(0.5),
    maxMembers: random.chance(0.15) ? 2 : 0,
    maxConnections: random.chance(0.1) ? 3 + random.below(4) : 0,
    dropped: !calm && random.chance(0.1) ? 0.1 : 0,
    repeated: !calm && random.chance(0.1) ? 0.2 : 0,
    lease: more.pick([2, 2, 5]),
    infos: new Random(seed + 3_000_003).chance(0.3),
    end,
  }
  const actions = [...beginnings(random, frame), ...doings(random, frame)]
  if (!calm) actions.push(...mishaps(random, frame))
  if (!calm && more.chance(0.15)) actions.push(relapse(more, frame))
  const apart = (kind: number) => new Random(seed + kind * 1_000_003)
  actions.push(...joins(apart(5), frame, calm))
  if (!calm) {
    actions.push(...halfStalls(apart(4), frame), ...sleeps(apart(6), frame), ...leaps(apart(7), frame))
    actions.push(...partings(apart(8), frame))
  }
  return { ...frame, actions: actions.sort((one, two) => one.at - two.at) }
}

type Frame = Omit<Schedule, 'actions'>

const directions: readonly (readonly Stretch[])[] = [
  ['calls', 'hearing'],
  ['answers', 'heard'],
]
const connections: readonly (readonly Stretch[])[] = [
  ['calls', 'answers'],
  ['hearing', 'heard'],
]
const parts: readonly (readonly Stretch[])[] = [
  ...directions,
  ...connections,
  ['calls'],
  ['answers'],
  ['hearing'],
  ['heard'],
]

/** What may stall by itself: of one connection a direction, of two each, and each direction of it. */
const halves: Readonly<Record<Lanes, typeof parts>> = { one: directions, two: parts, loose: parts }

/** Most clients are there early and in a presence channel. */
function beginnings(random: Random, { users, nodes }: Frame): Action[] {
  return users.flatMap((_user, client): Action[] => {
    const at = random.between(500, 1_500)
    if (random.chance(0.15)) return []
    return [
      { at, do: 'connect', client, node: random.below(nodes) },
      { at: at + random.between(0, 200), do: 'subscribe', client, channel: random.pick(presence) },
      { at: at + random.between(0, 200), do: 'subscribe', client, channel: random.pick(channels) },
    ]
  })
}

/** What clients and applications do, often almost at once. */
function doings(random: Random, { end, users, nodes }: Frame): Action[] {
  const count = 30 + random.below(60)
  let burst = random.between(1_000, end)
  return Array.from({ length: count }, (): Action => {
    if (random.chance(0.25)) burst = random.between(1_000, end)
    const at = Math.min(end, burst + random.between(0, random.chance(0.5) ? 20 : 800))
    const client = random.below(users.length)
    const channel = random.chance(0.5) ? random.pick(presence) : random.pick(channels)
    const kind = random.weighted([
      [3, 'connect'],
      [2, 'disconnect'],
      [6, 'subscribe'],
      [3, 'unsubscribe'],
      [1, 'client-event'],
      [2, 'sign-in'],
      [6, 'publish'],
      [0.2, 'terminate'],
    ] as const)
    switch (kind) {
      case 'connect':
        return { at, do: kind, client, node: random.below(nodes) }
      case 'disconnect':
        return { at, do: kind, client }
      case 'sign-in':
        return { at, do: kind, client, watchlist: random.chance(0.7) ? [...new Set(users)] : [] }
      case 'publish':
        return { at, do: kind, node: random.below(nodes), channel, everywhere: random.chance(0.3) }
      case 'terminate':
        return { at, do: kind, node: random.below(nodes), user: random.pick(users) }
      default:
        return { at, do: kind, client, channel }
    }
  })
}

/** As when a replica takes over that has not got the last of it. */
function relapse(random: Random, { end }: Frame): Action {
  const at = random.between(1_500, end)
  return { at, do: 'relapse', time: random.between(50, 1_500), lost: random.between(10, 1_500) }
}

/** Loss in one direction, or of one of the connections: parts of a way that stall while the others go on. */
function halfStalls(random: Random, { end, nodes, lanes }: Frame): Action[] {
  if (!random.chance(0.15)) return []
  return Array.from({ length: 1 + random.below(2) }, (): Action => {
    const at = random.between(1_500, end)
    // Some that no deadline finds out.
    const time = random.chance(0.5) ? random.between(50, 700) : random.between(700, 8_000)
    return { at, do: 'stall', node: random.below(nodes), time, only: random.pick(halves[lanes]) }
  })
}

/** Nodes that come together, and some under a name that is known already. */
function joins(random: Random, { end, nodes }: Frame, calm: boolean): Action[] {
  if (!random.chance(0.15)) return []
  const at = random.between(1_500, end)
  const restarts = !calm && random.chance(0.5)
  const namesake = random.chance(0.6) ? { node: random.below(nodes), restarts } : undefined
  return [{ at, do: 'join', count: 1 + random.below(2), namesake }]
}

/** Suspended machines, and some that are so again and again. */
function sleeps(random: Random, { end, nodes }: Frame): Action[] {
  if (!random.chance(0.1)) return []
  const node = random.below(nodes)
  return Array.from({ length: 1 + random.below(3) }, (): Action => {
    const at = random.between(1_500, end)
    return { at, do: 'freeze', node, time: random.between(300, 7_000), asleep: true }
  })
}

/** As when the clock of the broker's machine is set, or a replica takes over whose clock differs. */
function leaps(random: Random, { end }: Frame): Action[] {
  if (!random.chance(0.1)) return []
  const at = random.between(1_500, end)
  return [{ at, do: 'leap', time: random.between(100, 8_000), ahead: random.between(100, 8_000) }]
}

/** Nodes that stop while others are out of reach, or all of them. */
function partings(random: Random, { end, nodes }: Frame): Action[] {
  if (!random.chance(0.1)) return []
  const at = random.between(1_500, end)
  if (random.chance(0.3)) return [{ at, do: 'stop', time: random.between(0, 3_000) }]
  const node = random.below(nodes)
  const others = Array.from({ length: nodes }, (_, index) => index).filter((index) => index !== node)
  const near = Math.min(end, at + random.between(-2_000, 2_000))
  const cut = { at: near, nodes: others, time: random.between(300, 7_000) }
  return [
    { at, do: 'drain', node },
    { do: 'partition', ...cut },
  ]
}

function mishaps(random: Random, { end, nodes }: Frame): Action[] {
  const kinds = Array.from({ length: 1 + random.below(2) }, () => random.pick(faults))
  return Array.from({ length: 1 + random.below(3) }, (): Action => {
    const at = random.between(1_500, end)
    const node = random.below(nodes)
    const time = random.chance(0.5) ? random.between(50, 1_500) : random.between(1_500, 7_000)
    const kind = random.pick(kinds)
    switch (kind) {
      case 'kill':
        return { at, do: kind, node, replaced: random.chance(0.5) }
      case 'drain':
        return { at, do: kind, node }
      case 'wipe':
      case 'outage':
        return { at, do: kind, time }
      case 'partition':
        return {
          at,
          do: kind,
          nodes: Array.from({ length: nodes }, (_, index) => index).filter(() => random.chance(0.6)),
          time,
        }
      default:
        return { at, do: kind, node, time }
    }
  })
}
