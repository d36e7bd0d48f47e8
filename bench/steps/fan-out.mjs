import { parseChannelName, parseSocketId } from '../../dist/protocol/names.js'
import { MemoryAdapter } from '../../dist/server/adapters/memory.js'
import { assembleProtocol } from '../../dist/server/assemble-protocol.js'
import { Connection } from '../../dist/server/connection.js'
import { deliver } from '../../dist/server/deliver.js'
import { encodeFrame } from '../../dist/server/frame.js'
import { Metrics } from '../../dist/server/metrics.js'
import { app } from './app.mjs'

const subscribers = 1000
/** A slice of 256 in each, and one in which nothing is left. */
const turns = 5

const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore }
const parts = assembleProtocol({
  adapter: new MemoryAdapter(),
  metrics: new Metrics(),
  logger,
  trace: undefined,
  sendBuffer: 1_048_576,
})
const { channels, connections, outbox, publish, receive, release } = parts
const shared = { outbox, trace: undefined, ended: (/** @type {Connection} */ one) => void release(one) }

let written = 0
/** A socket without a system call: what is left is ours. */
const socket = { open: true, queued: 0, write: () => void written++, close: ignore, terminate: ignore }

const name = vouched(parseChannelName('orders', 200))
for (let number = 1; number <= subscribers; number++) {
  const socketId = vouched(parseSocketId(`1.${number}`))
  const connection = new Connection({ socket, app, socketId, client: 'bench', shared })
  connections.set(socketId, connection)
  receive(connection, JSON.stringify({ event: 'pusher:subscribe', data: { channel: name } }))
}
const channel = vouched(channels.find(app, name))
const frame = encodeFrame('x'.repeat(180))
const event = {
  kind: /** @type {const} */ ('published'),
  app,
  channel: name,
  event: 'Shipped',
  data: 'x'.repeat(128),
}

/**
 * What is done for each subscriber, but for the kernel's part.
 * @type {readonly import('../steps.mjs').Step[]}
 */
export const fanOut = [
  {
    title: `deliver a frame, per subscriber of ${subscribers}`,
    least: 'a write each',
    repetitions: 500,
    of: subscribers,
    ours: () => written1000(() => deliver(outbox, channel, frame, undefined, 0, true)),
    baseline: () => written1000(writeAll),
  },
  {
    title: `publish an event, per subscriber of ${subscribers}`,
    least: 'a write each',
    repetitions: 500,
    of: subscribers,
    ours: () => written1000(() => publish(event)),
    baseline: () => written1000(writeAll),
  },
]

function writeAll() {
  for (const connection of channel.live) connection.socket.write(frame)
}

/** @param {() => unknown} begin */
async function written1000(begin) {
  const before = written
  begin()
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
  if (written - before !== subscribers) throw new Error(`Written to ${written - before} of ${subscribers}`)
}

/**
 * @template Value
 * @param {Value | undefined} value
 */
function vouched(value) {
  if (value === undefined) throw new Error('Not a valid name')
  return value
}

function ignore() {}
