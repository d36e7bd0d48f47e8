/**
 * The clock of the server, which tells its time only in what it has stored: known to lie between two bounds, which are as
 * far apart as one write took.
 */
export class ServerClock {
  readonly #monotonic: () => number
  #read = { time: 0, sent: 0, acknowledged: 0 }

  constructor(monotonic: () => number = () => performance.now()) {
    this.#monotonic = monotonic
  }

  /** A moment on the clock of this process, for {@link learn}. */
  moment(): number {
    return this.#monotonic()
  }

  /** The server has stored something at `time`, between two moments here. */
  learn(time: number, sent: number, acknowledged: number): void {
    this.#read = { time, sent, acknowledged }
  }

  /** Milliseconds since 1970; it is no earlier on the server. */
  get earliest(): number {
    return this.#read.time + this.#monotonic() - this.#read.acknowledged
  }

  /** Milliseconds since 1970; it is no later on the server. */
  get latest(): number {
    // The time is that of a message in whole milliseconds.
    return this.#read.time + 1 + this.#monotonic() - this.#read.sent
  }
}
