import type { App } from '../apps/app.ts'
import { TokenBucket } from '../rate-limiter.ts'

/** Apps that are remembered before those that are idle are forgotten. */
const maxBuckets = 10_000

/** Holds each app to its `apiRate`: so many requests a second, as many at once. */
export class ApiLimiter {
  readonly #buckets = new Map<string, { readonly rate: number; readonly bucket: TokenBucket }>()

  /** Counts one request; 0 when it may pass, else the seconds after which the next one may. `now` in milliseconds. */
  take({ id, apiRate }: App, now: number): number {
    if (apiRate === 0) return 0
    const bucket = this.#bucketOf(id, apiRate, now)
    return bucket.take(now) ? 0 : bucket.wait(now)
  }

  #bucketOf(id: string, rate: number, now: number): TokenBucket {
    const known = this.#buckets.get(id)
    if (known?.rate === rate) return known.bucket
    if (this.#buckets.size >= maxBuckets) this.#forget(now)
    const bucket = new TokenBucket(rate, rate, now)
    this.#buckets.set(id, { rate, bucket })
    return bucket
  }

  /** An app whose bucket is full again needs none. */
  #forget(now: number): void {
    for (const [id, { bucket }] of this.#buckets) if (bucket.isFull(now)) this.#buckets.delete(id)
  }
}
