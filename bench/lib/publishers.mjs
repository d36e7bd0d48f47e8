import { once } from 'node:events'
import { connect } from 'node:net'
import Pusher from 'pusher'
import { app, channel, host } from './app.mjs'

/**
 * Connections of a backend that publish at the same moment, one event each. The request is made beforehand, signed as
 * Pusher's own SDK signs it, and the same for both servers.
 */
export class Publishers {
  #sockets
  #request

  /**
   * @param {readonly import('node:net').Socket[]} sockets
   * @param {string} request
   */
  constructor(sockets, request) {
    this.#sockets = sockets
    this.#request = request
  }

  /**
   * @param {number} port
   * @param {number} count
   * @param {number} payload bytes of an event's data
   * @param {() => void} answered called for each request that succeeded; one that fails is an error
   */
  static async connect(port, count, payload, answered) {
    const sockets = Array.from({ length: count }, () => connect({ host, port, noDelay: true }))
    for (const socket of sockets) {
      socket.on('data', (answer) => {
        if (!answer.toString('latin1').startsWith('HTTP/1.1 200')) throw new Error(`Not published: ${answer}`)
        answered()
      })
    }
    await Promise.all(sockets.map((socket) => once(socket, 'connect')))
    return new Publishers(sockets, signedRequest('x'.repeat(payload)))
  }

  publish() {
    for (const socket of this.#sockets) socket.write(this.#request)
  }

  close() {
    for (const socket of this.#sockets) socket.destroy()
  }
}

/** @param {string} data */
function signedRequest(data) {
  const { appId, appKey: key, appSecret: secret } = app
  const path = `/apps/${appId}/events`
  const body = JSON.stringify({ name: 'bench', channel, data })
  const query = new Pusher({ appId, key, secret, host }).createSignedQueryString({
    method: 'POST',
    path,
    body,
  })
  return [
    `POST ${path}?${query} HTTP/1.1`,
    `Host: ${host}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n')
}
