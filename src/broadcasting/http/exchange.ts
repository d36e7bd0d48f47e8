import { once } from 'node:events'
import {
  type ClientRequest,
  type Agent as HttpAgent,
  request as httpRequest,
  IncomingMessage,
} from 'node:http'
import { type Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'

/** Bytes that are taken of an answer, and of one that only says what is wrong. */
const maxAnswer = { success: 8 * 1_048_576, failure: 16_384 }

/** The longest time that a timer of Node can wait. */
const maxDelay = 2 ** 31 - 1

/** One request as it stands on the wire. */
export interface WireRequest {
  readonly agent: HttpAgent | HttpsAgent
  readonly scheme: 'http' | 'https'
  readonly host: string
  readonly port: number
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body: Uint8Array | undefined
  /** Milliseconds in which a connection must be there. */
  readonly connectTimeout: number
  /** Milliseconds in which the answer must be there, to its end. */
  readonly timeout: number
}

/** An answer, whatever its status. */
export interface WireAnswer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  /** Of a failure perhaps only the beginning. */
  readonly text: string
}

/** Why there is no answer: out of time, more than anybody takes, or the network. */
export type NoAnswerReason = 'connect time-out' | 'time-out' | 'endless' | 'network'

/** There is no answer. As long as nothing was connected, nothing can have been delivered. */
export class NoAnswerError extends Error {
  readonly reason: NoAnswerReason
  readonly connected: boolean

  constructor(reason: NoAnswerReason, connected: boolean, cause: unknown) {
    super(`No answer: ${reason}`, { cause })
    this.reason = reason
    this.connected = connected
  }
}

/** Sends one request and takes its answer, both whole and in time. Rejects with a {@link NoAnswerError}. */
export async function exchange(request: WireRequest): Promise<WireAnswer> {
  const stop = new Stop()
  stop.after(request.timeout, 'time-out')
  let connected = false
  try {
    const outgoing = open(request, stop.signal)
    // What goes wrong after the answer has begun is told by the answer.
    outgoing.on('error', () => {})
    outgoing.on('socket', (socket: Socket) => {
      // A socket that is used again is connected; a new one cannot be yet.
      connected = !socket.connecting
      if (connected) return
      const inTime = stop.after(request.connectTimeout, 'connect time-out')
      socket.once(request.scheme === 'https' ? 'secureConnect' : 'connect', () => {
        connected = true
        inTime()
      })
    })
    outgoing.end(request.body)
    return await read(await responseTo(outgoing, stop.signal), stop)
  } catch (thrown) {
    throw new NoAnswerError(stop.reason ?? 'network', connected, thrown)
  } finally {
    stop.cancelAll()
  }
}

/** Ends an exchange before its time, for the first reason there is. */
class Stop {
  readonly #controller = new AbortController()
  readonly #timers = new Set<NodeJS.Timeout>()
  #reason: NoAnswerReason | undefined

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get reason(): NoAnswerReason | undefined {
    return this.#reason
  }

  now(reason: NoAnswerReason): void {
    this.#reason ??= reason
    this.#controller.abort()
  }

  /** Returns what calls it off. */
  after(milliseconds: number, reason: NoAnswerReason): () => void {
    const timer = setTimeout(() => this.now(reason), Math.min(milliseconds, maxDelay))
    this.#timers.add(timer)
    return () => clearTimeout(timer)
  }

  cancelAll(): void {
    for (const timer of this.#timers) clearTimeout(timer)
  }
}

function open({ scheme, body, ...request }: WireRequest, signal: AbortSignal): ClientRequest {
  const { agent, host, port, method, path } = request
  const headers = {
    Accept: 'application/json',
    ...(body !== undefined && { 'Content-Type': 'application/json', 'Content-Length': body.length }),
  }
  const options = { agent, host, port, method, path, headers, signal }
  return scheme === 'https' ? httpsRequest(options) : httpRequest(options)
}

async function responseTo(outgoing: ClientRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const [response] = await once(outgoing, 'response', { signal })
  if (response instanceof IncomingMessage) return response
  throw new TypeError('The response is none')
}

async function read(response: IncomingMessage, stop: Stop): Promise<WireAnswer> {
  const { statusCode: status = 0, headers } = response
  const failed = status >= 300
  const parts: Buffer[] = []
  let size = 0
  try {
    for await (const part of response) {
      size += part.length
      if (size > maxAnswer[failed ? 'failure' : 'success']) stop.now('endless')
      stop.signal.throwIfAborted()
      parts.push(part)
    }
    stop.signal.throwIfAborted()
  } catch (thrown) {
    // A status that says no is an answer, however much of its text there is.
    if (!failed) throw thrown
  }
  return { status, headers, text: Buffer.concat(parts).toString() }
}
