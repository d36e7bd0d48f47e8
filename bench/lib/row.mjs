import { ours } from './contestants.mjs'
import { ratiosOf, takeTurns } from './pairs.mjs'
import { describeSpread, spreadOf } from './statistics.mjs'

/**
 * One piece of work of the table, measured by itself.
 * @typedef {object} Row
 * @property {string} name by which it is chosen
 * @property {'quick' | 'full' | 'named'} when `--quick` measures it too, a full run does, or only whoever names it
 * @property {(plan: import('./pairs.mjs').Plan) => Promise<readonly Line[]>} measure
 */

/**
 * One line that is printed: the ratios to a yardstick, or a figure that stands for itself.
 * @typedef {Result & (Ratios | { figure: string })} Line
 */

/**
 * @typedef {object} Result
 * @property {string} work
 * @property {string} bound what is asked for; empty where the line is only reported
 * @property {boolean} met
 * @property {string} absolute what it was on this machine today
 */

/**
 * More is better in both.
 * @typedef {object} Ratios
 * @property {string} beside the yardstick
 * @property {string} cpu of CPU per event
 * @property {string} rate of throughput
 */

/**
 * A yardstick of a row: `atLeast` is the floor of the ratio of CPU.
 * @typedef {object} Yardstick
 * @property {import('./contestants.mjs').Contestant} contestant
 * @property {number} [atLeast]
 * @property {string} [name] where it is not that of the contestant
 * @property {import('./load.mjs').LoadOptions} [load] where it is not that of the row
 */

/**
 * A row that compares CPU per event and throughput with those of yardsticks.
 * @param {object} row
 * @param {string} row.name
 * @param {string} row.work
 * @param {Row['when']} [row.when]
 * @param {import('./load.mjs').LoadOptions} row.load
 * @param {import('./contestants.mjs').Contestant} [row.contestant] where it is not `ours`
 * @param {readonly Yardstick[]} row.yardsticks
 * @returns {Row}
 */
export function compared({ name, work, when = 'full', load, contestant = ours, yardsticks }) {
  return {
    name,
    when,
    async measure(plan) {
      const asked = yardsticks.filter(({ atLeast }) => atLeast !== undefined)
      // In a hurry only what has a floor is measured.
      const chosen = plan.quick && asked.length > 0 ? asked : yardsticks
      const sides = [{ contestant, load }, ...chosen.map((yardstick) => ({ load, ...yardstick }))]
      const [slices = [], ...others] = await takeTurns(sides, plan)
      return chosen.map((yardstick, index) => {
        const { cpu, rate } = ratiosOf(slices, others[index] ?? [])
        return {
          work,
          beside: yardstick.name ?? yardstick.contestant.name,
          cpu: describeSpread(cpu),
          rate: describeSpread(rate),
          ...atLeast(cpu.median, yardstick.atLeast),
          absolute: describe(slices),
        }
      })
    },
  }
}

/**
 * @param {number} figure
 * @param {number | undefined} floor
 */
export function atLeast(figure, floor) {
  return floor === undefined
    ? { bound: '', met: true }
    : { bound: `at least ${floor}`, met: round(figure) >= floor }
}

/**
 * @param {number} figure
 * @param {number} ceiling
 * @param {string} [unit]
 */
export function atMost(figure, ceiling, unit = '') {
  return { bound: `at most ${ceiling}${unit}`, met: round(figure) <= ceiling }
}

/**
 * As it is printed, so that no line says that 1.00 is below 1.
 * @param {number} figure
 */
function round(figure) {
  return Number(figure.toFixed(2))
}

/** @param {readonly import('./pairs.mjs').Slice[]} slices */
function describe(slices) {
  const cpu = spreadOf(slices.map((slice) => slice.cpu)).median
  const rate = spreadOf(slices.map((slice) => slice.rate)).median
  const others = spreadOf(slices.map((slice) => slice.others)).median
  return `${cpu.toFixed(1)} µs, ${Math.round(rate / 100) / 10}k/s; others ${others.toFixed(2)}`
}
