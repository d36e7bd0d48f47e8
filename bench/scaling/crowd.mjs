// Clients in a process of their own, which does what its parent sends: see crowd-process.mjs.
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { app } from '../lib/contestants.mjs'

/** How many connect or subscribe at the same time. */
const atOnce = 64

/** @type {{ socket: WebSocket, id: string }[]} */
const clients = []
/** Bytes of text that they have received so far. */
let received = 0

/** @type {{ [Command in keyof import('./crowd-process.mjs').Commands]: (order: import('./crowd-process.mjs').Commands[Command]) => Promise<unknown> }} */
const commands = {
  async connect({ port, count }) {
    for (let done = 0; done < count; done += atOnce) {
      const some = Array.from({ length: Math.min(atOnce, count - done) }, () => connect(port))
      clients.push(...(await Promise.all(some)))
    }
  },

  async join({ each, prefix }) {
    for (let start = 0; start < clients.length; start += atOnce) {
      const some = clients.slice(start, start + atOnce)
      await Promise.all(
        some.map(({ socket }, index) => joinAll(socket, (start + index) * each, each, prefix)),
      )
    }
  },

  async attend({ channel }) {
    const before = received
    let roster = 0
    for (const [member, { socket, id }] of clients.entries()) {
      const channel_data = JSON.stringify({
        user_id: String(member),
        user_info: { name: `Member ${member}` },
      })
      const auth = `${app.key}:${createHmac('sha256', app.secret).update(`${id}:${channel}:${channel_data}`).digest('hex')}`
      socket.send(JSON.stringify({ event: 'pusher:subscribe', data: { channel, auth, channel_data } }))
      roster += await answered(socket)
    }
    // The last notices are still on their way.
    await new Promise((resolve) => setTimeout(resolve, 200))
    return { bytes: received - before, roster }
  },

  async leave() {
    for (const { socket } of clients) socket.terminate()
    clients.length = 0
  },
}

process.on('disconnect', () => process.exit())
process.on('message', async (message) => {
  const { command, order } = /** @type {{ command: keyof typeof commands, order: never }} */ (message)
  process.send?.((await commands[command](order)) ?? {})
})

/** @param {number} port */
async function connect(port) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/app/${app.key}?protocol=7&client=bench&version=1`)
  socket.on('message', (message) => {
    received += String(message).length
  })
  const [message] = await once(socket, 'message')
  const { socket_id: id } = JSON.parse(JSON.parse(String(message)).data)
  return { socket, id: String(id) }
}

/**
 * @param {WebSocket} socket
 * @param {number} first
 * @param {number} count
 * @param {string} prefix
 */
async function joinAll(socket, first, count, prefix) {
  for (let number = first; number < first + count; number++) {
    socket.send(JSON.stringify({ event: 'pusher:subscribe', data: { channel: `${prefix}${number}` } }))
    await answered(socket)
  }
}

/**
 * Resolves to the size of the answer to a subscription.
 * @param {WebSocket} socket
 * @returns {Promise<number>}
 */
function answered(socket) {
  return new Promise((resolve) => {
    socket.on('message', function listen(message) {
      const text = String(message)
      if (text.includes('pusher:error')) throw new Error(text)
      if (!text.includes('subscription_succeeded')) return
      socket.off('message', listen)
      resolve(text.length)
    })
  })
}
