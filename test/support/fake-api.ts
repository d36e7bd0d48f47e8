import { createServer, type IncomingHttpHeaders, type ServerOptions, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { ApiTarget } from '../../src/broadcasting/http/target.ts'
import { apiApp } from './api.ts'
import { listen } from './host.ts'

/** A request as it came in. */
export interface ReceivedRequest {
  readonly method: string
  /** Path and query, undecoded. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** How a fake API answers its first, second, … request; the last way serves all further ones. */
export type Answers = readonly ((response: ServerResponse, request: ReceivedRequest) => void)[]

/** A server that speaks HTTP and answers as a test wants it to; it ends with the test. */
export interface FakeApi {
  readonly port: number
  readonly requests: readonly ReceivedRequest[]
  /** Connections that were opened, in their order. */
  readonly sockets: readonly Socket[]
}

export async function startFakeApi(answers: Answers, options: ServerOptions = {}): Promise<FakeApi> {
  const requests: ReceivedRequest[] = []
  const sockets: Socket[] = []
  const server = createServer(options, async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    const { method = '', url = '', headers } = request
    const received = { method, url, headers, body: Buffer.concat(parts).toString() }
    requests.push(received)
    answers[Math.min(requests.length, answers.length) - 1]?.(response, received)
  })
  server.on('connection', (socket) => sockets.push(socket))
  return { port: await listen(server), requests, sockets }
}

/** Answers with a status and a text or an object. */
export function answerWith(status: number, body: unknown = {}, headers: Record<string, string> = {}) {
  return (response: ServerResponse) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    response.writeHead(status, { 'Content-Length': Buffer.byteLength(text), ...headers })
    response.end(text)
  }
}

/** A target on this machine, for the usual app of tests. */
export function targetOn(port: number, changes: Partial<ApiTarget> = {}): ApiTarget {
  return {
    driver: 'reverb',
    scheme: 'http',
    host: '127.0.0.1',
    port,
    path: '',
    appId: apiApp.id,
    key: apiApp.key,
    secret: apiApp.secret,
    connectTimeout: 5,
    timeout: 10,
    info: undefined,
    maxEventSize: undefined,
    hints: {
      address: 'THE_ADDRESS',
      app: 'THE_APP',
      credentials: 'THE_CREDENTIALS',
      plainHttp: 'THE_SCHEME=http',
    },
    ...changes,
  }
}

/** The decoded parameters of a request's query. */
export function queryOf({ url }: ReceivedRequest): Record<string, string> {
  return Object.fromEntries(new URL(url, 'http://localhost').searchParams)
}
