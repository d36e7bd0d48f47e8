// A server for rows/in-process.mjs: publishes to its own subscribers, told by its parent which way and for how long.
//   node in-process.mjs PORT
import { Application, BroadcastEvent, broadcast, Channel, ReverbProvider } from '@startkit/broadcasting'
import { app as credentials } from './lib/contestants.mjs'

const [port] = process.argv.slice(2)
const { id: appId, key: appKey, secret: appSecret } = credentials
const channel = 'bench-0'
const text = 'x'.repeat(100)

class Shipped extends BroadcastEvent {
  text = text

  broadcastOn() {
    return new Channel(channel)
  }
}

const server = { appId, appKey, appSecret, host: '127.0.0.1', port: Number(port) }
const application = new Application({
  basePath: import.meta.dirname,
  providers: [[ReverbProvider, { driver: 'reverb', server }]],
})
await application.boot()
const reverb = application.make('reverb.server')
await reverb.listen()

const message = { channels: [channel], event: 'Shipped', data: JSON.stringify({ text }) }
/** @type {Record<string, () => unknown>} */
const ways = {
  publish: () => reverb.publish(message),
  broadcast: () => broadcast(new Shipped()),
}

process.on('message', async (question) => {
  const { way, seconds } = Object(question)
  process.send?.(await measure(ways[way] ?? (() => {}), seconds))
})

/**
 * One event after the other, each written before the next; resolves to microseconds of CPU per event.
 * @param {() => unknown} publish
 * @param {number} seconds
 */
async function measure(publish, seconds) {
  const before = process.cpuUsage()
  const end = performance.now() + seconds * 1000
  let events = 0
  for (; performance.now() < end; events++) {
    await publish()
    // Time in which its slices are written, and the subscribers read them.
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / events
}
