// What most people write first: the `ws` package and one ws.send() per subscriber. Checks nothing.
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { WebSocketServer } from 'ws'
import { host } from './lib/app.mjs'
import { reportPort } from './lib/server-process.mjs'

/** @type {Map<string, Set<import('ws').WebSocket>>} */
const channels = new Map()

const server = createServer(async (request, response) => {
  const { name: event, channel, data } = JSON.parse(await text(request))
  const message = JSON.stringify({ event, channel, data })
  for (const socket of channels.get(channel) ?? []) socket.send(message)
  response.end('{}')
})

new WebSocketServer({ server }).on('connection', (socket) => {
  socket.on('message', (message) => {
    const { channel } = JSON.parse(String(message)).data
    const subscribers = channels.get(channel) ?? new Set()
    channels.set(channel, subscribers.add(socket))
    socket.send(JSON.stringify({ event: 'pusher_internal:subscription_succeeded', channel, data: '{}' }))
  })
  socket.send(JSON.stringify({ event: 'pusher:connection_established', data: '{}' }))
})

server.listen(0, host, () => reportPort(Object(server.address()).port))
