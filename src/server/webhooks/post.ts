import { type Agent, type ClientRequest, request as plainRequest } from 'node:http'
import { request as tlsRequest } from 'node:https'

/** How much of an answer is read, in bytes and milliseconds: enough for the connection to be used again. */
const maxAnswer = 65_536
const answerPatience = 1_000

/** One try to tell an endpoint something. */
export interface Post {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly agent: Agent
  /** Milliseconds until the head of the answer must be there. */
  readonly timeout: number
}

/**
 * Posts once and resolves when nothing of it is left: to `undefined` when the head of the answer said 2xx, else to what
 * went wrong. Follows no redirect and keeps nothing of the answer. Never rejects.
 */
export async function post(given: Post): Promise<string | undefined> {
  try {
    return await outcomeOf(open(given), given.timeout)
  } catch (thrown) {
    return wordsFor(thrown)
  }
}

/** Throws for what Node does not send, such as a user name in the URL that cannot be decoded. */
function open({ url, headers, body, agent }: Post): ClientRequest {
  const request = url.protocol === 'https:' ? tlsRequest : plainRequest
  const framed = { ...headers, 'Content-Length': String(body.byteLength) }
  return request(url, { method: 'POST', headers: framed, agent }).end(body)
}

function outcomeOf(request: ClientRequest, timeout: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    let outcome: string | undefined
    let answered = false
    let patience = setTimeout(() => {
      request.destroy(new Error(`no answer within ${timeout / 1000} seconds`))
    }, timeout).unref()

    request.on('response', (response) => {
      const { statusCode = 0 } = response
      answered = true
      outcome = statusCode >= 200 && statusCode < 300 ? undefined : `status ${statusCode}`
      clearTimeout(patience)
      patience = setTimeout(() => request.destroy(), answerPatience).unref()
      let read = 0
      response.on('data', (chunk: Buffer) => {
        read += chunk.length
        if (read > maxAnswer) request.destroy()
      })
      // The head has said what there was to say, whatever becomes of the rest.
      response.on('error', () => {})
    })
    request.on('error', (error) => {
      if (!answered) outcome = wordsFor(error)
    })
    request.on('close', () => {
      clearTimeout(patience)
      resolve(answered ? outcome : (outcome ?? 'the connection was closed'))
    })
  })
}

/** Where a name has several addresses, Node's error has a code and no message. */
function wordsFor(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  return thrown.message || ('code' in thrown ? String(thrown.code) : thrown.name)
}
