import { connect } from 'node:net'
import { app, channel, host } from './app.mjs'
import { createFrameCounter } from './frame-counter.mjs'

const textFrame = 0x81
const pingFrame = 0x89
/** An empty pong, masked with zeros as everything a client sends here. */
const pong = Buffer.from([0x8a, 0x80, 0, 0, 0, 0])

const upgrade = [
  `GET /app/${app.appKey}?protocol=7&client=bench&version=1 HTTP/1.1`,
  `Host: ${host}`,
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  '\r\n',
].join('\r\n')

const subscription = JSON.stringify({ event: 'pusher:subscribe', data: { channel } })
const subscribeFrame = Buffer.from(
  `\x81${String.fromCharCode(0x80 + subscription.length)}\0\0\0\0${subscription}`,
  'latin1',
)

/** Sockets are read one after the other, so all of them share it. */
const buffer = Buffer.alloc(65_536)

/**
 * Resolves when one more socket has subscribed; from then on it counts frames, answers pings and decodes nothing, so
 * that the server is what limits the figures. A connection that ends before this process does is an error.
 * @param {number} port
 * @param {() => void} received called for each event
 * @returns {Promise<void>}
 */
export function subscribe(port, received) {
  return new Promise((resolve) => {
    const count = createFrameCounter((first) => {
      if (first === textFrame) received()
      else if (first === pingFrame) socket.write(pong)
    })
    let read = untilText('pusher:connection_established', () => {
      read = untilText('pusher_internal:subscription_succeeded', () => {
        read = count
        resolve()
      })
      socket.write(subscribeFrame)
    })
    /** @param {number} size */
    const callback = (size) => {
      read(buffer.subarray(0, size))
      return true
    }
    const socket = connect({ host, port, noDelay: true, onread: { buffer, callback } })
    socket.on('close', () => {
      throw new Error(`The server on port ${port} has closed the connection of a subscriber`)
    })
    socket.write(upgrade)
  })
}

/**
 * @param {string} expected
 * @param {() => void} found
 * @returns {(chunk: Buffer) => void}
 */
function untilText(expected, found) {
  let text = ''
  return (chunk) => {
    text += chunk.toString('latin1')
    if (text.includes(expected)) found()
  }
}
