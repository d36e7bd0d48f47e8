import { reverb } from '../lib/contestants.mjs'
import { inBackground, load } from '../lib/load.mjs'
import { otherNode } from '../lib/other-node.mjs'
import { atMost } from '../lib/row.mjs'
import { collectable, Server } from '../lib/server.mjs'
import { describeSpread, spreadOf } from '../lib/statistics.mjs'

/** @typedef {import('../lib/contestants.mjs').Contestant} Contestant */

const connections = 10_000
const kibibyte = 1024

/**
 * What connections take while they are there, and whether they leave anything behind.
 * @type {readonly import('../lib/row.mjs').Row[]}
 */
export const memory = [
  idle({ name: 'memory', when: 'quick', version: `Node ${process.versions.node}` }),
  idle({ name: 'memory-24', when: 'full', version: 'Node 24', node: () => otherNode('24') }),
  {
    name: 'heap',
    when: 'full',
    async measure() {
      const server = await startWarm(reverb({ flags: collectable }))
      const rounds = []
      for (let round = 0; round < 5; round++) rounds.push(await comeAndGo(server))
      await server.stop()
      const [first = Number.NaN] = rounds
      const ratio = Number(rounds.at(-1)) / first
      return [
        {
          work: 'heap after 5 rounds of 10 000 connecting and leaving, to that after round 1',
          figure: ratio.toFixed(2),
          ...atMost(ratio, 1.05),
          absolute: `${rounds.map((bytes) => (bytes / kibibyte / kibibyte).toFixed(2)).join(', ')} MiB`,
        },
      ]
    },
  },
]

/**
 * A row of memory per idle connection.
 * @param {object} row
 * @param {string} row.name
 * @param {import('../lib/row.mjs').Row['when']} row.when
 * @param {string} row.version what it is measured with
 * @param {() => string | undefined} [row.node] finds the program, where it is not the Node that runs the bench
 * @param {string} [row.main] the script, where it is not that of the package
 * @returns {import('../lib/row.mjs').Row}
 */
export function idle({ name, when, version, node = () => process.execPath, main }) {
  return {
    name,
    when,
    async measure(plan) {
      const program = node()
      if (program === undefined) {
        console.error(`${version} is not to be had here: its memory is not measured`)
        return []
      }
      const server = reverb({ node: program, flags: collectable, ...(main !== undefined && { main }) })
      const figures = []
      for (let round = 0; round < (plan.quick ? 1 : 3); round++) figures.push(await idleMemory(server))
      const resident = spreadOf(figures.map((figure) => figure.resident))
      const heap = spreadOf(figures.map((figure) => figure.heap))
      return [
        {
          work: `resident memory per idle connection of 10 000, ${version}`,
          figure: `${describeSpread(resident)} KiB`,
          ...atMost(resident.median, 6.5, ' KiB'),
          absolute: `${heap.median.toFixed(2)} KiB of it heap`,
        },
      ]
    },
  }
}

/**
 * KiB for each connection that is subscribed and silent, without what the kernel has for it.
 * @param {Contestant} contestant
 */
async function idleMemory(contestant) {
  const server = await startWarm(contestant)
  const before = await server.collect()
  const crowd = await inBackground(server, { mode: 'idle', conns: connections })
  const after = await server.collect()
  await crowd.stop()
  await server.stop()
  return {
    resident: (after.rss - before.rss) / connections / kibibyte,
    heap: (after.heapUsed - before.heapUsed) / connections / kibibyte,
  }
}

/**
 * Bytes of the heap when everybody is gone.
 * @param {Server} server
 */
async function comeAndGo(server) {
  const crowd = await inBackground(server, { mode: 'idle', conns: connections })
  await crowd.stop()
  const { heapUsed } = await server.collect()
  return heapUsed
}

/**
 * A server that has had visitors, one at a time: what is compiled or set up by the first of them is not theirs.
 * @param {Contestant} contestant
 */
async function startWarm(contestant) {
  const server = await Server.start(contestant)
  await load(server, { mode: 'churn', conns: 1, warmup: 0, duration: 1 })
  await server.vacated()
  return server
}
