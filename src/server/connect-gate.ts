import type { Duplex } from 'node:stream'
import { TokenBucket } from './rate-limiter.ts'

/** Upgrades that may wait at one time. */
const maxWaiting = 1000

/** Addresses that are remembered before the idle ones are forgotten. */
const maxBuckets = 10_000

/** Milliseconds between two looks at who waits. */
const tick = 100

interface Waiting {
  readonly address: string
  readonly stream: Duplex
  readonly proceed: () => void
  /** Lets go of the stream. */
  readonly unwatch: () => void
}

/** Spreads the new connections of an address: so many a second, the rest waits its turn in order. */
export class ConnectGate {
  readonly #rate: number
  readonly #buckets = new Map<string, TokenBucket>()
  #waiting: Waiting[] = []
  #timer: NodeJS.Timeout | undefined

  /** `rate` in connections per second and address; 0 lets everybody through. */
  constructor(rate: number) {
    this.#rate = rate
  }

  /** Calls `proceed` now or later; false when too many wait already, and then never. */
  enter(address: string, stream: Duplex, proceed: () => void): boolean {
    if (!this.#someoneWaits(address) && this.#take(address)) {
      proceed()
      return true
    }
    if (this.#waiting.length >= maxWaiting) return false
    this.#waiting.push({ address, stream, proceed, unwatch: watch(stream) })
    this.#timer ??= setInterval(() => this.#admit(), tick).unref()
    return true
  }

  /** Destroys whoever waits. */
  close(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    for (const { stream } of this.#waiting) stream.destroy()
    this.#waiting = []
    this.#buckets.clear()
  }

  #admit(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const entry of waiting) {
      if (entry.stream.destroyed) continue
      if (!this.#take(entry.address)) {
        this.#waiting.push(entry)
        continue
      }
      entry.unwatch()
      entry.proceed()
    }
    if (this.#waiting.length > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** A newcomer must not take the turn of those who wait. */
  #someoneWaits(address: string): boolean {
    return this.#waiting.some((entry) => entry.address === address)
  }

  #take(address: string): boolean {
    const now = performance.now()
    let bucket = this.#buckets.get(address)
    if (bucket === undefined) {
      if (this.#buckets.size >= maxBuckets) this.#forget(now)
      bucket = new TokenBucket(this.#rate, this.#rate, now)
      this.#buckets.set(address, bucket)
    }
    return bucket.take(now)
  }

  /** An address whose bucket is full again needs none. */
  #forget(now: number): void {
    for (const [address, bucket] of this.#buckets) if (bucket.isFull(now)) this.#buckets.delete(address)
  }
}

/**
 * Nobody else listens to a socket that waits: notices when the client gives up, and leaves unread what it has sent. Returns
 * the function that lets go.
 */
export function watch(stream: Duplex): () => void {
  const peek = () => {
    if (stream.readableLength === 0) stream.read()
  }
  const give = () => stream.destroy()
  stream.on('error', give).on('end', give).on('readable', peek)
  return () => stream.off('error', give).off('end', give).off('readable', peek)
}
