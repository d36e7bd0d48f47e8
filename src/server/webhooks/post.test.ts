import { Agent } from 'node:http'
import { createServer as createTlsServer, Agent as TlsAgent } from 'node:https'
import { createServer, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createCertificate } from '../../../test/support/certificate.ts'
import { skippingClock } from '../../../test/support/clock.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { listen } from '../../../test/support/host.ts'
import { answers, Endpoint, hangs, type Reaction } from '../../../test/support/webhooks.ts'
import { type Post, post } from './post.ts'

const body = Buffer.from('{"time_ms":1,"events":[]}')

/** Posts to a URL as a sender does; every connection ends with the test. */
function postTo(url: string, options: Partial<Post> = {}): Promise<string | undefined> {
  const secure = url.startsWith('https:')
  const agent = secure ? new TlsAgent({ keepAlive: true }) : new Agent({ keepAlive: true })
  onTestFinished(() => agent.destroy())
  return post({ url: new URL(url), headers: { 'X-A': 'b' }, body, agent, timeout: 5_000, ...options })
}

async function outcomeOf(reaction: Reaction, options?: Partial<Post>): Promise<string | undefined> {
  const { url } = await Endpoint.open(reaction)
  return postTo(url, options)
}

/** A TCP server that speaks no proper HTTP: what it does with a connection once it is asked something. */
async function listenRaw(react: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('data', () => react(socket))
  })
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
  })
  return `http://127.0.0.1:${await listen(server)}/`
}

describe('post', () => {
  it('sends exactly the bytes and the headers', async () => {
    const endpoint = await Endpoint.open()
    expect(await postTo(`${endpoint.url}?a=1`)).toBeUndefined()
    const [told] = endpoint.told
    expect(told).toMatchObject({ method: 'POST', path: '/hook?a=1', body: body.toString() })
    expect(told?.headers).toMatchObject({ 'x-a': 'b', 'content-length': String(body.length) })
    expect(told?.headers).not.toHaveProperty('transfer-encoding')
  })

  it('logs in with the user name and the password of the URL', async () => {
    const endpoint = await Endpoint.open()
    await postTo(endpoint.url.replace('//', '//user:p%40ss@'))
    expect(endpoint.told[0]?.headers.authorization).toBe(`Basic ${btoa('user:p@ss')}`)
  })

  it.each([200, 201, 204, 299])('takes %i for success', async (status) => {
    expect(await outcomeOf(answers(status))).toBeUndefined()
  })

  it.each([300, 304, 400, 401, 404, 410, 500, 503])('takes %i for a failure', async (status) => {
    expect(await outcomeOf(answers(status))).toBe(`status ${status}`)
  })

  it.each([301, 302, 303, 307, 308])('follows no redirect with %i', async (status) => {
    const other = await Endpoint.open()
    expect(await outcomeOf(answers(status, { Location: other.url }))).toBe(`status ${status}`)
    expect(other.told).toEqual([])
  })

  it('waits for an answer only so long', async () => {
    expect(await outcomeOf(hangs, { timeout: 50 })).toBe('no answer within 0.05 seconds')
  })

  it('waits for all of the head only so long, however busily it comes', async () => {
    const url = await listenRaw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n')
      const drip = setInterval(() => socket.write('X-A: b\r\n'), 5)
      socket.on('close', () => clearInterval(drip))
    })
    expect(await postTo(url, { timeout: 100 })).toBe('no answer within 0.1 seconds')
  })

  it('reads no endless answer, and believes its head', async () => {
    const sent: number[] = []
    const endless = (status: number): Reaction => {
      return (response) => {
        const { socket } = response
        response.writeHead(status)
        const chunk = Buffer.alloc(16_384)
        const write = () => {
          while (response.write(chunk));
        }
        response.on('drain', write).on('close', () => sent.push(socket?.bytesWritten ?? 0))
        write()
      }
    }
    expect(await outcomeOf(endless(200))).toBeUndefined()
    expect(await outcomeOf(endless(500))).toBe('status 500')
    await eventually(() => sent.length).toBe(2)
    // What fits into the buffers of both sides; a second of it would be hundreds of megabytes.
    expect(Math.max(...sent)).toBeLessThan(32_000_000)
  })

  it('waits a second for the rest of an answer that does not end', async () => {
    skippingClock()
    const begun = performance.now()
    expect(await outcomeOf((response) => response.writeHead(200).flushHeaders())).toBeUndefined()
    // By a clock that does not go on while the process is held up.
    expect(performance.now() - begun).toBeLessThan(4_000)
  })

  it('uses a connection again', async () => {
    const endpoint = await Endpoint.open((response) => response.end('thank you'))
    const connections = vi.fn()
    endpoint.server.on('connection', connections)
    const agent = new Agent({ keepAlive: true })
    onTestFinished(() => agent.destroy())
    for (let time = 0; time < 3; time++) await postTo(endpoint.url, { agent })
    expect(endpoint.told).toHaveLength(3)
    expect(connections).toHaveBeenCalledTimes(1)
  })

  it('names what keeps it from being sent', async () => {
    const endpoint = await Endpoint.open()
    endpoint.server.close()
    expect(await postTo(endpoint.url)).toContain('ECONNREFUSED')
    expect(await postTo('http://%ff@127.0.0.1/')).toBe('URI malformed')
  })

  it('is told when the connection is closed instead of an answer', async () => {
    expect(await postTo(await listenRaw((socket) => socket.end()))).toBe('socket hang up')
    expect(await postTo(await listenRaw((socket) => socket.resetAndDestroy()))).toContain('ECONNRESET')
  })

  it.each([
    ['no HTTP', 'nonsense\r\n\r\n'],
    [
      'a change of the protocol',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
    ],
    ['an endless head', `HTTP/1.1 200 OK\r\n${'X-A: b\r\n'.repeat(20_000)}`],
  ])('takes %s for a failure', async (_, answer) => {
    expect(await postTo(await listenRaw((socket) => socket.write(answer)))).toEqual(expect.any(String))
  })

  it('believes the head, whatever becomes of the body', async () => {
    const broken = await listenRaw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab', () => socket.resetAndDestroy())
    })
    expect(await postTo(broken)).toBeUndefined()
    const malformed = await listenRaw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n')
    })
    expect(await postTo(malformed)).toBeUndefined()
  })

  it('ends with its agent', async () => {
    const endpoint = await Endpoint.open(hangs)
    const agent = new Agent({ keepAlive: true })
    const outcome = postTo(endpoint.url, { agent })
    await endpoint.next()
    agent.destroy()
    expect(await outcome).toBe('socket hang up')
  })

  it('speaks TLS, and only with whom it trusts', async () => {
    const { cert, key } = createCertificate()
    const endpoint = await Endpoint.open((response) => response.end(), createTlsServer({ cert, key }))
    expect(await postTo(endpoint.url)).toMatch(/self-signed certificate/)
    const agent = new TlsAgent({ ca: cert })
    expect(await postTo(endpoint.url, { agent })).toBeUndefined()
    expect(endpoint.told).toHaveLength(1)
  })
})
