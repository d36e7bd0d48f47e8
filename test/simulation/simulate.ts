import { checkLosses, checkNoLives, checkNothingLeft, checkRest } from './rest.ts'
import { type Schedule, scheduleOf } from './schedule.ts'
import { type Violation, World } from './world.ts'

/**
 * Milliseconds in which everything is right again: the lease, what nodes have to come back in, what departures have to settle
 * in, and as much as the clock was ahead by which all of this was noted.
 */
function restOf({ lease, actions }: Schedule): number {
  const ahead = actions.map((action) => (action.do === 'leap' ? action.ahead : 0))
  return 5_000 + lease * 3_000 + Math.max(0, ...ahead)
}

/** Milliseconds after which nothing is left of those who have left. */
const farewell = 8_000

/** What came of one schedule. */
export interface Outcome {
  readonly schedule: Schedule
  readonly violation: Violation | undefined
  readonly trace: readonly string[]
  readonly steps: number
}

/** Runs a schedule, the same way every time; with its trace when that is wanted. Only one at a time. */
export async function simulate(schedule: Schedule, tracing = false): Promise<Outcome> {
  const world = new World(schedule, tracing)
  const rejected = (reason: unknown) =>
    world.violation('exception', `A rejection that nobody handles: ${String(reason)}`)
  process.on('unhandledRejection', rejected)
  world.time.install()
  try {
    await runThrough(world)
  } finally {
    world.time.uninstall()
    process.off('unhandledRejection', rejected)
  }
  return { schedule, violation: world.violations[0], trace: world.trace, steps: world.time.steps }
}

/** The same with a seed. */
export function simulateSeed(seed: number, tracing = false): Promise<Outcome> {
  return simulate(scheduleOf(seed), tracing)
}

async function runThrough(world: World): Promise<void> {
  const { time } = world
  const pass = (milliseconds: number) => time.run(time.now + milliseconds, () => world.isOver)
  const stages: (() => void)[] = [
    () => world.heal(),
    () => {
      checkRest(world)
      if (!world.isOver) checkLosses(world)
      world.note(() => '* everybody leaves')
      world.disconnectAll()
    },
    () => {
      checkRest(world)
      checkNothingLeft(world)
      for (const node of world.living) node.happens(() => node.close())
    },
    () => checkNoLives(world),
  ]
  const pauses = [world.schedule.end, restOf(world.schedule), farewell, 2_000]
  world.begin()
  for (const [index, stage] of stages.entries()) {
    await pass(pauses[index] ?? 0)
    if (world.isOver) return
    stage()
  }
}
