import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it, vi } from 'vitest'
import { apiOf } from '../support/api.ts'
import { skippingClock } from '../support/clock.ts'
import { eventually } from '../support/eventually.ts'
import { turn } from '../support/parts.ts'
import { startServer, type TestServer } from '../support/server.ts'

const event = { name: 'order.paid', channels: ['news'], data: '{"id":42}' }
const mebibyte = 1_048_576

/** A signed publish whose body has not been sent yet. */
function begin(
  running: TestServer,
  body: string,
  headers: Record<string, string | number> = {},
): ClientRequest {
  const query = apiOf(running).parameters('POST', '/events', { body })
  const path = `/apps/app-id/events?${query.map((pair) => pair.join('=')).join('&')}`
  return request({ host: '127.0.0.1', port: running.port, method: 'POST', path, headers, agent: false })
}

/** Status and JSON of the answer, which may come before the request has ended. */
async function answered(sent: ClientRequest): Promise<[status: number | undefined, body: unknown]> {
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  return [response.statusCode, JSON.parse(await text(response))]
}

/** Resolves when the server has begun with so many requests. */
async function requestsOf({ server }: TestServer, count: number): Promise<void> {
  await eventually(() => server.counters['apiRequests']).toBe(count)
}

const tooLarge = [413, { code: 413, error: expect.stringMatching(/\w/) }]

describe('a request body', () => {
  it('C136 passes with exactly the limit and gets 413 with one byte more', async () => {
    const running = await startServer()
    const body = JSON.stringify(event)
    const api = apiOf(running)
    const status = async (size: number) =>
      (await api.call('POST', '/events', { body: body.padEnd(size) })).status
    expect(await status(mebibyte)).toBe(200)
    expect(await status(mebibyte + 1)).toBe(413)
  })

  it('C136 has the limit that is configured', async () => {
    const running = await startServer({ maxRequestSize: 100 })
    const body = JSON.stringify(event)
    const api = apiOf(running)
    expect((await api.call('POST', '/events', { body: body.padEnd(100) })).status).toBe(200)
    expect((await api.call('POST', '/events', { body: body.padEnd(101) })).status).toBe(413)
  })

  it('C136 gets 413 for a length that is too large, before any of it has arrived', async () => {
    const running = await startServer()
    const sent = begin(running, '', { 'Content-Length': 1024 * mebibyte })
    sent.on('error', () => {})
    sent.flushHeaders()
    expect(await answered(sent)).toEqual(tooLarge)
    sent.destroy()
  })

  it('C136 gets 413 in chunks as soon as there are too many, and is not taken in any further', async () => {
    const running = await startServer()
    const sent = begin(running, '')
    sent.on('error', () => {})
    const answer = answered(sent)
    const chunk = Buffer.alloc(64 * 1024, ' ')
    let isAnswered = false
    sent.on('response', () => {
      isAnswered = true
    })
    let written = 0
    while (!isAnswered && written < 64 * mebibyte) {
      written += chunk.length
      await new Promise((resolve) => sent.write(chunk, resolve))
      await turn()
    }
    expect(await answer).toEqual(tooLarge)
    expect(written).toBeLessThan(16 * mebibyte)
    sent.destroy()
    expect((await apiOf(running).post('/events', event)).status).toBe(200)
  })

  it('is taken in chunks as well as whole', async () => {
    const running = await startServer()
    const client = await running.connect()
    await client.join('news')
    const body = JSON.stringify({ ...event, data: 'ü'.repeat(1000) })
    const bytes = Buffer.from(body)
    const sent = begin(running, body, { 'Transfer-Encoding': 'chunked' })
    const answer = answered(sent)
    for (let at = 0; at < bytes.length; at += 101) sent.write(bytes.subarray(at, at + 101))
    sent.end()
    expect(await answer).toEqual([200, {}])
    expect(await client.next('order.paid')).toMatchObject({ data: 'ü'.repeat(1000) })
  })

  it('may come slowly', async () => {
    const running = await startServer()
    const body = JSON.stringify(event)
    const sent = begin(running, body, { 'Content-Length': Buffer.byteLength(body) })
    const answer = answered(sent)
    for (const character of body) {
      sent.write(character)
      await turn()
    }
    sent.end()
    expect(await answer).toEqual([200, {}])
  })

  it.each([
    ['comes to nothing', ''],
    ['stops in the middle', '{"name":"order.paid",'],
    ['trickles', '{"name":'],
  ])('that %s is given up after 30 seconds, with 408', async (what, beginning) => {
    const skip = skippingClock()
    const running = await startServer()
    const client = await running.connect()
    await client.join('news')
    const sent = begin(running, JSON.stringify(event), { 'Content-Length': 1000 })
    sent.on('error', () => {})
    const answer = answered(sent)
    sent.flushHeaders()
    sent.write(beginning)
    await requestsOf(running, 1)
    for (let seconds = 0; seconds < 29; seconds++) {
      if (what === 'trickles') sent.write(' ')
      await skip(1)
    }
    const isAnswered = vi.fn()
    void answer.then(isAnswered)
    await client.silence()
    expect(isAnswered).not.toHaveBeenCalled()
    await skip(1)
    expect(await answer).toEqual([408, { code: 408, error: expect.stringMatching(/30 seconds/) }])
    // Whatever else comes is not wanted: the connection ends.
    await new Promise((resolve) => sent.on('close', resolve))
    expect((await apiOf(running).post('/events', event)).status).toBe(200)
    expect(await client.next()).toMatchObject({ event: 'order.paid' })
  })

  it('of a refused request may not come for ever either', async () => {
    const skip = skippingClock()
    const running = await startServer()
    const path = '/apps/app-id/events?auth_key=wrong'
    const sent = request({ host: '127.0.0.1', port: running.port, method: 'POST', path, agent: false })
    sent.on('error', () => {})
    sent.write('x')
    expect((await answered(sent))[0]).toBe(401)
    const closed = new Promise((resolve) => sent.on('close', resolve))
    sent.write('x')
    await skip(30)
    await closed
  })

  it('may be announced with Expect: 100-continue', async () => {
    const running = await startServer()
    const body = JSON.stringify(event)
    const sent = begin(running, body, { 'Content-Length': Buffer.byteLength(body), Expect: '100-continue' })
    sent.flushHeaders()
    await once(sent, 'continue')
    const answer = answered(sent)
    sent.end(body)
    expect(await answer).toEqual([200, {}])
  })

  it('that breaks off publishes nothing and harms nobody', async () => {
    const running = await startServer()
    const client = await running.connect()
    await client.join('news')
    const body = JSON.stringify(event)
    for (const length of [body.length, body.length + 10, 500_000]) {
      const sent = begin(running, body, { 'Content-Length': length })
      sent.on('error', () => {})
      sent.write(body.slice(0, -1))
      await turn()
      const closed = new Promise((resolve) => sent.on('close', resolve))
      sent.destroy()
      await closed
    }
    expect((await apiOf(running).get('/channels')).status).toBe(200)
    expect(running.server.counters).toMatchObject({ apiFailures: 0 })
    await client.silence()
  })

  it.each([
    ['no HTTP at all', 'hello\r\n\r\n'],
    ['a broken length', 'POST /apps/app-id/events HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n'],
    [
      'two lengths',
      'POST /apps/app-id/events HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    ],
    [
      'broken chunks',
      'POST /apps/app-id/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    ],
    ['no host', 'GET /up HTTP/1.1\r\n\r\n'],
  ])('of a request with %s ends that connection and harms nobody', async (_, bytes) => {
    const running = await startServer()
    const socket = connect(running.port, '127.0.0.1')
    socket.end(bytes)
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 4\d\d /)
    expect((await apiOf(running).get('/channels')).status).toBe(200)
  })

  it('that nobody reads to the end does not stop the server from closing', async () => {
    const running = await startServer()
    const sent = begin(running, '', { 'Content-Length': 1000 })
    sent.on('error', () => {})
    sent.write('x')
    await new Promise((resolve) => sent.on('socket', (socket) => socket.on('connect', resolve)))
    await running.server.close()
    sent.destroy()
  })
})
