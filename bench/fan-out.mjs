// npm run bench [-- --quick --check]: what a delivery costs ours and a naive server on `ws`, measured by turns.
import { parseArgs } from 'node:util'
import { ensureBuilt } from './lib/built.mjs'
import { pinned, pinThisProcess } from './lib/cores.mjs'
import { Side } from './lib/side.mjs'
import { describeSpread, spreadOf } from './lib/statistics.mjs'

const subscribers = 1000
const payload = 128

/**
 * `target`: the most that ours may take of the naive server's CPU per delivery. Bursts come first: they pass through
 * the HTTP API often enough that it is compiled when one event at a time is measured.
 */
const workloads = [
  { title: 'Bursts of 16 events', burst: 16, target: 0.25 },
  { title: 'One event at a time', burst: 1, target: 0.87 },
]

const { values: flags } = parseArgs({ options: { quick: { type: 'boolean' }, check: { type: 'boolean' } } })
const plan = flags.quick ? { pairs: 9, seconds: 0.5, warmUp: 1 } : { pairs: 30, seconds: 0.5, warmUp: 3 }

await ensureBuilt()
pinThisProcess()
const sides = {
  naive: await Side.start('naive.mjs', subscribers),
  ours: await Side.start('ours.mjs', subscribers),
}
console.log(
  `${subscribers} subscribers, ${payload} bytes, ${plan.pairs} pairs of slices of ${plan.seconds} s`,
)
console.log(`Node ${process.versions.node}, ${pinned ? 'both servers on one core' : 'cores shared by all'}`)

let missed = 0
for (const { title, burst, target } of workloads) {
  const slices = await takeTurns(burst)
  console.log(`\n${title.padEnd(24)}     naive      ours   ours / naive (quartiles)`)
  const cpu = compare('CPU per delivery, us', 2, slices, 'cpu')
  compare('deliveries per second', 0, slices, 'rate')
  const kept = cpu <= target
  console.log(`  ${kept ? 'within' : 'ABOVE'} the target: at most ${target} of the CPU per delivery`)
  if (!kept) missed++
}
process.exit(flags.check && missed > 0 ? 1 : 0)

/**
 * Measures both sides in pairs of slices, in changing order, so that a machine that slows down slows both.
 * @param {number} burst
 */
async function takeTurns(burst) {
  for (const side of [sides.naive, sides.ours]) await side.measure(burst, payload, plan.warmUp)
  /** @type {Record<keyof typeof sides, import('./lib/side.mjs').Slice[]>} */
  const slices = { naive: [], ours: [] }
  /** @type {(keyof typeof sides)[]} */
  const order = ['naive', 'ours']
  for (let pair = 0; pair < plan.pairs; pair++) {
    for (const name of order) slices[name].push(await sides[name].measure(burst, payload, plan.seconds))
    order.reverse()
  }
  return slices
}

/**
 * Prints one line: the medians of both sides and of the ratios of the pairs; returns the latter.
 * @param {string} label
 * @param {number} digits
 * @param {Awaited<ReturnType<typeof takeTurns>>} slices
 * @param {'cpu' | 'rate'} figure
 */
function compare(label, digits, slices, figure) {
  const naive = slices.naive.map((slice) => slice[figure])
  const ours = slices.ours.map((slice) => slice[figure])
  const ratio = spreadOf(ours.map((value, pair) => value / (naive[pair] ?? Number.NaN)))
  const medians = [naive, ours].map((values) => spreadOf(values).median.toFixed(digits).padStart(10))
  console.log(`  ${label.padEnd(22)}${medians.join('')}   ${describeSpread(ratio)}`)
  return ratio.median
}
