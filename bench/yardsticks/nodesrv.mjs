// The yardstick in Node: the least that such a server has to do on `ws`, no checks, loopback only.
//   node nodesrv.mjs PORT send   one ws.send(text) per subscriber: what most people write first
//   node nodesrv.mjs PORT raw    one frame per event, one socket.write per subscriber: the floor without merging
// Speaks to wsload.c: connect, subscribe, ping, POST /apps/ID/events.
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'

/**
 * @typedef {object} Connection
 * @property {import('ws').WebSocket} ws
 * @property {import('node:stream').Duplex} socket
 * @property {Set<string>} joined
 */

const [port, mode = ''] = process.argv.slice(2)
/** @type {Map<string, Set<Connection>>} */
const channels = new Map()
let sockets = 0

/** @param {string} text */
function frameOf(text) {
  const length = Buffer.byteLength(text)
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10
  const frame = Buffer.allocUnsafeSlow(head + length)
  frame[0] = 0x81
  if (head === 2) {
    frame[1] = length
  } else if (head === 4) {
    frame[1] = 126
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = 127
    frame.writeBigUInt64BE(BigInt(length), 2)
  }
  frame.write(text, head)
  return frame
}

/** @type {Record<string, (subscribers: ReadonlySet<Connection>, text: string) => void>} */
const ways = {
  send: (subscribers, text) => {
    for (const { ws } of subscribers) if (ws.readyState === 1) ws.send(text)
  },
  raw: (subscribers, text) => {
    const frame = frameOf(text)
    for (const { ws, socket } of subscribers) if (ws.readyState === 1) socket.write(frame)
  },
}
const deliver = ways[mode]
if (deliver === undefined || !(Number(port) > 0)) {
  console.error('usage: node nodesrv.mjs PORT send|raw')
  process.exit(1)
}

const server = createServer((request, response) => {
  /** @type {Buffer[]} */
  const parts = []
  request.on('data', (part) => parts.push(part))
  request.on('end', () => {
    const { name, channel, channels: names = [channel], data } = JSON.parse(Buffer.concat(parts).toString())
    for (const to of names) {
      const subscribers = channels.get(to)
      if (subscribers) deliver(subscribers, JSON.stringify({ event: name, channel: to, data }))
    }
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 2 }).end('{}')
  })
})
const wss = new WebSocketServer({ noServer: true, perMessageDeflate: false, clientTracking: false })
server.on('upgrade', (request, socket, head) =>
  wss.handleUpgrade(request, socket, head, (ws) => open(ws, socket)),
)
server.listen(Number(port), '127.0.0.1')

/**
 * @param {import('ws').WebSocket} ws
 * @param {import('node:stream').Duplex} socket
 */
function open(ws, socket) {
  /** @type {Connection} */
  const connection = { ws, socket, joined: new Set() }
  ws.on('message', (raw) => {
    const { event, data } = JSON.parse(String(raw))
    if (event === 'pusher:ping') ws.send('{"event":"pusher:pong","data":"{}"}')
    if (event !== 'pusher:subscribe') return
    const subscribers = channels.get(data.channel) ?? new Set()
    channels.set(data.channel, subscribers.add(connection))
    connection.joined.add(data.channel)
    ws.send(
      JSON.stringify({ event: 'pusher_internal:subscription_succeeded', channel: data.channel, data: '{}' }),
    )
  })
  ws.on('close', () => {
    for (const name of connection.joined) channels.get(name)?.delete(connection)
  })
  ws.on('error', () => {})
  ws.send(
    JSON.stringify({
      event: 'pusher:connection_established',
      data: `{"socket_id":"1.${++sockets}","activity_timeout":120}`,
    }),
  )
}
