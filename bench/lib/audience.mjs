import { Publishers } from './publishers.mjs'
import { subscribe } from './subscriber.mjs'

/** Seconds that a slice may take longer than it should. */
const patience = 10

/** The subscribers of one server, and whoever publishes to them. */
export class Audience {
  #port
  #size
  /** Deliveries and answers that the present round still waits for. */
  #missing = 0
  #roundEnded = () => {}
  #publishing = false

  /**
   * @param {number} port
   * @param {number} size
   */
  constructor(port, size) {
    this.#port = port
    this.#size = size
  }

  /** Resolves when everybody has subscribed. */
  async join() {
    for (let joined = 0; joined < this.#size; joined++) await subscribe(this.#port, this.#arrived)
  }

  /**
   * Publishes that many events at once, again and again, each time when everybody has the ones before.
   * @param {number} burst
   * @param {number} payload bytes of an event's data
   * @param {number} seconds
   * @returns {Promise<{ deliveries: number, seconds: number }>} what it came to, and how long it really took
   */
  async publish(burst, payload, seconds) {
    const publishers = await Publishers.connect(this.#port, burst, payload, this.#arrived)
    const deadline = setTimeout(this.#giveUp, (seconds + patience) * 1000)
    this.#publishing = true
    this.#stayAwake()
    const start = performance.now()
    let elapsed = 0
    let deliveries = 0
    while (elapsed < seconds) {
      await this.#round(publishers, burst)
      deliveries += burst * this.#size
      elapsed = (performance.now() - start) / 1000
    }
    this.#publishing = false
    clearTimeout(deadline)
    publishers.close()
    return { deliveries, seconds: elapsed }
  }

  /**
   * @param {Publishers} publishers
   * @param {number} burst
   * @returns {Promise<void>}
   */
  #round(publishers, burst) {
    return new Promise((resolve) => {
      this.#missing = burst * this.#size + burst
      this.#roundEnded = resolve
      publishers.publish()
    })
  }

  #arrived = () => {
    if (--this.#missing === 0) this.#roundEnded()
  }

  /** Keeps the loop from sleeping: on one machine it is the server that pays for waking its client up. */
  #stayAwake = () => {
    if (this.#publishing) setImmediate(this.#stayAwake)
  }

  #giveUp = () => {
    throw new Error(`The server on port ${this.#port} still owes ${this.#missing} deliveries and answers`)
  }
}
