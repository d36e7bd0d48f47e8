import { load } from './load.mjs'
import { Server } from './server.mjs'
import { spreadOf } from './statistics.mjs'

/**
 * How long and how often is measured.
 * @typedef {object} Plan
 * @property {number} pairs
 * @property {number} warmup seconds before each measurement
 * @property {number} duration seconds of each measurement
 * @property {boolean} quick
 */

/**
 * Who is compared: a server, and what it has to do.
 * @typedef {object} Side
 * @property {import('./contestants.mjs').Contestant} contestant
 * @property {import('./load.mjs').LoadOptions} load
 */

/**
 * One side in one round.
 * @typedef {object} Slice
 * @property {number} cpu microseconds of its CPU per event, user and system
 * @property {number} rate events per second
 * @property {number} others cores that programs used which do not take part
 */

/**
 * Starts all sides and measures them in turn, in changing order, so that a machine that slows down slows all of them.
 * Resolves to the slices of each side, round by round.
 * @param {readonly Side[]} sides
 * @param {Plan} plan
 * @returns {Promise<Slice[][]>}
 */
export async function takeTurns(sides, plan) {
  const entries = await Promise.all(
    sides.map(async ({ contestant, load }) => ({
      server: await Server.start(contestant),
      load,
      /** @type {Slice[]} */
      slices: [],
    })),
  )
  // What is compiled in the first seconds of a server is not compiled for the one who comes later.
  for (const { server, load } of entries) await measure(server, load, plan)
  for (let round = 0; round < plan.pairs; round++) {
    const order = round % 2 === 0 ? entries : entries.toReversed()
    for (const { server, load, slices } of order) slices.push(await measure(server, load, plan))
  }
  await Promise.all(entries.map(({ server }) => server.stop()))
  return entries.map(({ slices }) => slices)
}

/**
 * The ratios to a yardstick, round by round: more is better in both.
 * @param {readonly Slice[]} ours
 * @param {readonly Slice[]} yardstick
 */
export function ratiosOf(ours, yardstick) {
  const pairs = ours.flatMap((slice, round) => {
    const other = yardstick[round]
    return other === undefined ? [] : [{ ours: slice, other }]
  })
  return {
    cpu: spreadOf(pairs.map(({ ours, other }) => other.cpu / ours.cpu)),
    rate: spreadOf(pairs.map(({ ours, other }) => ours.rate / other.rate)),
  }
}

/**
 * @param {Server} server
 * @param {import('./load.mjs').LoadOptions} options
 * @param {Plan} plan
 * @returns {Promise<Slice>}
 */
async function measure(server, options, { warmup, duration }) {
  const report = await load(server, { warmup, duration, ...options })
  const { server_cpu: cpu, client_busy: client, machine_busy: machine } = report
  return { cpu: cpu.us_per_event, rate: report.per_s, others: Math.max(0, machine - cpu.busy - client) }
}
