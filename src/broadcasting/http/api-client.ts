import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { setTimeout as delay } from 'node:timers/promises'
import { signRequest } from '../../protocol/signature.ts'
import { type JsonObject, parseObject } from '../../support/json.ts'
import { BroadcastError } from '../errors.ts'
import { exchange, NoAnswerError } from './exchange.ts'
import { type Failure, refused, unreadable, withoutAnswer } from './failure.ts'
import type { ApiTarget } from './target.ts'

/** How often a request is sent at most. */
const maxAttempts = 4

/** Requests under way at the same time; more wait for one of them. */
const maxSockets = 64

/** Milliseconds that an idle connection is kept, unless the server says that it keeps it for less. */
const idleTime = 30_000

interface ApiRequest {
  readonly method: 'GET' | 'POST'
  /** Parts of the path below the app, not encoded. */
  readonly path: readonly string[]
  readonly params: Readonly<Record<string, string>>
  readonly body?: Buffer
}

/**
 * Asks the HTTP API of a server elsewhere (protocol.md 6), over connections that are kept. Sends again, with growing pauses
 * within the time-out, only what cannot have been delivered. Everything rejects with a {@link BroadcastError}.
 */
export class ApiClient {
  readonly target: ApiTarget
  readonly #agent: HttpAgent | HttpsAgent
  readonly #running = new Set<Promise<unknown>>()

  constructor(target: ApiTarget) {
    const options = { keepAlive: true, maxSockets, timeout: idleTime }
    this.target = target
    this.#agent = target.scheme === 'https' ? new HttpsAgent(options) : new HttpAgent(options)
  }

  /** Asks for something; an answer that is lost is asked for again. */
  get(path: readonly string[], params: Readonly<Record<string, string>> = {}): Promise<JsonObject> {
    return this.#run({ method: 'GET', path, params })
  }

  /** Orders something. `before` tells an error what was done already, which sending all of it again would repeat. */
  post(path: readonly string[], body: JsonObject, before?: string): Promise<JsonObject> {
    return this.#run({ method: 'POST', path, params: {}, body: Buffer.from(JSON.stringify(body)) }, before)
  }

  /** Resolves when what is under way has come to its end. */
  async close(): Promise<void> {
    // Whoever waits for one request may have another to send, such as the next hundred channels of an event.
    while (this.#running.size > 0) await Promise.allSettled(this.#running)
    this.#agent.destroy()
  }

  async #run(request: ApiRequest, before?: string): Promise<JsonObject> {
    const answer = this.#ask(request, before)
    this.#running.add(answer)
    try {
      return await answer
    } finally {
      this.#running.delete(answer)
    }
  }

  async #ask(request: ApiRequest, before?: string): Promise<JsonObject> {
    const end = performance.now() + this.target.timeout * 1000
    for (let attempt = 1; ; attempt++) {
      const { answer, failure } = await this.#attempt(request, end - performance.now())
      if (failure === undefined) return answer
      const pause = Math.max(backOff(attempt), failure.pause)
      if (!failure.retryable || attempt === maxAttempts || performance.now() + pause >= end) {
        throw this.#errorOf(failure, before)
      }
      await delay(pause)
    }
  }

  async #attempt({ method, path, params, body }: ApiRequest, timeout: number): Promise<Outcome> {
    const { target } = this
    const below = ['apps', target.appId, ...path]
    const signed = { method, path: `/${below.join('/')}`, params, body }
    const query = signRequest(target, signed)
    const failed = { target, method, path: signed.path }
    try {
      const answer = await exchange({
        agent: this.#agent,
        scheme: target.scheme,
        host: target.host,
        port: target.port,
        method,
        path: `${target.path}/${below.map(encode).join('/')}?${query}`,
        body,
        connectTimeout: target.connectTimeout * 1000,
        timeout,
      })
      if (answer.status >= 300) return { failure: refused(failed, answer) }
      const object = parseObject(answer.text)
      return object === undefined ? { failure: unreadable(failed, answer) } : { answer: object }
    } catch (thrown) {
      if (thrown instanceof NoAnswerError) return { failure: withoutAnswer(failed, thrown) }
      throw thrown
    }
  }

  #errorOf({ message, retryable, ...failure }: Failure, before?: string): BroadcastError {
    const { driver } = this.target
    if (before === undefined) return new BroadcastError(driver, message, { ...failure, retryable })
    return new BroadcastError(driver, `${message}. Before that, ${before}`, { ...failure, retryable: false })
  }
}

type Outcome =
  | { readonly answer: JsonObject; readonly failure?: undefined }
  | { readonly answer?: undefined; readonly failure: Failure }

/** Milliseconds before the next attempt: each time twice as many, of which half is left to chance. */
function backOff(attempt: number): number {
  return 200 * 2 ** (attempt - 1) * (0.5 + Math.random() / 2)
}

/** A part of a path; half a character, which no encoding has, becomes a question mark as it does in the signature. */
function encode(part: string): string {
  return encodeURIComponent(Buffer.from(part).toString())
}
