// node bench/decode.mjs: what the steps around a delivery cost, each beside the least that it could be.
import { createHmac } from 'node:crypto'
import { ensureBuilt } from './lib/built.mjs'
import { describeSpread, spreadOf } from './lib/statistics.mjs'

await ensureBuilt()
const { decode } = await import('../dist/protocol/decode.js')
const { channelEvent } = await import('../dist/protocol/messages.js')
const { channelString, signChannel, verifyAuth } = await import('../dist/protocol/signature.js')
const { encodeFrame } = await import('../dist/server/frame.js')

const pairs = 15
const repetitions = 20_000

const credentials = { key: 'bench-key', secret: 'bench-secret' }
const socketId = '123456789.987654321'
const channel = 'private-orders.1'
const text = channelString(socketId, channel)
const auth = signChannel(credentials, socketId, channel)
const subscribe = JSON.stringify({ event: 'pusher:subscribe', data: { channel, auth } })
const whisper = JSON.stringify({ event: 'client-typing', channel, data: { who: 'x'.repeat(100) } })
const data = 'x'.repeat(128)

/** @type {{ title: string, least: string, ours: () => unknown, baseline: () => unknown }[]} */
const cases = [
  {
    title: 'decode a subscribe',
    least: 'JSON.parse',
    ours: () => decode(subscribe),
    baseline: () => JSON.parse(subscribe),
  },
  {
    title: 'decode a client event',
    least: 'JSON.parse',
    ours: () => decode(whisper),
    baseline: () => JSON.parse(whisper),
  },
  {
    title: 'verify a subscribe',
    least: 'one HMAC',
    ours: () => verifyAuth(auth, credentials.key, [credentials.secret], text),
    baseline: () => createHmac('sha256', credentials.secret).update(text).digest('hex'),
  },
  {
    title: 'frame an event',
    least: 'JSON.stringify',
    ours: () => encodeFrame(channelEvent(channel, 'OrderShipped', data)),
    baseline: () => JSON.stringify({ event: 'OrderShipped', channel, data }),
  },
]

console.log(`${''.padEnd(24)}${'us'.padStart(6)}   at least                ratio (quartiles)`)
for (const { title, least, ours, baseline } of cases) {
  cost(ours)
  cost(baseline)
  const costs = Array.from({ length: pairs }, () => ({ ours: cost(ours), least: cost(baseline) }))
  const us = spreadOf(costs.map((pair) => pair.ours)).median.toFixed(2)
  const leastUs = spreadOf(costs.map((pair) => pair.least)).median.toFixed(2)
  const ratio = spreadOf(costs.map((pair) => pair.ours / pair.least))
  const columns = [title.padEnd(24), us.padStart(6), '   ', `${leastUs} (${least})`.padEnd(24)]
  console.log(columns.join('') + describeSpread(ratio))
}

/**
 * Microseconds of CPU per call.
 * @param {() => unknown} run
 */
function cost(run) {
  const before = process.cpuUsage()
  for (let done = 0; done < repetitions; done++) {
    // Looked at, so that nothing can be left out as unused.
    if (run() === undefined) throw new Error('What is measured must have a result')
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / repetitions
}
