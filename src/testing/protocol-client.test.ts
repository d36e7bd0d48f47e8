import { AssertionError } from 'node:assert'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { ProtocolClient, type ProtocolClientOptions } from './protocol-client.ts'
import { payloadOf } from './server-message.ts'

const credentials = { key: 'app-key', secret: 'app-secret' }
const established = {
  event: 'pusher:connection_established',
  data: '{"socket_id":"218912.44719","activity_timeout":120}',
}

/** Starts a server of which the test plays the part; resolves to its address. */
async function scripted(play: (socket: WebSocket, headers: object) => void): Promise<string> {
  const http = createServer((_, response) => response.writeHead(404).end()).listen(0, '127.0.0.1')
  const server = new WebSocketServer({ server: http })
  onTestFinished(() => {
    for (const socket of server.clients) socket.terminate()
    http.close()
  })
  server.on('connection', (socket, { headers }) => play(socket, headers))
  await once(http, 'listening')
  // A server that listens on a port has this kind of address.
  return `ws://127.0.0.1:${(http.address() as AddressInfo).port}`
}

/** A client of a server that says this at once, and then the answers to what it hears. */
async function client(
  messages: readonly (object | string)[],
  answers: (heard: string) => readonly object[] = () => [],
  options: ProtocolClientOptions = {},
): Promise<ProtocolClient> {
  const url = await scripted((socket) => {
    const say = (message: object | string) =>
      socket.send(typeof message === 'string' ? message : JSON.stringify(message))
    for (const message of messages) say(message)
    socket.on('message', (heard) => answers(String(heard)).forEach(say))
  })
  return ProtocolClient.open(url, { credentials, timeout: 0.3, ...options })
}

const pong = { event: 'pusher:pong', data: '{}' }

describe('ProtocolClient', () => {
  describe('connect', () => {
    it('resolves when the connection is established, and knows its socket id', async () => {
      const url = await scripted((socket) => socket.send(JSON.stringify(established)))
      expect((await ProtocolClient.connect(url)).socketId).toBe('218912.44719')
    })

    it('rejects with what the server says instead', async () => {
      const url = await scripted((socket) => socket.send('{"event":"pusher:error","data":{"code":4001}}'))
      await expect(ProtocolClient.connect(url)).rejects.toThrow('4001')
    })

    it('rejects when nobody listens', async () => {
      await expect(ProtocolClient.connect('ws://127.0.0.1:1')).rejects.toThrow('ECONNREFUSED')
    })

    it('sends the headers it is given', async () => {
      const url = await scripted((socket, headers) =>
        socket.send(JSON.stringify({ event: 'heard', headers })),
      )
      const one = await ProtocolClient.open(url, { headers: { origin: 'https://shop.test' } })
      expect(await one.next('heard')).toMatchObject({ headers: { origin: 'https://shop.test' } })
    })
  })

  describe('#next', () => {
    it('takes one message after the other, as it stood on the wire', async () => {
      const one = await client([{ event: 'a', data: '{"x":1}' }, { event: 'b' }])
      expect(await one.next()).toEqual({ event: 'a', data: '{"x":1}' })
      expect(await one.next('b')).toEqual({ event: 'b' })
    })

    it('serves those who wait in their order', async () => {
      const one = await client([], () => [{ event: 'a' }, { event: 'b' }])
      const both = Promise.all([one.next('a'), one.next('b')])
      one.send({ event: 'go' })
      await both
    })

    it('rejects when the next message is another one', async () => {
      const one = await client([{ event: 'a' }])
      await expect(one.next('b')).rejects.toThrow('Expected b, but the server said {"event":"a"}')
    })

    it('rejects when nothing arrives in time, and takes what comes later', async () => {
      const one = await client([], () => [{ event: 'late' }])
      await expect(one.next()).rejects.toThrow('Nothing arrived within 300 ms')
      one.send({ event: 'go' })
      await one.next('late')
    })

    it.each(['not json', '7', '[]', '{}', '{"event":7}'])('rejects when the server says %s', async (text) => {
      const one = await client([text])
      await expect(one.next()).rejects.toThrow('no message with a string "event"')
    })

    it('hands out what came before the close, then rejects with its code', async () => {
      const url = await scripted((socket) => {
        socket.send('{"event":"a"}')
        socket.close(4200, 'bye')
      })
      const one = await ProtocolClient.open(url)
      expect(await one.closed).toEqual({ code: 4200, reason: 'bye' })
      await one.next('a')
      await expect(one.next()).rejects.toThrow('The connection was closed with 4200 (bye)')
    })
  })

  describe('#silence', () => {
    it('resolves when nothing but the answer to its ping comes', async () => {
      await (await client([], () => [pong])).silence()
    })

    it('rejects when something comes before, also something that was not taken', async () => {
      const one = await client([{ event: 'a' }], () => [{ event: 'b' }, pong])
      await expect(one.silence()).rejects.toThrow('[{"event":"a"},{"event":"b"}]')
    })
  })

  describe('#join', () => {
    const confirm = (heard: string) => {
      const { data } = JSON.parse(heard)
      const event = 'pusher_internal:subscription_succeeded'
      return [{ event, channel: data.channel, data: heard }]
    }

    it('signs what asks for a signature', async () => {
      const one = await client([established], confirm)
      await one.next()
      const answer = await one.join('presence-room-1', { user_id: '7', user_info: { name: 'Zoë' } })
      expect(payloadOf(answer)).toEqual({
        event: 'pusher:subscribe',
        data: {
          channel: 'presence-room-1',
          auth: 'app-key:7e8efacde85951af3826addd021ca9b5effeb0f7fe4086117ba31b44268ea727',
          channel_data: '{"user_id":"7","user_info":{"name":"Zoë"}}',
        },
      })
    })

    it('signs nothing for a public channel', async () => {
      const one = await client([established], confirm)
      await one.next()
      expect(payloadOf(await one.join('news'))).toEqual({
        event: 'pusher:subscribe',
        data: { channel: 'news' },
      })
    })

    it('rejects when the server refuses', async () => {
      const one = await client([established], () => [{ event: 'pusher:subscription_error', channel: 'news' }])
      await one.next()
      await expect(one.join('news')).rejects.toThrow('Expected to join news')
    })

    it('needs credentials where a signature is needed', async () => {
      const url = await scripted((socket) => socket.send(JSON.stringify(established)))
      const one = await ProtocolClient.connect(url)
      await expect(one.join('private-x')).rejects.toThrow('needs the option "credentials"')
    })
  })

  describe('control frames', () => {
    it('are sent and heard', async () => {
      const url = await scripted((socket) => socket.on('ping', () => socket.ping()))
      const one = await ProtocolClient.open(url)
      const pinged = one.pinged()
      await one.ping()
      await pinged
    })

    it('that do not come are named', async () => {
      const one = await ProtocolClient.open(await scripted(() => {}), { timeout: 0.05 })
      const failure = await one.pinged().catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(AssertionError)
      expect(failure).toMatchObject({ message: 'The server sent no ping within 50 ms' })
    })

    it('of the server stay unanswered on request', async () => {
      const pongs = { count: 0 }
      const url = await scripted((socket) => {
        socket.on('pong', () => pongs.count++)
        socket.on('message', () => socket.send(JSON.stringify(pong)))
        socket.ping()
      })
      const one = await ProtocolClient.open(url, { answerPings: false })
      await one.silence()
      expect(pongs.count).toBe(0)
    })
  })
})

describe('payloadOf', () => {
  it('decodes a string that holds JSON and leaves everything else', () => {
    expect(payloadOf({ event: 'a', data: '{"x":[1]}' })).toEqual({ x: [1] })
    expect(payloadOf({ event: 'a', data: 'null' })).toBeNull()
    expect(payloadOf({ event: 'a', data: 'text' })).toBe('text')
    expect(payloadOf({ event: 'a', data: { x: 1 } })).toEqual({ x: 1 })
    expect(payloadOf({ event: 'a' })).toBeUndefined()
  })
})
