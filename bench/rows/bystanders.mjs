import { setTimeout as delay } from 'node:timers/promises'
import { Client } from '../lib/client.mjs'
import { ours, raw } from '../lib/contestants.mjs'
import { inBackground, load } from '../lib/load.mjs'
import { atLeast, atMost } from '../lib/row.mjs'
import { Server } from '../lib/server.mjs'
import { quantile, spreadOf } from '../lib/statistics.mjs'

/** @typedef {import('../lib/load.mjs').Report} Report */

const publishers = 16

/**
 * What work for many does to somebody else.
 * @type {readonly import('../lib/row.mjs').Row[]}
 */
export const bystanders = [
  {
    name: 'ping',
    when: 'full',
    measure: pingDuringFanOut,
  },
  {
    name: 'slow-readers',
    when: 'full',
    measure: besideSlowReaders,
  },
]

/**
 * One client on a channel of its own, while events go to 10 000 subscribers of another, one after the other.
 * @param {import('../lib/pairs.mjs').Plan} plan
 * @returns {Promise<import('../lib/row.mjs').Line[]>}
 */
async function pingDuringFanOut({ duration }) {
  const idle = await pings(ours, 'idle', duration)
  const busy = await pings(ours, 'http', duration)
  const unsliced = await pings(raw, 'http', duration)
  return [
    {
      work: 'a ping on another channel while events go to 10 000 subscribers, median (99 %)',
      figure: busy.text,
      ...atMost(busy.late, 50, ' ms for 99 %'),
      absolute: `10 000 idle: ${idle.text}; raw, without slices: ${unsliced.text}`,
    },
  ]
}

/**
 * @param {import('../lib/contestants.mjs').Contestant} contestant
 * @param {'idle' | 'http'} mode what the 10 000 do
 * @param {number} seconds
 */
async function pings(contestant, mode, seconds) {
  const server = await Server.start(contestant)
  const crowd = await inBackground(server, { mode, conns: 10_000, payload: 128, warmup: 0 })
  const client = await Client.join(server.port, 'elsewhere')
  await client.ping(1)
  const latencies = await client.ping(2 * seconds)
  client.close()
  await crowd.stop()
  await server.stop()
  const sorted = latencies.toSorted((a, b) => a - b)
  const late = quantile(sorted, 0.99)
  return { late, text: `${quantile(sorted, 0.5).toFixed(1)} (${late.toFixed(1)}) ms` }
}

/**
 * 200 subscribers of whom 100 stop reading, beside the 100 alone: what they get, and what the server keeps.
 * @param {import('../lib/pairs.mjs').Plan} plan
 * @returns {Promise<import('../lib/row.mjs').Line[]>}
 */
async function besideSlowReaders({ pairs }) {
  // A small window, so that what is not read soon waits in the server; a reader that is closed has 5 s to say goodbye.
  const work = {
    payload: 10_240,
    rate: 300,
    warmup: 0,
    duration: 10,
    rcvbuf: 65_536,
    'pub-conns': publishers,
  }
  const server = await Server.start(ours)
  /** @type {{ alone: Report, beside: Report, peak: number, closed: number }[]} */
  const rounds = []
  for (let round = 0; round < Math.min(pairs, 3); round++) {
    const alone = await load(server, { ...work, conns: 100 })
    server.forgetPeak()
    const ending = delay(9900).then(() => server.clients - publishers)
    const beside = await load(server, { ...work, conns: 200, stall: 100 })
    rounds.push({ alone, beside, peak: server.peak, closed: 200 - (await ending) })
  }
  await server.stop()
  const rate = spreadOf(rounds.map(({ alone, beside }) => beside.per_s / alone.per_s)).median
  const growth = Math.max(...rounds.map(({ beside, peak }) => peak - beside.rss_kb.start)) / 1024
  const closed = Math.min(...rounds.map((round) => round.closed))
  const late = (/** @type {'alone' | 'beside'} */ when) =>
    `${(spreadOf(rounds.map((round) => round[when].lat_us.p99)).median / 1000).toFixed(1)} ms`
  return [
    {
      work: 'what 100 readers get of 300 x 10 KiB a second beside 100 that stop reading, to what they get alone',
      figure: rate.toFixed(3),
      ...atLeast(rate, 0.98),
      absolute: `99 % within ${late('beside')}, alone ${late('alone')}`,
    },
    {
      work: 'memory that the server needs for the 100 that stop reading, at its peak',
      figure: `${growth.toFixed(0)} MiB`,
      ...atMost(growth, 100, ' MiB'),
      absolute: `${closed} of them closed`,
    },
  ]
}
