import { Audience } from './audience.mjs'
import { startServer } from './server-process.mjs'

/**
 * What a server did in a slice of time.
 * @typedef {object} Slice
 * @property {number} cpu microseconds of its CPU per delivery, user and system
 * @property {number} rate deliveries per second
 */

/** One of the two that are compared: a server and its audience. */
export class Side {
  #server
  #audience

  /**
   * @param {import('./server-process.mjs').ServerProcess} server
   * @param {Audience} audience
   */
  constructor(server, audience) {
    this.#server = server
    this.#audience = audience
  }

  /**
   * @param {string} script of the server, in the folder `bench`
   * @param {number} subscribers
   */
  static async start(script, subscribers) {
    const server = await startServer(script)
    const audience = new Audience(server.port, subscribers)
    await audience.join()
    return new Side(server, audience)
  }

  /**
   * @param {number} burst events published at once
   * @param {number} payload bytes of an event's data
   * @param {number} duration seconds
   * @returns {Promise<Slice>}
   */
  async measure(burst, payload, duration) {
    const before = await this.#server.cpu()
    const { deliveries, seconds } = await this.#audience.publish(burst, payload, duration)
    const after = await this.#server.cpu()
    return { cpu: (after - before) / deliveries, rate: deliveries / seconds }
  }
}
