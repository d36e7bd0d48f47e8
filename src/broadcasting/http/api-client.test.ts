import diagnostics from 'node:diagnostics_channel'
import type { ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer, type Socket } from 'node:net'
import { inspect } from 'node:util'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createCertificate } from '../../../test/support/certificate.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { type Answers, answerWith, startFakeApi, targetOn } from '../../../test/support/fake-api.ts'
import { freePort } from '../../../test/support/free-port.ts'
import { listen } from '../../../test/support/host.ts'
import { BroadcastError } from '../errors.ts'
import { ApiClient } from './api-client.ts'
import type { ApiTarget } from './target.ts'

function clientOf(port: number, changes?: Partial<ApiTarget>): ApiClient {
  const client = new ApiClient(targetOn(port, changes))
  onTestFinished(() => client.close())
  return client
}

async function setUp(answers: Answers, changes?: Partial<ApiTarget>) {
  const api = await startFakeApi(answers)
  return { api, client: clientOf(api.port, changes) }
}

/** The error of a request, after looking through it for what must not be there. */
async function failureOf(request: Promise<unknown>): Promise<BroadcastError> {
  const error: unknown = await request.then(
    () => new Error('It succeeded'),
    (thrown) => thrown,
  )
  expect(error).toBeInstanceOf(BroadcastError)
  expect(inspect(error, { depth: 9 })).not.toMatch(/app-secret|auth_signature=/)
  return error as BroadcastError
}

const post = (client: ApiClient) => client.post(['events'], { name: 'x' })
const get = (client: ApiClient) => client.get(['channels'])

const succeed = answerWith(200, { done: true })
const hang = () => {}
const cut = (response: ServerResponse) => void response.destroy()
const cutInside = (status: number) => (response: ServerResponse) => {
  response.writeHead(status, { 'Content-Length': 100 })
  response.write('{"chann', () => response.destroy())
}
const endless = (status: number) => (response: ServerResponse) => {
  response.writeHead(status)
  const part = Buffer.alloc(65_536, 'x')
  const more = () => {
    while (response.write(part)) if (response.destroyed) return
  }
  response.on('drain', more)
  more()
}

describe('ApiClient', () => {
  it('returns the object of an answer', async () => {
    const { client } = await setUp([succeed])
    expect(await get(client)).toEqual({ done: true })
    expect(await post(client)).toEqual({ done: true })
  })

  it('uses one connection for requests after one another', async () => {
    const { api, client } = await setUp([succeed])
    for (let count = 0; count < 5; count++) await post(client)
    expect(api.sockets).toHaveLength(1)
    await Promise.all([post(client), post(client), post(client)])
    expect(api.sockets).toHaveLength(3)
  })

  it('uses no connection again that the server is about to close', async () => {
    const { api, client } = await setUp([answerWith(200, {}, { 'Keep-Alive': 'timeout=1' })])
    await post(client)
    await post(client)
    expect(api.sockets).toHaveLength(2)
  })

  it('gives an idle connection up before the server does', async () => {
    const { api, client } = await setUp([answerWith(200, {}, { 'Keep-Alive': 'timeout=2' })])
    await post(client)
    // The server of the test would keep it for 5 s.
    await eventually(() => api.sockets[0]?.readableEnded, 4000).toBe(true)
    await post(client)
    expect(api.sockets).toHaveLength(2)
  })

  it('finishes what is under way when it is closed', async () => {
    let answer = hang
    const api = await startFakeApi([
      (response) => {
        answer = () => void response.end('{"late":true}')
      },
    ])
    const client = clientOf(api.port)
    const pending = post(client)
    await eventually(() => api.requests).toHaveLength(1)
    const closed = client.close()
    answer()
    expect(await pending).toEqual({ late: true })
    await closed
    await eventually(() => api.sockets[0]?.destroyed).toBe(true)
  })
})

describe('ApiClient sends again', () => {
  it('when nobody listened yet', async () => {
    const port = await freePort()
    const server = createServer((socket) => {
      socket.on('error', hang).end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}')
    })
    onTestFinished(() => void server.close())
    const listenAfterRefusal = (message: unknown) => {
      const { socket } = message as { socket: Socket }
      socket.once('close', () => server.listening || server.listen(port, '127.0.0.1'))
    }
    diagnostics.subscribe('net.client.socket', listenAfterRefusal)
    onTestFinished(() => void diagnostics.unsubscribe('net.client.socket', listenAfterRefusal))
    expect(await post(clientOf(port))).toEqual({})
  })

  it.each([
    ['503', answerWith(503)],
    ['429', answerWith(429)],
    ['429 with a short Retry-After', answerWith(429, {}, { 'Retry-After': '0' })],
    [
      '503 with a date that has passed',
      answerWith(503, {}, { 'Retry-After': 'Thu, 01 Jan 1970 00:00:00 GMT' }),
    ],
    ['503 with nonsense as Retry-After', answerWith(503, {}, { 'Retry-After': 'soon' })],
  ])('after %s', async (_, refuse) => {
    const { api, client } = await setUp([refuse, refuse, succeed])
    expect(await post(client)).toEqual({ done: true })
    expect(api.requests.map(({ body }) => body)).toEqual(Array(3).fill('{"name":"x"}'))
  })

  it('as late as the server asks for', async () => {
    const { api, client } = await setUp([answerWith(429, {}, { 'Retry-After': '1' }), succeed])
    const began = performance.now()
    await post(client)
    expect(performance.now() - began).toBeGreaterThanOrEqual(990)
    expect(api.requests).toHaveLength(2)
  })

  it.each([
    ['a connection that is cut', cut],
    ['an answer that is cut', cutInside(200)],
    ['502', answerWith(502, '<html>Bad gateway</html>')],
    ['504', answerWith(504)],
  ])('a question, but no order, after %s', async (_, fail) => {
    const question = await setUp([fail, succeed])
    expect(await get(question.client)).toEqual({ done: true })

    const order = await setUp([fail, succeed])
    expect(await failureOf(post(order.client))).toMatchObject({ retryable: false })
    expect(order.api.requests).toHaveLength(1)
  })

  it('no order on a kept connection that the server cut meanwhile', async () => {
    const { api, client } = await setUp([succeed, cut, succeed])
    await post(client)
    const error = await failureOf(post(client))
    expect(error).toMatchObject({ answered: undefined, retryable: false })
    expect(error.message).toMatch(/cut the connection .*\(ECONNRESET\); whether it arrived is not known$/)
    expect(api.requests).toHaveLength(2)
    expect(api.sockets).toHaveLength(1)
  })

  it('not without end', async () => {
    const { api, client } = await setUp([answerWith(503, { error: 'shutting down' })])
    expect(await failureOf(post(client))).toMatchObject({ answered: 503, retryable: true })
    expect(api.requests).toHaveLength(4)
  })

  it('not when the server asks for more patience than there is', async () => {
    const { api, client } = await setUp([answerWith(429, { error: 'slow down' }, { 'Retry-After': '60' })])
    const error = await failureOf(post(client))
    expect(error).toMatchObject({ answered: 429, retryable: true })
    expect(error.message).toMatch(/with 429: slow down; send less often/)
    expect(api.requests).toHaveLength(1)
  })
})

describe('A failure', () => {
  it('names driver, host and what to look at when nobody listens', async () => {
    const port = await freePort()
    const error = await failureOf(post(clientOf(port, { path: '/ws' })))
    expect(error).toMatchObject({
      code: 'ERR_BROADCAST_FAILED',
      driver: 'reverb',
      answered: undefined,
      retryable: true,
    })
    expect(error.message).toBe(
      `Driver "reverb": http://127.0.0.1:${port}/ws refuses connections (ECONNREFUSED); ` +
        'see whether the server runs there, and compare THE_ADDRESS',
    )
    expect(error.cause).toHaveProperty('code', 'ECONNREFUSED')
  })

  it('tells of a name that nobody knows', async () => {
    // A label of more than 63 characters is no name, so nobody is asked for it.
    const host = `${'x'.repeat(64)}.invalid`
    const error = await failureOf(post(clientOf(1, { host })))
    expect(error).toMatchObject({ answered: undefined, retryable: true })
    expect(error.message).toContain(`the host of http://${host}:1 is not known (ENOTFOUND)`)
  })

  it('tells of several addresses that refuse', async () => {
    const error = await failureOf(post(clientOf(await freePort(), { host: 'localhost' })))
    expect(error.message).toContain('(ECONNREFUSED)')
  })

  it('is told in time by a server that takes no connection', async () => {
    // TLS is only connected after its handshake, which nobody answers here.
    const sockets: Socket[] = []
    const port = await listen(createServer((socket) => sockets.push(socket.on('error', hang))))
    const target = { scheme: 'https', connectTimeout: 0.05, timeout: 5 } as const
    const error = await failureOf(post(clientOf(port, target)))
    expect(error).toMatchObject({ answered: undefined, retryable: true })
    expect(error.message).toContain(`https://127.0.0.1:${port} takes no connection within 0.05 s`)
    await eventually(() => sockets).toHaveLength(4)
  })

  it.each([
    ['nothing', hang],
    ['half an answer', (response: ServerResponse) => void response.writeHead(200).write('{')],
  ])('is told in time by a server that answers %s', async (_, answer) => {
    const { api, client } = await setUp([answer, succeed], { timeout: 5 })
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const failure = failureOf(post(client))
    await eventually(() => api.requests).toHaveLength(1)
    vi.advanceTimersByTime(5_000)
    const error = await failure
    expect(error).toMatchObject({ answered: undefined, retryable: false })
    expect(error.message).toContain('has not answered within 5 s; whether it arrived is not known')
    expect(api.requests).toHaveLength(1)
    // The connection was given up, and the next request is not disturbed.
    expect(await post(client)).toEqual({ done: true })
  })

  it('ends an answer without end', async () => {
    const { api, client } = await setUp([endless(200)])
    const error = await failureOf(post(client))
    expect(error).toMatchObject({ answered: undefined, retryable: false })
    expect(error.message).toContain('answers without end')
    await eventually(() => api.sockets[0]?.destroyed).toBe(true)
  })

  it.each([
    ['endless', endless(500)],
    ['cut', cutInside(500)],
  ])('has the status of a refusal whose text is %s', async (_, answer) => {
    const { api, client } = await setUp([answer])
    const error = await failureOf(post(client))
    expect(error).toMatchObject({ answered: 500, retryable: false })
    expect(error.message.length).toBeLessThan(600)
    await eventually(() => api.sockets[0]?.destroyed).toBe(true)
  })

  it.each([
    [400, { error: '"name" must be a string', code: 400 }, '400: "name" must be a string'],
    [
      401,
      { error: 'auth_signature is not valid' },
      '401: auth_signature is not valid; compare THE_CREDENTIALS',
    ],
    [403, 'The app is disabled\n', '403: The app is disabled'],
    [404, {}, '404; compare THE_APP and THE_ADDRESS'],
    [413, 'The data content of this event exceeds the allowed maximum', '413: The data content'],
    [500, '<html><body>nginx</body></html>', '500; the log of the server says more'],
    [401, `expected ${'ab'.repeat(32)}\u001b[2J`, '401: expected … [2J; compare'],
    [400, 'x'.repeat(5000), `400: ${'x'.repeat(300)}…`],
  ])('has the status %i and the words of the server', async (status, body, message) => {
    const { api, client } = await setUp([answerWith(status, body)])
    const error = await failureOf(post(client))
    expect(error).toMatchObject({ answered: status, retryable: false })
    expect(error.message).toContain(
      `http://127.0.0.1:${api.port} answered POST /apps/app-id/events with ${message}`,
    )
    expect(error.message.length).toBeLessThan(600)
    expect(api.requests).toHaveLength(1)
  })

  it('says where a server sends to, and does not go there', async () => {
    const { api, client } = await setUp([answerWith(301, '', { Location: 'https://ws.example/apps' })])
    const error = await failureOf(post(client))
    expect(error).toMatchObject({ answered: 301, retryable: false })
    expect(error.message).toMatch(/with 301 to https:\/\/ws\.example\/apps; compare THE_ADDRESS$/)
    expect(api.requests).toHaveLength(1)
  })

  it.each(['<html>Welcome to nginx!</html>', '[]', 'null', '"ok"', '', '{"channels":'])(
    'is the answer of another kind of server: %j',
    async (text) => {
      const { client } = await setUp([answerWith(200, text)])
      const error = await failureOf(post(client))
      expect(error).toMatchObject({ answered: 200, retryable: false })
      expect(error.message).toContain('but not with the JSON object of the HTTP API; compare THE_ADDRESS')
    },
  )

  it('is a port on which something else speaks', async () => {
    const port = await listen(createServer((socket) => socket.on('error', hang).end('SSH-2.0-OpenSSH\r\n')))
    const error = await failureOf(post(clientOf(port)))
    expect(error).toMatchObject({ answered: undefined, retryable: false })
    expect(error.message).toContain('does not answer as HTTP does (HPE_INVALID_CONSTANT); see whether')
  })

  it('tells what was done before, and is not to be repeated then', async () => {
    const { client } = await setUp([answerWith(503)])
    const error = await failureOf(client.post(['events'], {}, 'it was sent to the first 100 of 250 channels'))
    expect(error).toMatchObject({ answered: 503, retryable: false })
    expect(error.message).toMatch(/\. Before that, it was sent to the first 100 of 250 channels$/)
  })
})

describe('Over TLS', () => {
  it('a certificate that nobody vouches for is refused, at once', async () => {
    const { cert, key } = createCertificate()
    const server = createHttpsServer({ cert, key }, (_, response) => void response.end('{}'))
    const sockets: unknown[] = []
    server.on('connection', (socket) => sockets.push(socket))
    server.on('tlsClientError', hang)
    const port = await listen(server)
    const error = await failureOf(post(clientOf(port, { scheme: 'https' })))
    expect(error).toMatchObject({ answered: undefined, retryable: false })
    expect(error.message).toContain(
      `connecting to https://127.0.0.1:${port} failed (DEPTH_ZERO_SELF_SIGNED_CERT)`,
    )
    expect(sockets).toHaveLength(1)
  })

  it('a server that speaks plain HTTP is told from one that is not there', async () => {
    const { api } = await setUp([succeed])
    const error = await failureOf(post(clientOf(api.port, { scheme: 'https' })))
    expect(error).toMatchObject({ answered: undefined, retryable: false })
    expect(error.message).toMatch(
      /connecting to https:\S+ failed \((EPROTO|ERR_SSL_\w+)\); does the server speak plain http\? set THE_SCHEME=http$/,
    )
  })
})
