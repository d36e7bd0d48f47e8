import { IncomingMessage } from 'node:http'
import { Socket as NetSocket } from 'node:net'
import { Duplex } from 'node:stream'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { clientFrame } from '../../testing/client-frame.ts'
import { transportSuite } from '../../testing/transport-suite.ts'
import { encodeFrame } from '../frame.ts'
import type { Socket } from '../transport.ts'
import { Rfc6455Transport } from './rfc6455.ts'

/** A stream without a network that keeps each write as the kernel would get it. */
class FakeStream extends Duplex {
  readonly writes: string[] = []
  /** Whether the peer does not read. */
  stalled = false
  #resume = () => {}

  override _read(): void {}

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.writes.push(chunk.toString('latin1'))
    if (this.stalled) this.#resume = done
    else done()
  }

  resumeWrites(): void {
    this.stalled = false
    this.#resume()
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'buffer', done)
  }

  override _final(done: () => void): void {
    this.writes.push('FIN')
    done()
  }
}

function request(): IncomingMessage {
  const headers = {
    host: 'localhost',
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  }
  return Object.assign(new IncomingMessage(new NetSocket()), { method: 'GET', httpVersion: '1.1', headers })
}

interface Given {
  head?: Buffer
  opened?: (socket: Socket) => void
  text?: (socket: Socket, message: string) => void
}

/** Upgrades a stream; what the listener hears is kept. */
function upgraded(transport: Rfc6455Transport, { head = Buffer.alloc(0), opened, text }: Given = {}) {
  const stream = new FakeStream()
  const heard: string[] = []
  const sockets: Socket[] = []
  transport.upgrade(request(), stream, Buffer.from(head), 1000, (socket) => {
    sockets.push(socket)
    opened?.(socket)
    return {
      text: (message) => {
        heard.push(message)
        text?.(socket, message)
      },
      binary: () => heard.push('binary'),
      control: () => heard.push('control'),
      closed: () => heard.push('closed'),
    }
  })
  const [socket] = sockets
  if (socket === undefined) throw new Error('Nothing was opened')
  return { stream, heard, socket }
}

/** Lets everything happen that waits for the event loop. */
function turn(): Promise<void> {
  return new Promise(setImmediate)
}

const pings = Buffer.concat(Array.from({ length: 3 }, () => clientFrame(0x89, 'x')))

describe.concurrent('Rfc6455Transport keeps what every transport keeps: it', () => {
  for (const { title, run } of transportSuite(() => new Rfc6455Transport())) it(title, run, 15_000)
})

describe('Rfc6455Transport', () => {
  it('sends the handshake in one write with what is written while it opens', async () => {
    const { stream, socket } = upgraded(new Rfc6455Transport(), {
      opened: (opening) => opening.write(encodeFrame('greeting')),
    })
    setImmediate(() => socket.write(encodeFrame('hello')))
    await turn()
    const [first = '', ...others] = stream.writes
    expect(first).toMatch(/^HTTP\/1\.1 101 /)
    expect(first.split('\r\n\r\n')[1]).toBe('\x81\x08greeting')
    expect(others).toEqual(['\x81\x05hello'])
  })

  it('sends what a chunk brings about in one write', async () => {
    const { stream } = upgraded(new Rfc6455Transport(), {
      text: (socket) => {
        socket.write(encodeFrame('no'))
        socket.close(4100, 'why')
      },
    })
    await turn()
    stream.push(Buffer.concat([pings, clientFrame(0x81, 'message')]))
    await turn()
    const pong = '\x8a\x01x'
    expect(stream.writes.slice(1)).toEqual([`${pong.repeat(3)}\x81\x02no\x88\x05\x10\x04why`])
  })

  it('opens nothing for a client that has gone before', () => {
    const stream = new FakeStream()
    stream.destroy()
    const opened = vi.fn()
    new Rfc6455Transport().upgrade(request(), stream, Buffer.alloc(0), 1000, opened)
    expect(opened).not.toHaveBeenCalled()
  })

  it('hears nothing more once it is terminated or closed, not even of bytes that it has', async () => {
    const head = Buffer.concat([clientFrame(0x81, 'one'), clientFrame(0x81, 'two'), clientFrame(0x82)])
    const early = upgraded(new Rfc6455Transport(), { head, opened: (socket) => socket.terminate() })
    const late = upgraded(new Rfc6455Transport(), { head, text: (socket) => socket.terminate() })
    const closing = upgraded(new Rfc6455Transport(), { head, text: (socket) => socket.close(4000, '') })
    await turn()
    expect(early.heard).toEqual(['closed'])
    expect(late.heard).toEqual(['one', 'closed'])
    expect(closing.heard).toEqual(['one'])
  })

  it('cuts a reason that is too long between two characters', async () => {
    const { stream, socket } = upgraded(new Rfc6455Transport())
    socket.close(4000, '€'.repeat(100))
    await turn()
    const reason = Buffer.from('€'.repeat(41)).toString('latin1')
    expect(stream.writes.join('').split('\r\n\r\n')[1]).toBe(`\x88\x7d\x0f\xa0${reason}`)
  })

  it('ends its side once', async () => {
    const { stream, socket } = upgraded(new Rfc6455Transport())
    const end = vi.spyOn(stream, 'end')
    socket.close(4000, '')
    stream.push(clientFrame(0x88, Buffer.from([0x0f, 0xa0])))
    stream.push(clientFrame(0x88, Buffer.from([0x0f, 0xa0])))
    stream.push(null)
    await turn()
    await turn()
    expect(end).toHaveBeenCalledTimes(1)
    expect(stream.writes.filter((write) => write === 'FIN')).toHaveLength(1)
  })

  it('destroys a peer that asks for pongs and takes none', async () => {
    const { stream, heard, socket } = upgraded(new Rfc6455Transport())
    await turn()
    stream.stalled = true
    const before = performance.now()
    while (!stream.destroyed && performance.now() - before < 10_000) {
      stream.push(Buffer.concat(Array.from({ length: 100 }, () => clientFrame(0x89, 'x'.repeat(125)))))
      await turn()
    }
    expect(heard.at(-1)).toBe('closed')
    // What makes a stream ask for a pause, and then 60 pongs of 127 bytes.
    expect(socket.queued).toBeLessThan(stream.writableHighWaterMark + 61 * 127)
  })

  it('answers each ping of a peer that takes its pongs late', async () => {
    const { stream, socket } = upgraded(new Rfc6455Transport())
    await turn()
    for (let round = 0; round < 5; round++) {
      stream.stalled = true
      socket.write(Buffer.alloc(20_000))
      for (let sent = 0; sent < 10; sent++) stream.push(clientFrame(0x89, 'x'))
      await turn()
      stream.resumeWrites()
      await turn()
    }
    expect(stream.writes.join('').split('\x8a\x01x')).toHaveLength(51)
    expect(socket.open).toBe(true)
  })

  it('has one timer for all that close, and none while nobody does', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    onTestFinished(() => {
      vi.useRealTimers()
    })
    const transport = new Rfc6455Transport()
    const upgrades = Array.from({ length: 20 }, () => upgraded(transport))
    expect(vi.getTimerCount()).toBe(0)
    for (const { socket } of upgrades.slice(0, 10)) socket.close(4200, '')
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(3_000)
    for (const { socket } of upgrades.slice(10, 15)) socket.close(4200, '')
    vi.advanceTimersByTime(2_001)
    expect(upgrades.map(({ stream }) => stream.destroyed).indexOf(false)).toBe(10)
    vi.advanceTimersByTime(3_001)
    expect(upgrades.map(({ stream }) => stream.destroyed).indexOf(false)).toBe(15)
    expect(vi.getTimerCount()).toBe(0)
    for (const { socket } of upgrades) socket.terminate()
  })
})
