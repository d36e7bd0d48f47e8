import type { Action, Schedule } from './schedule.ts'
import { type Outcome, simulate } from './simulate.ts'

/** Runs that may be spent on making one failure smaller. */
const budget = 250

/** The failure with as many actions taken out of its schedule as leave it one of the same kind, and its trace. */
export async function shrink(failure: Outcome): Promise<Outcome> {
  const oracle = failure.violation?.oracle
  let schedule = failure.schedule
  let runs = 0
  for (
    let size = Math.ceil(schedule.actions.length / 2);
    size > 0;
    size = size > 1 ? Math.ceil(size / 2) : 0
  ) {
    for (let start = 0; start < schedule.actions.length && runs < budget; runs++) {
      const fewer = without(schedule, start, size)
      const { violation } = await simulate(fewer)
      if (violation?.oracle === oracle) schedule = fewer
      else start += size
    }
  }
  return simulate(schedule, true)
}

function without(schedule: Schedule, start: number, size: number): Schedule {
  const actions: readonly Action[] = schedule.actions.toSpliced(start, size)
  return { ...schedule, actions }
}
