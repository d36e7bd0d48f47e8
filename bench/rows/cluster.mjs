import { setTimeout as delay } from 'node:timers/promises'
import { ours, reverb } from '../lib/contestants.mjs'
import { inBackground, load } from '../lib/load.mjs'
import { startRedis } from '../lib/redis.mjs'
import { atLeast, atMost, compared } from '../lib/row.mjs'
import { isReady, Server } from '../lib/server.mjs'
import { describeSpread, spreadOf } from '../lib/statistics.mjs'

/** @typedef {import('../lib/row.mjs').Row} Row */

const crowd = { conns: 1000, payload: 128 }
/** Events a second that both nodes can deliver one by one: a node that lags behind would merge them. */
const rate = 20
const channels = 10_000

/**
 * Nodes joined by a real Redis on this machine.
 * @type {readonly Row[]}
 */
export const cluster = [
  {
    name: 'redis',
    when: 'named',
    measure: (plan) =>
      withRedis((redis) =>
        compared({
          name: 'redis',
          work: '1000 subscribers, 128 B, one node with the redis driver',
          contestant: node('ours, redis', redis.url),
          load: crowd,
          yardsticks: [{ contestant: ours, name: 'ours, alone', atLeast: 0.95 }],
        }).measure(plan),
      ),
  },
  {
    name: 'two-nodes',
    when: 'named',
    measure: (plan) => withRedis(({ url }) => receiving(url, plan)),
  },
  {
    name: 'presence-join',
    when: 'named',
    measure: () => withRedis(joining),
  },
  {
    name: 'resubscribe',
    when: 'named',
    measure: () => withRedis(resubscribing),
  },
]

/**
 * @template Result
 * @param {(redis: import('../lib/redis.mjs').Redis) => Promise<Result>} run
 */
async function withRedis(run) {
  const redis = await startRedis()
  try {
    return await run(redis)
  } finally {
    await redis.stop()
  }
}

/**
 * @param {string} name
 * @param {string} url
 */
function node(name, url) {
  return reverb({ name, env: { REVERB_SCALING_DRIVER: 'redis', REDIS_URL: url } })
}

/**
 * CPU per delivery of the node that receives what is published at another one, to that of a server that stands alone and
 * is published to; and what a node pays that has nobody in the channel.
 * @param {string} url
 * @param {import('../lib/pairs.mjs').Plan} plan
 */
async function receiving(url, { pairs, warmup, duration }) {
  const [publishing, receiver, idle, alone] = await Promise.all([
    Server.start(node('publishing', url)),
    Server.start(node('receiving', url)),
    Server.start(node('idle', url)),
    Server.start(ours),
  ])
  const audience = await inBackground(receiver, { ...crowd, mode: 'idle' })
  /** @type {number[]} */
  const ratios = []
  /** @type {number[]} */
  const idles = []
  for (let round = 0; round <= pairs; round++) {
    const before = receiver.cpu
    const report = await load(publishing, { ...crowd, rate, warmup, duration })
    const seconds = warmup + duration
    const deliveries = report.per_s * seconds
    const received = (receiver.cpu - before) / deliveries
    const { server_cpu: single } = await load(alone, { ...crowd, rate, warmup, duration })
    // What is compiled in the first round is not compiled later.
    if (round === 0) continue
    ratios.push(single.us_per_event / received)
    idles.push(await besides(idle, publishing, { warmup, duration }))
  }
  await audience.stop()
  await Promise.all([publishing, receiver, idle, alone].map((server) => server.stop()))
  const ratio = spreadOf(ratios)
  const cost = spreadOf(idles)
  return [
    {
      work: 'a delivery of what another node publishes, CPU of one that is published here by that of it',
      figure: describeSpread(ratio),
      ...atLeast(ratio.median, 0.9),
      absolute: `${crowd.conns} subscribers on each of two nodes`,
    },
    {
      work: 'CPU per event of a node that has nobody in its channel',
      figure: `${cost.median.toFixed(2)} µs`,
      ...atMost(cost.median, 1, ' µs'),
      absolute: 'beside what the node needs when nothing happens',
    },
  ]
}

/**
 * Microseconds of CPU that each event costs a node which has nobody in its channel, beside what it needs in quiet times.
 * @param {Server} idle
 * @param {Server} publishing
 * @param {{ warmup: number, duration: number }} plan
 */
async function besides(idle, publishing, { warmup, duration }) {
  const start = idle.cpu
  await delay((warmup + duration) * 1000)
  const quiet = idle.cpu - start
  const { per_s } = await load(publishing, {
    conns: 1,
    payload: 128,
    window: 16,
    'pub-conns': 16,
    warmup,
    duration,
  })
  return (idle.cpu - start - 2 * quiet) / (per_s * (warmup + duration))
}

/**
 * Commands of Redis for each user who joins a presence channel in which the node has somebody already.
 * @param {import('../lib/redis.mjs').Redis} redis
 */
async function joining(redis) {
  const { ProtocolClient } = await import('../../dist/testing/index.js')
  const server = await Server.start(node('ours', redis.url))
  const credentials = { key: 'app-key', secret: 'app-secret' }
  const url = `ws://127.0.0.1:${server.port}/app/app-key?protocol=7`
  const clients = []
  for (let user = 0; user < 51; user++)
    clients.push(await ProtocolClient.connect(url, { credentials, timeout: 10 }))
  const [first, ...others] = clients
  await first?.join('presence-room', { user_id: 'first' })
  await delay(100)
  const before = await redis.scripts()
  for (const [user, client] of others.entries()) await client.join('presence-room', { user_id: String(user) })
  const after = await redis.scripts()
  for (const client of clients) client.terminate()
  await server.stop()
  const each = (after - before) / others.length
  return [
    {
      work: 'scripts in Redis, each one round trip, for a user who joins a presence channel',
      figure: each.toFixed(2),
      ...atMost(each, 1.2),
      absolute: `${after - before} for ${others.length}, renewals of the lease among them`,
    },
  ]
}

/**
 * Seconds from the moment that Redis is back, empty, to the moment that the node is ready again.
 * @param {import('../lib/redis.mjs').Redis} redis
 */
async function resubscribing(redis) {
  const server = await Server.start(node('ours', redis.url))
  const audience = await inBackground(server, { mode: 'idle', conns: channels, channels })
  await redis.kill()
  await delay(2000)
  await redis.start()
  const start = performance.now()
  while (!(await isReady(server.port))) await delay(10)
  const seconds = (performance.now() - start) / 1000
  await audience.stop()
  await server.stop()
  return [
    {
      work: `${channels} channels are followed again after a restart of Redis`,
      figure: `${seconds.toFixed(2)} s`,
      ...atMost(seconds, 3, ' s'),
      absolute: 'from the moment that Redis takes connections',
    },
  ]
}
