import { once } from 'node:events'
import type { Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { clientFrame } from '../../src/testing/client-frame.ts'
import { bystander } from '../support/bystander.ts'
import { eventually } from '../support/eventually.ts'
import { turn } from '../support/parts.ts'
import { upgradedSocket } from '../support/raw-socket.ts'
import { startServer, type TestServer } from '../support/server.ts'

/** Resolves when the server has given up all connections but so many. */
async function connectionsLeft({ server }: TestServer, count: number): Promise<void> {
  const left = () => {
    const { connectionsAccepted = 0, connectionsClosed = 0 } = server.counters
    return connectionsAccepted - connectionsClosed
  }
  await eventually(left).toBe(count)
}

describe('frames that break RFC 6455', () => {
  it.each([
    ['without a mask', Buffer.from([0x81, 0x02, 0x7b, 0x7d]), 1002],
    ['with a reserved bit', clientFrame(0xc1, '{}'), 1002],
    ['with a reserved opcode', clientFrame(0x83, '{}'), 1002],
    ['with a reserved control opcode', clientFrame(0x8b), 1002],
    ['that continue nothing', clientFrame(0x80, '{}'), 1002],
    ['of a fragmented ping', clientFrame(0x09, 'x'), 1002],
    ['of text that is not UTF-8', clientFrame(0x81, Buffer.from([0x7b, 0xff, 0xfe, 0x7d])), 1007],
    [
      'that begin a second message before the first has ended',
      Buffer.concat([clientFrame(0x01, '{'), clientFrame(0x81, '}')]),
      1002,
    ],
    [
      'of a ping of 126 bytes',
      Buffer.concat([Buffer.from([0x89, 0xfe, 0, 126, 0, 0, 0, 0]), Buffer.alloc(126)]),
      1002,
    ],
    ['of a close with code 999', clientFrame(0x88, Buffer.from([0x03, 0xe7])), 1002],
    ['of a close with one byte', clientFrame(0x88, Buffer.from([0x03])), 1002],
    [
      'that announce 2^63 bytes',
      Buffer.from([0x81, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0]),
      1009,
    ],
    ['that announce 4 GB', Buffer.from([0x81, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]), 1009],
  ])('%s close the connection, and nobody else', async (_, frame, code) => {
    const running = await startServer()
    const witness = await bystander(running)
    const socket = await upgradedSocket(running.port)
    const closed = once(socket, 'data')
    socket.write(frame)
    socket.resume()
    const [answer] = await closed
    expect(Buffer.from(answer).subarray(0, 1)).toEqual(Buffer.from([0x88]))
    expect(Buffer.from(answer).readUInt16BE(2)).toBe(code)
    socket.destroy()
    await connectionsLeft(running, 1)
    await witness.unharmed()
  })
})

describe('huge messages', () => {
  it.each([1, 30])('of %d MB close the connection with 1009, and nobody else', async (megabytes) => {
    const running = await startServer()
    const witness = await bystander(running)
    const client = await running.connect()
    client.send('x'.repeat(megabytes * 1_000_000))
    expect((await client.closed).code).toBe(1009)
    await connectionsLeft(running, 1)
    await witness.unharmed()
  })

  it('in fragments without end are closed as soon as they are too large', async () => {
    const running = await startServer()
    const witness = await bystander(running)
    const socket = new WebSocket(running.url())
    onTestFinished(() => socket.terminate())
    await once(socket, 'open')
    const fragments = setInterval(() => socket.send('x'.repeat(10_000), { fin: false }), 1)
    const [code] = await once(socket, 'close').finally(() => clearInterval(fragments))
    expect(code).toBe(1009)
    await connectionsLeft(running, 1)
    await witness.unharmed()
  })

  it('in 100 000 empty fragments do not pile up', async () => {
    const running = await startServer()
    const witness = await bystander(running)
    const socket = await upgradedSocket(running.port)
    socket.resume()
    socket.write(clientFrame(0x01))
    for (let sent = 0; sent < 100; sent++) {
      socket.write(Buffer.concat(Array.from({ length: 1_000 }, () => clientFrame(0x00))))
    }
    await witness.unharmed()
    socket.destroy()
    await connectionsLeft(running, 1)
  })

  it('in two fragments of the right size are one message', async () => {
    const running = await startServer()
    const client = await running.connect()
    const socket = new WebSocket(running.url())
    onTestFinished(() => socket.terminate())
    await once(socket, 'message')
    socket.send('{"event":"pusher', { fin: false })
    socket.send(':ping"}', { fin: true })
    const [answer] = await once(socket, 'message')
    expect(String(answer)).toBe('{"event":"pusher:pong","data":"{}"}')
    await client.silence()
  })
})

describe('sockets that end badly', () => {
  it.each([
    ['FIN', (socket: Socket) => socket.end()],
    ['RST', (socket: Socket) => socket.resetAndDestroy()],
    ['a half message', (socket: Socket) => socket.end(clientFrame(0x81, '{"event":').subarray(0, 9))],
    ['a half message in fragments', (socket: Socket) => socket.end(clientFrame(0x01, '{"event":'))],
    [
      'messages that nobody waits for',
      (socket: Socket) => {
        for (let sent = 0; sent < 100; sent++) socket.write(clientFrame(0x81, '{"event":"pusher:ping"}'))
        socket.resetAndDestroy()
      },
    ],
  ])('by %s after the handshake leave nothing behind', async (_, endBadly) => {
    const running = await startServer()
    const witness = await bystander(running)
    for (let round = 0; round < 10; round++) {
      const socket = await upgradedSocket(running.port)
      socket.write(clientFrame(0x81, '{"event":"pusher:subscribe","data":{"channel":"bystanders"}}'))
      endBadly(socket)
      socket.resume()
    }
    await connectionsLeft(running, 1)
    await witness.unharmed()
  })

  it('in the middle of a publish disturb nobody', async () => {
    const running = await startServer()
    const witness = await bystander(running)
    const sockets = await Promise.all(Array.from({ length: 20 }, () => upgradedSocket(running.port)))
    for (const socket of sockets) {
      socket.resume()
      socket.write(clientFrame(0x81, '{"event":"pusher:subscribe","data":{"channel":"news"}}'))
    }
    await eventually(() => running.publish('news')).toBe(20)
    for (const [index, socket] of sockets.entries()) {
      if (index % 2 === 0) socket.resetAndDestroy()
      else socket.end()
      await running.publish('news', 'news', '"x"'.repeat(1_000))
    }
    await connectionsLeft(running, 1)
    expect(await running.publish('news')).toBe(0)
    await witness.unharmed()
  })
})

describe('a client that never reads', () => {
  const data = JSON.stringify('x'.repeat(100_000))

  it('is ended while others are served, and what waits for it is bounded', { timeout: 30_000 }, async () => {
    const running = await startServer({ sendBuffer: 500_000 })
    const witness = await bystander(running)
    const reader = await running.connect()
    await reader.join('news')
    const lazy = await running.connect()
    await lazy.join('news')
    lazy.pause()
    let most = 0
    let published = 0
    const memory = () => process.memoryUsage().arrayBuffers
    const before = memory()
    // Far more than the kernel takes by itself.
    while ((await running.publish('news', 'news', data)) === 2) {
      most = Math.max(most, memory() - before)
      await reader.next('news')
      if (++published % 50 === 0) await witness.unharmed()
      expect(published).toBeLessThan(2_000)
    }
    await reader.next('news')
    expect(running.server.counters).toMatchObject({ slowConnectionsClosed: 1 })
    expect(most).toBeLessThan(50_000_000)
    await connectionsLeft(running, 2)
    await witness.unharmed()
    await reader.silence()
    lazy.resume()
    expect([4100, 1006]).toContain((await lazy.closed).code)
  })

  it('is ended though nothing is sent to it but answers to what it asks', { timeout: 30_000 }, async () => {
    const running = await startServer({ sendBuffer: 100_000, messageRate: 0 })
    const witness = await bystander(running)
    const members = await Promise.all(Array.from({ length: 20 }, () => running.connect()))
    const info = 'x'.repeat(2_000)
    for (const [index, member] of members.entries()) {
      await member.join('presence-room', { user_id: String(index), user_info: { info } })
    }
    const lazy = await running.connect()
    await lazy.join('presence-room', { user_id: 'lazy' })
    lazy.pause()
    const proof = lazy.signed('presence-room', { user_id: 'lazy' })
    const data = { channel: 'presence-room', auth: proof.auth, channel_data: proof.channelData }
    // In and out again: each time it is answered with everybody who is there, and reads nothing of it.
    for (let round = 0; round < 300; round++) {
      lazy.unsubscribe('presence-room')
      lazy.send({ event: 'pusher:subscribe', data })
    }
    await eventually(() => running.server.counters['slowConnectionsClosed']).toBe(1)
    await witness.unharmed()
  })

  it('is answered ten times a second when it asks for a roster that it has', async () => {
    const running = await startServer({ messageRate: 0 })
    const client = await running.connect()
    await client.join('presence-room', { user_id: '1' })
    const { auth, channelData } = client.signed('presence-room', { user_id: '1' })
    const data = { channel: 'presence-room', auth, channel_data: channelData }
    for (let asked = 0; asked < 200; asked++) client.send({ event: 'pusher:subscribe', data })
    expect(await client.rest()).toHaveLength(10)
    expect(running.server.counters).toMatchObject({ answersSuppressed: 190 })
  })

  it('learns 4100 when it begins to read in time', { timeout: 30_000 }, async () => {
    const running = await startServer({ sendBuffer: 200_000 })
    const lazy = await running.connect()
    await lazy.join('news')
    lazy.pause()
    while ((await running.publish('news', 'news', data)) === 1) await turn()
    lazy.resume()
    expect(await lazy.closed).toEqual({ code: 4100, reason: expect.any(String) })
    let message = await lazy.next()
    while (message.event === 'news') message = await lazy.next()
    expect(message).toMatchObject({ event: 'pusher:error', data: { code: 4100 } })
  })

  it('but asks and asks, is ended as well', { timeout: 30_000 }, async () => {
    const running = await startServer({ sendBuffer: 50_000, messageRate: 0 })
    const witness = await bystander(running)
    const socket = await upgradedSocket(running.port)
    const pings = Buffer.concat(
      Array.from({ length: 2_000 }, () => clientFrame(0x81, '{"event":"pusher:ping"}')),
    )
    const flooding = setInterval(() => socket.writableLength < 5_000_000 && socket.write(pings), 5)
    await connectionsLeft(running, 1).finally(() => clearInterval(flooding))
    expect(running.server.counters).toMatchObject({ slowConnectionsClosed: 1 })
    await witness.unharmed()
  })
})
