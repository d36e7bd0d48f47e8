/** A token bucket: `rate` tokens a second, at most `burst` of them saved up. A rate of 0 never refuses. */
export class TokenBucket {
  readonly #rate: number
  readonly #burst: number
  #tokens: number
  #at: number

  constructor(rate: number, burst: number, now: number) {
    this.#rate = rate
    this.#burst = Math.max(1, burst)
    this.#tokens = this.#burst
    this.#at = now
  }

  /** Takes a token if there is one; `now` in milliseconds, from a clock that never goes back. */
  take(now: number): boolean {
    if (this.#rate === 0) return true
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) * this.#rate) / 1000)
    this.#at = now
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }

  /** Seconds until there is a token again. */
  wait(now: number): number {
    return Math.max(0, (1 - this.#tokens) / this.#rate - (now - this.#at) / 1000)
  }

  /** Whether nothing has been taken that has not come back. */
  isFull(now: number): boolean {
    return this.#tokens + ((now - this.#at) * this.#rate) / 1000 >= this.#burst
  }
}

/** Answers per second that a client's mistakes get; the rest is counted only, so that nobody can use us as an amplifier. */
const mistakeRate = 10

/** Milliseconds of excess after which a connection is closed, and without excess after which it is forgiven. */
const maxExcess = 10_000
const forgiven = 1_000

/** The limits of one connection on what it sends, in messages per second; 0 is "no limit" (protocol.md 1.9, 3). */
export interface RateLimits {
  readonly messageRate: number
  readonly messageBurst: number
  readonly clientEventRate: number
  /** Subscriptions per second, which cost others more than one message; and how many at once. */
  readonly subscriptionRate: number
  readonly subscriptionBurst: number
}

/** Judges what one connection sends; all times in milliseconds on a clock that never goes back. */
export class RateLimiter {
  readonly #limits: RateLimits
  // Each is made when it is first needed, as it is full until then: most connections never need them all.
  #messages: TokenBucket | undefined
  #clientEvents: TokenBucket | undefined
  #subscriptions: TokenBucket | undefined
  #mistakes: TokenBucket | undefined
  #excessSince = 0
  #excessLast = Number.NEGATIVE_INFINITY

  constructor(limits: RateLimits) {
    this.#limits = limits
  }

  /** What to do with a message: take it, drop it, or close the connection after ten seconds of excess. */
  message(now: number): 'take' | 'drop' | 'close' {
    const { messageRate, messageBurst } = this.#limits
    this.#messages ??= new TokenBucket(messageRate, messageBurst, now)
    if (this.#messages.take(now)) return 'take'
    if (now - this.#excessLast > forgiven) this.#excessSince = now
    this.#excessLast = now
    return now - this.#excessSince >= maxExcess ? 'close' : 'drop'
  }

  /** Whether one more client event may pass. */
  clientEvent(now: number): boolean {
    const { clientEventRate } = this.#limits
    this.#clientEvents ??= new TokenBucket(clientEventRate, clientEventRate, now)
    return this.#clientEvents.take(now)
  }

  /** Whether one more channel may be joined. */
  subscription(now: number): boolean {
    const { subscriptionRate, subscriptionBurst } = this.#limits
    this.#subscriptions ??= new TokenBucket(subscriptionRate, subscriptionBurst, now)
    return this.#subscriptions.take(now)
  }

  /** Whether one more mistake may be answered: with an error, or with a roster that the client has already. */
  mistake(now: number): boolean {
    this.#mistakes ??= new TokenBucket(mistakeRate, mistakeRate, now)
    return this.#mistakes.take(now)
  }
}
