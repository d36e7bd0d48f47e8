import { once } from 'node:events'
import { WebSocket } from 'ws'
import { app } from './contestants.mjs'

/** A client that measures how long its server takes to answer a ping. */
export class Client {
  #socket
  /** @type {number[]} when those pings were sent that are not answered yet */
  #sent = []
  /** @type {number[]} */
  #latencies = []

  /** @param {WebSocket} socket */
  constructor(socket) {
    this.#socket = socket
    socket.on('message', (message) => {
      const { event } = JSON.parse(String(message))
      if (event === 'pusher:pong') this.#latencies.push(performance.now() - Number(this.#sent.shift()))
    })
  }

  /**
   * Resolves when it is subscribed.
   * @param {number} port
   * @param {string} channel
   */
  static async join(port, channel) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/app/${app.key}?protocol=7&client=bench&version=1`)
    const client = new Client(socket)
    await once(socket, 'message')
    socket.send(JSON.stringify({ event: 'pusher:subscribe', data: { channel } }))
    await once(socket, 'message')
    return client
  }

  /**
   * Pings a hundred times a second, answered or not; resolves to the milliseconds that the answers took.
   * @param {number} seconds
   * @returns {Promise<number[]>}
   */
  async ping(seconds) {
    this.#latencies = []
    const timer = setInterval(() => {
      this.#sent.push(performance.now())
      this.#socket.send('{"event":"pusher:ping","data":{}}')
    }, 10)
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
    clearInterval(timer)
    while (this.#sent.length > 0) await once(this.#socket, 'message')
    return this.#latencies
  }

  close() {
    this.#socket.terminate()
  }
}
