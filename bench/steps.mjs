// node bench/steps.mjs: what the steps of an event cost, each beside the least that it could be.
import { ensureBuilt } from './lib/built.mjs'
import { describeSpread, spreadOf } from './lib/statistics.mjs'
import { formatTable } from './lib/table.mjs'

/**
 * @typedef {object} Step
 * @property {string} title
 * @property {string} least what it is compared with
 * @property {number} [repetitions] in one measurement
 * @property {number} [of] how many of what the title names one call makes
 * @property {() => unknown} ours
 * @property {() => unknown} baseline
 */

const pairs = 15

await ensureBuilt()
const { messages } = await import('./steps/messages.mjs')
const { fanOut } = await import('./steps/fan-out.mjs')

const table = [['step', 'µs', 'at least, µs', 'ratio (quartiles)']]
for (const step of [...messages, ...fanOut]) {
  await cost(step, step.ours)
  await cost(step, step.baseline)
  const costs = []
  for (let pair = 0; pair < pairs; pair++) {
    costs.push({ ours: await cost(step, step.ours), least: await cost(step, step.baseline) })
  }
  const us = spreadOf(costs.map(({ ours }) => ours)).median
  const least = spreadOf(costs.map((pair) => pair.least)).median
  const ratio = spreadOf(costs.map((pair) => pair.ours / pair.least))
  table.push([step.title, us.toFixed(2), `${least.toFixed(2)} (${step.least})`, describeSpread(ratio)])
}
console.log(formatTable(table))
process.exit()

/**
 * Microseconds of CPU per call.
 * @param {Step} step
 * @param {() => unknown} run
 */
async function cost({ repetitions = 20_000, of = 1 }, run) {
  const before = process.cpuUsage()
  for (let done = 0; done < repetitions; done++) {
    const result = run()
    // Looked at, so that nothing can be left out as unused.
    if (result === undefined) throw new Error('What is measured must have a result')
    if (result instanceof Promise) await result
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / repetitions / of
}
